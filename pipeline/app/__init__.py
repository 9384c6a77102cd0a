"""What the commands do.

`open.py` is the only module that names concrete backends; everything below takes Protocols.
"""
