"""Writing Jinja2 templates in a sandboxed child process.

This room does not know campaigns: it turns templates, expressions and values into text.
"""
