"""The pixel size of a picture, by its aspect ratio and quality.

Medium is the table that services of this kind publish as "1K"; the document itself names ratios
only. Low and high keep the ratio, with fewer and more pixels.
"""

import math
from collections.abc import Iterator
from functools import cache

from pipeline.imageserver.painting.painter import PaintQuality

MAX_RATIO = 3
"""The longer side is at most this many times the shorter side."""

MEDIUM: dict[tuple[int, int], tuple[int, int]] = {
    (1, 1): (1024, 1024),
    (3, 2): (1536, 1024),
    (4, 3): (1024, 768),
    (5, 4): (1280, 1024),
    (16, 9): (1536, 864),
    (2, 1): (2048, 1024),
    (7, 3): (2016, 864),
}
"""Landscape ratios in lowest terms (21:9 is 7:3); portrait ratios are the same, turned."""

_LOW_AREA = 640 * 640
_MEDIUM_AREA = 1024 * 1024
_HIGH_AREA = 2 * 1024 * 1024
_MIN_HIGH_OVER_MEDIUM = 1.5
"""Least area of high, in areas of medium: 2:1 has 2 megapixels at medium already."""

_TOLERANCE = 0.005
_FINER_STEP_PENALTY = 0.15
"""Cost of sides in multiples of 8 instead of 16, which suit more encoders and models."""

_SEARCH_SPAN = 0.3
"""How far the search goes from the ideal side, as a share of it."""


@cache
def pixels(ratio: tuple[int, int], quality: PaintQuality) -> tuple[int, int]:
    """Return width and height: multiples of 16, else of 8, within 0.5 % of the ratio.

    Raises ValueError for a ratio steeper than 3:1 or not positive.
    """
    across, down = ratio
    if across < 1 or down < 1 or max(ratio) > MAX_RATIO * min(ratio):
        raise ValueError(f"no pixels for the ratio {across}:{down}")
    if across < down:
        width, height = pixels((down, across), quality)
        return height, width
    divisor = math.gcd(across, down)
    lowest = (across // divisor, down // divisor)
    medium = MEDIUM.get(lowest) or _near(lowest, _MEDIUM_AREA)
    match quality:
        case PaintQuality.LOW:
            return _near(lowest, _LOW_AREA)
        case PaintQuality.MEDIUM:
            return medium
        case PaintQuality.HIGH:
            return _near(lowest, max(_HIGH_AREA, _MIN_HIGH_OVER_MEDIUM * medium[0] * medium[1]))


def _near(ratio: tuple[int, int], area: float) -> tuple[int, int]:
    """Return the sides of this ratio that come nearest to the area, preferring the exact ratio."""
    found = [
        (cost + penalty, sides)
        for step, penalty in ((16, 0.0), (8, _FINER_STEP_PENALTY))
        for cost, sides in _candidates(ratio, area=area, step=step)
    ]
    if not found:
        raise ValueError(f"no pixels for the ratio {ratio[0]}:{ratio[1]}")
    return min(found)[1]


def _candidates(
    ratio: tuple[int, int], *, area: float, step: int
) -> Iterator[tuple[float, tuple[int, int]]]:
    """Yield a cost and a pair of sides for every pair in multiples of the step near the ratio."""
    slope = ratio[0] / ratio[1]
    ideal = math.sqrt(area / slope)
    first, last = (
        int(ideal * (1 - _SEARCH_SPAN) / step),
        math.ceil(ideal * (1 + _SEARCH_SPAN) / step),
    )
    for height in range(first * step, last * step + step, step):
        width = round(height * slope / step) * step
        error = abs(width / height / slope - 1)
        if error <= _TOLERANCE:
            yield abs(math.log(width * height / area)) + 20 * error, (width, height)
