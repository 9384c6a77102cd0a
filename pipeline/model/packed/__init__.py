"""Sequences and mappings of a million values that fit in memory, since they are kept compressed."""
