"""Accepting connections, with limits on their number and on idle time.

Used by the review page and the image server.
"""
