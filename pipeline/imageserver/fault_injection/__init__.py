"""Rules that make the server fail on purpose, and their application to requests."""
