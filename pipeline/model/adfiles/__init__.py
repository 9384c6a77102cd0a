"""Placements, overlays and ad files, as values."""
