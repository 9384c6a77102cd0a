"""The rows of the Postgres ledger: as columns, by queries, and as the store that the rules see."""
