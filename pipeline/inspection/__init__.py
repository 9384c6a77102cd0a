"""Inspecting images: decoding, the automatic checks, and the task that does both."""
