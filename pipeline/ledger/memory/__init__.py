"""A ledger in memory, for tests and for plans without an output folder."""
