"""When to try again: capped, jittered, and never around a call that may have been paid."""

import random
from collections.abc import Callable

Jitter = Callable[[], float]
"""A number in [0, 1)."""


def backoff(tries: int, *, first: float, longest: float, jitter: Jitter = random.random) -> float:
    """Seconds to wait after the `tries`-th failure: doubling, capped, between half and whole."""
    whole = min(longest, first * 2.0 ** min(tries - 1, 30))
    return whole * (0.5 + 0.5 * jitter())
