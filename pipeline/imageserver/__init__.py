"""The image server that ships with the pipeline, and its studio.

It knows the HTTP API and nothing of its clients, so that client and server are two independent
implementations of one document.
"""
