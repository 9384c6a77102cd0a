"""Finding the main subject of a picture, without a trained model; needs numpy.

Each pixel is scored by local detail, by its distance in colour from the border, and by its minimum
barrier distance: the least difference in lightness on any way to the border (Zhang et al.,
"Minimum Barrier Salient Object Detection at 80 FPS", ICCV 2015). What stands out is the subject.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.lettering.box import Box

SIDE = 256
"""Pixels of the longest side at which the subject is looked for."""
LEAST_SHARE = 0.12
"""Least share of the score of all parts that a part of the subject has."""
_LOWERED = 0.7
"""Factor of Otsu's threshold, since half a subject is worse than some background."""
_RIM = 0.03
"""Depth of the border, in longest sides."""
_BORDER_COLORS = 6
_PASSES = 2
_SOFT = 3
"""Radius in pixels over which detail is averaged."""
_LEVELS = 256
_NOTHING = 1e-6
_LINEAR_BELOW = 0.04045
"""Value of sRGB up to which it is linear."""

_Map = NDArray[np.float64]
_Mask = NDArray[np.bool_]


def subject_box(image: Image.Image, copy: Sequence[Box]) -> Box | None:
    """Return the box of the main subject of an RGB image, in its pixels; `None` if none stands out.

    `copy` are boxes of text, which is no part of the subject.
    """
    scale = min(1.0, SIDE / max(image.size))
    size = (max(8, round(image.width * scale)), max(8, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    lab = _lab(np.asarray(small, dtype=np.float64) / 255)
    score = _unit(_detail(lab[..., 0])) + _unit(_border_distance(lab, small)) + _unit(_barrier(lab))
    x, y = size[0] / image.width, size[1] / image.height
    for box in copy:
        top, bottom = max(0, int(box.y * y)), int(np.ceil(box.bottom * y))
        score[top:bottom, max(0, int(box.x * x)) : int(np.ceil(box.right * x))] = 0.0
    if np.ptp(score) < _NOTHING:
        return None
    mask = score >= _LOWERED * _otsu(score)
    found = _large_parts(mask, score)
    if found is None:
        return None
    left, top, right, bottom = found
    return Box(left / x, top / y, (right - left) / x, (bottom - top) / y)


def _lab(rgb: _Map) -> _Map:
    """Return sRGB pixels in CIELAB (D65)."""
    linear = np.where(rgb <= _LINEAR_BELOW, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear @ matrix.T / np.array([0.9505, 1.0, 1.089])
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float64)


def _detail(light: _Map) -> _Map:
    """Return the mean gradient of lightness round each pixel."""
    down, across = np.gradient(light)
    return _blurred(np.hypot(down, across))


def _blurred(values: _Map) -> _Map:
    for axis in (0, 1):
        width = [(0, 0), (0, 0)]
        width[axis] = (_SOFT + 1, _SOFT)
        total = np.cumsum(np.pad(values, width, mode="edge"), axis=axis)
        length = values.shape[axis]
        ahead = np.take(total, range(2 * _SOFT + 1, 2 * _SOFT + 1 + length), axis=axis)
        values = (ahead - np.take(total, range(length), axis=axis)) / (2 * _SOFT + 1)
    return values


def _border_distance(lab: _Map, small: Image.Image) -> _Map:
    """Return the distance of each pixel from the nearest usual colour of the border, in CIE76."""
    deep = max(1, round(_RIM * max(small.size)))
    rgb = np.asarray(small)
    sides = (rgb[:deep], rgb[-deep:], rgb[:, :deep], rgb[:, -deep:])
    rim = np.concatenate([side.reshape(-1, 3) for side in sides])
    strip = Image.fromarray(rim.reshape(1, -1, 3)).quantize(_BORDER_COLORS)
    used = strip.getcolors() or []
    palette = np.array(strip.getpalette() or [], dtype=np.float64).reshape(-1, 3) / 255
    usual = [number for count, number in used if isinstance(number, int) and count > len(rim) / 50]
    colors = _lab(palette[usual])
    distances = np.stack([np.sqrt(((lab - color) ** 2).sum(axis=-1)) for color in colors])
    nearest: _Map = distances.min(axis=0)
    return nearest


def _barrier(lab: _Map) -> _Map:
    """Return the minimum barrier distance of each pixel from the border, in lightness."""
    light = lab[..., 0]
    low, high = light.copy(), light.copy()
    distance = np.full(light.shape, np.inf, dtype=np.float64)
    distance[[0, -1], :] = distance[:, [0, -1]] = 0.0
    for _ in range(_PASSES):
        for turned in range(2):
            views = [values.T if turned else values for values in (light, low, high, distance)]
            rows = range(1, views[0].shape[0])
            _sweep(views, [(row, row - 1) for row in rows])
            _sweep(views, [(row - 1, row) for row in reversed(rows)])
    return distance


def _sweep(views: Sequence[_Map], pairs: Sequence[tuple[int, int]]) -> None:
    """Carry the barriers of each row on to the next one, where they are lower there."""
    light, low, high, distance = views
    for row, before in pairs:
        lowest = np.minimum(low[before], light[row])
        highest = np.maximum(high[before], light[row])
        barrier = highest - lowest
        better = barrier < distance[row]
        distance[row][better] = barrier[better]
        low[row][better], high[row][better] = lowest[better], highest[better]


def _unit(values: _Map) -> _Map:
    """Return values scaled to 0 to 1; the highest two per cent count as 1."""
    most = float(np.quantile(values, 0.98))
    return np.clip(values / most, 0, 1) if most > 0 else np.zeros_like(values)


def _otsu(values: _Map) -> float:
    """Return the threshold that separates values into two groups that vary least."""
    counts, edges = np.histogram(values, bins=_LEVELS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    mass = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    return float(middles[int(np.argmax(np.nan_to_num(between)))])


def _large_parts(mask: _Mask, score: _Map) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of the connected parts with much of the score."""
    parts = _parts(mask)
    sums = [sum(float(score[y, start:end].sum()) for y, start, end in part) for part in parts]
    least = LEAST_SHARE * sum(sums)
    runs = [run for part, mass in zip(parts, sums, strict=True) if mass >= least for run in part]
    if not runs:
        return None
    rows, starts, ends = zip(*runs, strict=True)
    return min(starts), min(rows), max(ends), max(rows) + 1


def _parts(mask: _Mask) -> list[list[tuple[int, int, int]]]:
    """Return the connected parts of a mask, each as runs of row, first and end column."""
    runs: list[tuple[int, int, int]] = []
    parents: list[int] = []

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    above: list[int] = []
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        here = []
        for start, end in edges.reshape(-1, 2).tolist():
            number = len(runs)
            runs.append((y, start, end))
            parents.append(number)
            here.append(number)
            for other in above:
                if runs[other][1] < end and start < runs[other][2]:
                    parents[root(other)] = root(number)
        above = here
    parts: dict[int, list[tuple[int, int, int]]] = {}
    for number, run in enumerate(runs):
        parts.setdefault(root(number), []).append(run)
    return [*parts.values()]
