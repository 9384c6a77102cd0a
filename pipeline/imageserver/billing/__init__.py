"""The account of a server: reserve, then capture or release, and the keys."""
