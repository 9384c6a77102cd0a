"""Things that are neither packs nor vessels: clothes and bags, furniture, food, printed matter."""
