"""Painters in processes of their own, and the files they leave."""
