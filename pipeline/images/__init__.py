"""Image files and their thumbs; a file is complete, or it does not exist.

This room does not know where images come from or what they cost. No other room opens, stats or
names an image file: it uses an `ImageStore`.
"""
