"""How many pixels a picture gets: its aspect ratio and its quality decide, nothing else does.

Medium is the table that services of this family publish as "1K"; the document itself gives ratios
and no pixels. Low and high keep the ratio, with fewer and more pixels.
"""

import math
from collections.abc import Iterator
from functools import cache

from pipeline.imageserver.painting.painter import PaintQuality

STEEPEST_RATIO = 3
"""The longer side is at most this many times the shorter one."""

MEDIUM: dict[tuple[int, int], tuple[int, int]] = {
    (1, 1): (1024, 1024),
    (3, 2): (1536, 1024),
    (4, 3): (1024, 768),
    (5, 4): (1280, 1024),
    (16, 9): (1536, 864),
    (2, 1): (2048, 1024),
    (7, 3): (2016, 864),
}
"""Landscape ratios in lowest terms (21:9 is 7:3); portrait ones are these, turned."""

_LOW_AREA = 640 * 640
_MEDIUM_AREA = 1024 * 1024
_HIGH_AREA = 2 * 1024 * 1024
_HIGH_OVER_MEDIUM = 1.5
"""2:1 has 2 Mpx at medium already: high must still be visibly finer."""

_TOLERANCE = 0.005
_FINER_STEP_PENALTY = 0.15
"""Sides in multiples of 16 suit more encoders and models; 8 is taken only where 16 is far off."""

_REACH = 0.3
"""How far from the wanted side the search goes, as a share of it."""


@cache
def pixels(ratio: tuple[int, int], quality: PaintQuality) -> tuple[int, int]:
    """Width and height: multiples of 16 (8 where 16 cannot), within 0.5 % of the ratio.

    Raises ValueError for a ratio steeper than 3:1 or not positive.
    """
    across, down = ratio
    if across < 1 or down < 1 or max(ratio) > STEEPEST_RATIO * min(ratio):
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
            return _near(lowest, max(_HIGH_AREA, _HIGH_OVER_MEDIUM * medium[0] * medium[1]))


def _near(ratio: tuple[int, int], area: float) -> tuple[int, int]:
    """Sides of this ratio whose product comes nearest to the area; the true ratio is preferred."""
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
    """Every pair of sides in multiples of the step that is true enough, with how far it is off."""
    slope = ratio[0] / ratio[1]
    ideal = math.sqrt(area / slope)
    first, last = int(ideal * (1 - _REACH) / step), math.ceil(ideal * (1 + _REACH) / step)
    for height in range(first * step, last * step + step, step):
        width = round(height * slope / step) * step
        error = abs(width / height / slope - 1)
        if error <= _TOLERANCE:
            yield abs(math.log(width * height / area)) + 20 * error, (width, height)
