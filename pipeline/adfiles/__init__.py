"""Files for placements, derived from images that are paid for.

Deriving costs nothing and can be repeated, so nothing here knows the ledger or a provider.
"""
