"""A ledger in a PostgreSQL database, for as many machines as share it; see `group_commit`."""
