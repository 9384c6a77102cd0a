"""The command line: a command parses its flags, calls `app`, and prints the result.

It decides nothing and opens nothing itself.
"""
