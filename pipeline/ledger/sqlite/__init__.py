"""A ledger in one SQLite file: durable, with many readers and several processes."""
