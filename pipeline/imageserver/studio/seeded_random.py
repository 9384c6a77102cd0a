"""Chance that repeats: every scattering in a picture draws from a stream named after its use."""

import random


def stream(seed: int, use: str) -> random.Random:
    """A generator that depends on the scene's seed and on `use`, and on nothing else."""
    return random.Random(f"{seed}/{use}")  # noqa: S311 - scatters props, guards nothing
