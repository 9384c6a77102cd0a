"""The rules of money, over any row store."""
