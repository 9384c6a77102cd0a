"""The image server that ships inside, and its studio.

It knows the HTTP API and nothing of its clients: two independent readings of one document.
"""
