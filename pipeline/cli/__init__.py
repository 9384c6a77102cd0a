"""The command line: words in, words out.

A command parses its flags, calls `app`, and prints the result. It decides nothing and opens
nothing itself.
"""
