"""Strict YAML: text as written, a place for every value, and limits on hostile files."""
