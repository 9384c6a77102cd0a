"""Geometry: shapes, and the SVG document that they are drawn in."""
