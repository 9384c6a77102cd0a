"""Clients of image APIs. Only this room sends requests to one.

A provider sends each request once; it does not retry and keeps no record.
"""
