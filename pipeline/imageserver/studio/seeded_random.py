"""Repeatable random numbers, with a separate generator for every use in a picture."""

import random


def seeded_random(seed: int, use: str) -> random.Random:
    """Return a generator that depends only on the scene's seed and on `use`."""
    return random.Random(f"{seed}/{use}")  # noqa: S311 - scatters props, guards nothing
