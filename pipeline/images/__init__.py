"""Image files: whole and verified, or not there.

This room knows nothing of where images come from or what they cost.
"""
