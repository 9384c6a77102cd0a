"""Exports of a campaign: ad files, originals, and tables that describe them."""
