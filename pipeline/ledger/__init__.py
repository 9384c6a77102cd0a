"""The ledger: the record of what was requested, paid and received, kept before and after requests.

Runs resume from it alone. The rules of money are in `rules/`, as functions over a `RowStore`; the
row stores (`sqlite/`, `memory/`) have no rules. Only `registry` knows which kind of ledger an
output folder has. Nothing here sends a request or reads an image.
"""
