"""The HTTP API: who may ask, what was asked, and how the answer looks."""
