"""Shapes and the SVG document: geometry without any notion of what is drawn."""
