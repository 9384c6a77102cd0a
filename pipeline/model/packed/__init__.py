"""Compressed containers of values, for a million images in little memory."""
