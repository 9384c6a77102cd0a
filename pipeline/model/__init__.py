"""The nouns: frozen values.

This room imports only the standard library, does no IO and reads no clock.
"""
