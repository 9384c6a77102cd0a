"""Reading and checking campaign files.

Every mistake in a file is found here, with its place. This room uses no network and no clock, and
writes nothing.
"""
