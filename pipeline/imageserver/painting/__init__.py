"""Painters in processes of their own, and the image files."""
