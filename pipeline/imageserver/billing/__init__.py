"""The server's credit account, its bearer keys, and the sale of pictures."""
