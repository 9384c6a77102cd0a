"""The sizes that a model takes, and what a ratio becomes on the wire."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import assert_never

_ONE_MEGAPIXEL = 1024 * 1024
_CLOSE = Fraction(5, 1000)
"""Largest relative error of a ratio that is made of whole steps."""

_LANDSCAPE = {
    "1:1": (1024, 1024),
    "3:2": (1536, 1024),
    "4:3": (1024, 768),
    "5:4": (1280, 1024),
    "16:9": (1536, 864),
    "2:1": (2048, 1024),
    "21:9": (2016, 864),
}
USUAL_PIXELS = _LANDSCAPE | {
    ":".join(reversed(ratio.split(":"))): (height, width)
    for ratio, (width, height) in _LANDSCAPE.items()
}
"""Ratio → pixels of about one megapixel, as sibling services publish them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratios:
    """The API takes aspect ratios, such as `4:3`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pixels:
    """The API takes any width and height within limits."""

    step: int = 16
    """Both sides are multiples of it."""
    least: int = 655_360
    """Fewest pixels of an image."""
    most: int = 8_294_400
    """Most pixels of an image."""
    edge: int = 3840
    """Longest side."""
    ratio: float = 3.0
    """Longest side over shortest side, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The API takes only these sizes, such as `1024x1024`."""

    sizes: tuple[str, ...]


Sizing = Ratios | Pixels | Listed


@lru_cache(maxsize=1024)
def wire_size(sizing: Sizing, ratio: str) -> str | None:
    """Return the size that is sent for a ratio like `4:3`; `None` if the model cannot make it."""
    match sizing:
        case Ratios():
            return ratio
        case Listed(sizes=sizes):
            same = (size for size in sizes if _shape(size) == _shape(ratio))
            return next(same, None)
        case Pixels():
            pixels = _pixels(sizing, ratio)
            return None if pixels is None else f"{pixels[0]}x{pixels[1]}"
        case _:
            assert_never(sizing)


def nearest_ratio(sizing: Sizing, ratio: str, among: tuple[str, ...]) -> str:
    """Return the ratio among these that the model can make and that is most like `ratio`."""
    target = _shape(ratio)
    possible = [one for one in among if wire_size(sizing, one) is not None]
    return max(possible, key=lambda one: min(_shape(one) / target, target / _shape(one)))


def sides_of(size: str) -> tuple[int, int] | None:
    """Return width and height of a size like `1536x1024`; `None` for a ratio like `4:3`."""
    width, found, height = size.partition("x")
    return (int(width), int(height)) if found else None


def _shape(size: str) -> Fraction:
    """Return width over height of `4:3` or `1024x768`."""
    width, height = size.replace("x", ":").split(":")
    return Fraction(int(width), int(height))


def _pixels(limits: Pixels, ratio: str) -> tuple[int, int] | None:
    usual = USUAL_PIXELS.get(ratio)
    if usual is not None and _fits(limits, *usual):
        return usual
    shape, step = _shape(ratio), limits.step
    best: tuple[int, int] | None = None
    for height in range(step, limits.edge + 1, step):
        width = step * max(1, round(height * shape / step))
        exact = abs(Fraction(width, height) / shape - 1) <= _CLOSE
        if not (exact and _fits(limits, width, height)):
            continue
        if best is None or _distance(width, height) < _distance(*best):
            best = width, height
    return best


def _distance(width: int, height: int) -> int:
    return abs(width * height - _ONE_MEGAPIXEL)


def _fits(limits: Pixels, width: int, height: int) -> bool:
    longest, shortest = max(width, height), min(width, height)
    return (
        width % limits.step == height % limits.step == 0
        and longest <= limits.edge
        and longest <= limits.ratio * shortest
        and limits.least <= width * height <= limits.most
    )
