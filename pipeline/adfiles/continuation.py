"""Continuing an image beyond its edges without a visible border.

The row of pixels at the edge is repeated outwards, blurred more with distance, and gets the grain
of the picture. Mirroring or blurring the picture instead would repeat parts of the headline.
"""

import random
from functools import lru_cache
from typing import Protocol

from PIL import Image, ImageChops, ImageFilter, ImageOps

RIM = 3
"""Rows at the edge that are averaged, since a single row would repeat its noise."""
SOFTENING = 0.15
"""Standard deviation of the blur along the edge, in pixels per pixel of distance."""
SHARPEST = 0.7
"""The blur at the edge itself."""
STEPS = 40
"""Most rows that are computed; those between are interpolated."""
FADING = 0.05
"""Distance within which details that only begin or end at the edge are gone, in widths of it."""
DEPTH = 0.06
"""Share of the height with which the edge is compared, to tell such details."""
COARSE, MERGED = 0.14, 0.012
"""Blurs along the edge, in widths of it: what is no detail, and what belongs together."""
_CONSTANT, _STEEP = 2, 40
"""Levels by which a detail may change with depth, and the weight of each further one."""
NARROW = 0.015
"""Share of a side up to which its outer rows are stretched instead: what touches the edge at an
angle then keeps its direction, where a repeated row would show a kink."""
BAND = 5
"""Rows that are stretched for each row that is added."""
_GRAIN_STRIP = 24
"""Pixels of the edge on which grain is measured."""
_TILE = 256
_FINEST = 0.6
"""Weaker grain is not visible, and is not added."""
_COARSEST = 6.0
_PLAIN = 2


class _Turn(Protocol):
    def __call__(self, image: Image.Image) -> Image.Image: ...


def continue_edges(
    image: Image.Image, *, left: int, top: int, right: int, bottom: int
) -> Image.Image:
    """Return an RGB image with this many more pixels on each side; its middle is unchanged."""
    image = _beyond(image, left, _left_up, _left_up)
    image = _beyond(image, right, _right_up, _right_down)
    image = _beyond(image, top, _same, _same)
    return _beyond(image, bottom, ImageOps.flip, ImageOps.flip)


def _same(image: Image.Image) -> Image.Image:
    return image


def _left_up(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.TRANSPOSE)


def _right_up(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_90)


def _right_down(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_270)


def _beyond(image: Image.Image, length: int, turn: _Turn, back: _Turn) -> Image.Image:
    """Return an image with more rows beyond the edge that `turn` moves to the top."""
    if length <= 0:
        return image
    upright = turn(image)
    if length <= NARROW * upright.height:
        return back(_stretched(upright, length))
    whole = Image.new("RGB", (upright.width, upright.height + length))
    whole.paste(upright, (0, length))
    whole.paste(_rows_beyond(upright, length), (0, 0))
    return back(whole)


def _stretched(image: Image.Image, length: int) -> Image.Image:
    """Return an image with more rows at its top, by stretching the rows there."""
    band = min(BAND * length, image.height)
    whole = Image.new("RGB", (image.width, image.height + length))
    size, box = (image.width, band + length), (0, 0, image.width, band)
    whole.paste(image.resize(size, Image.Resampling.BICUBIC, box=box), (0, 0))
    whole.paste(image.crop((0, band, *image.size)), (0, band + length))
    return whole


def _rows_beyond(image: Image.Image, length: int) -> Image.Image:
    """Return rows that continue an image above its top, the farthest first."""
    width = image.width
    rim = image.crop((0, 0, width, min(RIM, image.height)))
    row = rim.resize((width, 1), Image.Resampling.BOX)
    count = min(STEPS, max(2, length))
    rows = Image.new("RGB", (width, count))
    steady = _steady(image, row)
    for step in range(count):
        distance = length * step / (count - 1)
        near = Image.blend(row, steady, min(1.0, distance / (FADING * width)))
        rows.paste(_softened(near, SHARPEST + SOFTENING * distance), (0, count - 1 - step))
    smooth = rows.resize(
        (width, length), Image.Resampling.BILINEAR, box=(0, 0.5, width, count - 0.5)
    )
    grain = _grain_of(image.crop((0, 0, width, min(_GRAIN_STRIP, image.height))))
    return _with_grain(smooth, grain)


def _steady(image: Image.Image, row: Image.Image) -> Image.Image:
    """Return the edge row without what only begins or ends there, as a reflection or a shadow does.

    Repeated outwards, that would be a streak. What runs into the edge, as a plank does, is kept.
    """
    width = row.width
    inside = image.crop((0, RIM, width, max(RIM + 1, round(DEPTH * image.height))))
    inside = inside.resize((width, 1), Image.Resampling.BOX)
    coarse, deeper = (_softened(one, COARSE * width) for one in (row, inside))
    # Light and shade that change over the whole edge are none of its details.
    details = (
        ImageChops.subtract(one, base, 1, 128) for one, base in ((row, coarse), (inside, deeper))
    )
    changed = _softened(_largest(ImageChops.difference(*details)), MERGED * width)
    fleeting = changed.point([min(255, max(0, level - _CONSTANT) * _STEEP) for level in range(256)])
    return Image.composite(coarse, row, fleeting)


def _largest(image: Image.Image) -> Image.Image:
    """Return the largest of the channels."""
    red, green, blue = image.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _softened(row: Image.Image, deviation: float) -> Image.Image:
    """Return a row blurred along itself, as if its ends went on for ever."""
    return row.filter(ImageFilter.GaussianBlur((min(deviation, row.width / _PLAIN), 0)))


def _grain_of(strip: Image.Image) -> float:
    """Return the standard deviation of details below three pixels, 0 to `_COARSEST`."""
    grey = strip.convert("L")
    if min(grey.size) < 2 * RIM:
        return 0.0
    fine = ImageChops.difference(grey, grey.filter(ImageFilter.MedianFilter(3)))
    return min(_COARSEST, _usual_level(fine.histogram()) * _MEDIAN_LOSS)


def _usual_level(counts: list[int]) -> float:
    """Return the level that 68 % of the pixels are below; a few strong details do not count."""
    wanted, before = _ONE_DEVIATION * sum(counts), 0
    for level, count in enumerate(counts):
        if before + count >= wanted:
            # A level stands for all values that are rounded to it; 0 has only half as many.
            width = 1.0 if level else 0.5
            return max(0.0, level - 0.5) + width * (wanted - before) / count
        before += count
    return 0.0


_ONE_DEVIATION = 0.6827
_MEDIAN_LOSS = 1.15
"""Factor for the grain that a median filter of 3 by 3 leaves in its own result."""


def _with_grain(image: Image.Image, deviation: float) -> Image.Image:
    if deviation < _FINEST:
        return image
    tile = _grain_tile(round(deviation * 4))
    film = Image.new("L", image.size)
    for y in range(0, image.height, _TILE):
        for x in range(0, image.width, _TILE):
            film.paste(tile, (x, y))
    return ImageChops.add(image, Image.merge("RGB", (film, film, film)), 1, -128)


@lru_cache(maxsize=8)
def _grain_tile(quarters: int) -> Image.Image:
    """Return a tile of grain round 128, always the same; the deviation in quarters of a level."""
    rng = random.Random(1839)  # noqa: S311 - a texture, not a secret
    levels = [128 + max(-20, min(20, round(rng.gauss(0, quarters / 4)))) for _ in range(_TILE**2)]
    return Image.frombytes("L", (_TILE, _TILE), bytes(levels))
