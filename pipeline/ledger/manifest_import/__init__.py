"""Rebuilding a lost ledger from a run manifest."""
