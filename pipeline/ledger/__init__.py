"""The ledger: what was asked, paid and received, written before and after every request.

Runs resume from it alone. The rules of money are in `rules/`, as functions over a `RowStore`; what
keeps the rows (`sqlite/`, `memory/`) has no rules of its own. Only `registry` knows which kind of
ledger an output folder has. Nothing here sends a request or reads an image.
"""
