"""Strict YAML: text stays as written, every value knows its line, hostile files are refused."""
