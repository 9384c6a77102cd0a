"""Servers that people run themselves and that are almost compatible with OpenAI's Images API."""
