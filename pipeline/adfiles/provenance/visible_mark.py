"""A small mark on an ad file, `AI`, for campaigns that label what a model made.

It is drawn from polygons, so that it needs no font, on a plate of its own: its contrast is the same
on every picture.
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageStat

from pipeline.lettering.box import Box
from pipeline.model.adfiles.placement import Sides

INK, PAPER = (20, 22, 26), (255, 255, 255)
"""Colours of letters and plate; their contrast is 18."""
_SHARE = 0.055
"""Height of the mark, in shorter sides of the ad file."""
_LEAST, _MOST = 14, 84
"""Least and largest height in pixels."""
_WIDTH, _MARGIN, _RADIUS, _CAPITALS = 1.62, 0.4, 0.26, 0.56
"""Width, distance from the edge, radius and height of the letters, in heights of the mark."""
_FINER = 8
"""Pixels of the drawing for one of the ad file."""
_BRIGHT = 110
"""Mean level of the picture above which the plate is dark."""

_OUTLINE = [
    ((0, 1), (0.36, 0), (0.57, 0), (0.93, 1), (0.735, 1), (0.66, 0.78), (0.27, 0.78), (0.195, 1)),
    ((1.13, 0), (1.32, 0), (1.32, 1), (1.13, 1)),
]
_HOLE = ((0.465, 0.19), (0.605, 0.62), (0.325, 0.62))
_ADVANCE = 1.32
"""Width of both letters, in their height."""


def draw_mark(image: Image.Image, safe: Sides, avoid: Sequence[Box]) -> Image.Image:
    """Return an RGB or RGBA picture with the mark in a corner of its safe zone.

    `avoid` are boxes, in pixels, that it stays clear of if any corner is.
    """
    place = mark_place(image.size, safe, avoid)
    width, height = round(place.w), round(place.h)
    left, top = round(place.x), round(place.y)
    under = image.convert("RGB").crop((left, top, left + width, top + height))
    bright = sum(ImageStat.Stat(under).mean) / 3 > _BRIGHT
    plate, letters = (INK, PAPER) if bright else (PAPER, INK)
    sheet = (width * _FINER, height * _FINER)
    shape, text = Image.new("L", sheet), Image.new("L", sheet)
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, sheet[0] - 1, sheet[1] - 1), radius=_RADIUS * sheet[1], fill=255
    )
    _draw_letters(ImageDraw.Draw(text), *sheet)
    marked = image.copy()
    for color, mask in ((plate, shape), (letters, text)):
        small = mask.resize((width, height), Image.Resampling.BOX)
        solid = Image.new("RGB", (width, height), color)
        if image.mode == "RGBA":
            solid.putalpha(255)
        marked.paste(solid, (left, top), small)
    return marked


def mark_place(size: tuple[int, int], safe: Sides, avoid: Sequence[Box]) -> Box:
    """Return where the mark lies: in the corner of the safe zone that covers least of `avoid`."""
    height = min(_MOST, max(_LEAST, min(size) * _SHARE))
    width, margin = _WIDTH * height, _MARGIN * height
    top, right, bottom, left = safe
    low, high = left * size[0] + margin, (1 - right) * size[0] - margin - width
    first, last = top * size[1] + margin, (1 - bottom) * size[1] - margin - height
    corners = [Box(x, y, width, height) for x, y in ((high, last), (low, last))]
    corners += [Box(x, y, width, height) for x, y in ((high, first), (low, first))]
    return min(corners, key=lambda corner: sum(corner.within(box).area for box in avoid))


def _draw_letters(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    capitals = _CAPITALS * height
    left, top = (width - _ADVANCE * capitals) / 2, (height - capitals) / 2

    def placed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(left + x * capitals, top + y * capitals) for x, y in points]

    for outline in _OUTLINE:
        draw.polygon(placed(outline), fill=255)
    draw.polygon(placed(_HOLE), fill=0)
