"""Image files: whole and verified, or not at all.

This room knows nothing of where images come from or what they cost.
"""
