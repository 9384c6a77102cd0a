"""Rules that make the server fail on purpose, and what each rule does."""
