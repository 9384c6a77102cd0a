"""Image files and their thumbs: whole under their name, or not there.

This room knows nothing of where images come from or what they cost. Nothing outside it opens,
stats or names a file of an image: it asks an `ImageStore`.
"""
