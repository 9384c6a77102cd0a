"""Jinja2 templates, written in a child process that can do no harm.

This room knows nothing of campaigns: templates, expressions and values come in, text goes out.
"""
