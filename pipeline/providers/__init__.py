"""Clients of image APIs: the only room that speaks to one.

A provider asks once; it never retries and never remembers.
"""
