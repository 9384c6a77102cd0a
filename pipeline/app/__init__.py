"""What a command does.

The only room that names concrete backends, in `open.py` modules; everything below takes
Protocols.
"""
