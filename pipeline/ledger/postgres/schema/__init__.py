"""The schema of the Postgres ledger: its tables and functions, and bringing them up to date."""
