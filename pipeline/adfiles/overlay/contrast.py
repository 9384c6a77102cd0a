"""Contrast of words with the pixels under them, by WCAG 2, and grounds that give enough of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from pipeline.lettering.box import Box
from pipeline.lettering.contrast import LEAST, Rgb, contrast, luminance

_THIN, _FINE = 12.0, 20.0
"""Type sizes in pixels below which strokes are about a pixel, and two pixels, wide."""
WHITE: Rgb = (255, 255, 255)
INK: Rgb = (20, 22, 26)
_DARKEST, _LIGHTEST = 0.04, 0.96
"""Shares of the pixels under a text that may be darker or lighter than those that count."""
_SAMPLES = 96
"""Most pixels a side that are measured."""
_MIDDLE = 0.18
"""Luminance of middle grey."""
_SOLID = 255


@dataclass(frozen=True, slots=True)
class Ground:
    """The pixels under a text: a dark one, a light one, and their mean."""

    dark: Rgb
    light: Rgb
    mean: Rgb
    opaque: bool = True
    """False if any pixel is transparent: a page of any colour may be behind it."""

    def under(self, color: Rgb, opacity: float) -> "Ground":
        """Return the ground under a plate."""
        return Ground(
            blended(self.dark, color, opacity),
            blended(self.light, color, opacity),
            blended(self.mean, color, opacity),
        )


def blended(below: Rgb, color: Rgb, opacity: float) -> Rgb:
    """Return a colour as it looks under a translucent one."""
    red, green, blue = (round(b + (c - b) * opacity) for b, c in zip(below, color, strict=True))
    return red, green, blue


def least_contrast(color: Rgb, ground: Ground) -> float:
    """Return the lowest contrast of a colour with a ground; 1 if the ground has its luminance."""
    own, dark, light = luminance(color), luminance(ground.dark), luminance(ground.light)
    if dark < own < light:
        return 1.0
    return min(contrast(own, dark), contrast(own, light))


def measure(image: Image.Image, box: Box) -> Ground:
    """Return the ground in a box of a picture; if any of it is transparent, it can be anything."""
    area = (
        max(0, int(box.x)),
        max(0, int(box.y)),
        min(image.width, int(box.right) + 1),
        min(image.height, int(box.bottom) + 1),
    )
    if area[0] >= area[2] or area[1] >= area[3]:
        return Ground(INK, WHITE, (128, 128, 128))
    part = image.crop(area)
    if part.mode == "RGBA":
        lowest = part.getchannel("A").getextrema()[0]
        if not isinstance(lowest, int | float) or lowest < _SOLID:
            return Ground((0, 0, 0), WHITE, (128, 128, 128), opaque=False)
        part = part.convert("RGB")
    size = (min(_SAMPLES, part.width), min(_SAMPLES, part.height))
    pixels = part.resize(size, Image.Resampling.NEAREST).tobytes()
    mean = part.resize((1, 1), Image.Resampling.BOX).tobytes()
    reds, greens, blues = pixels[0::3], pixels[1::3], pixels[2::3]
    lights = list(map(luminance, zip(reds, greens, blues, strict=True)))
    order = sorted(range(len(lights)), key=lights.__getitem__)
    last = len(order) - 1
    dark, light = order[int(_DARKEST * last)], order[-1 - int((1 - _LIGHTEST) * last)]
    return Ground(
        (reds[dark], greens[dark], blues[dark]),
        (reds[light], greens[light], blues[light]),
        (mean[0], mean[1], mean[2]),
    )


def wanted_contrast(size: float) -> float:
    """Return the contrast of a new plate for a type size in pixels: more where strokes are thin."""
    return 7.0 if size < _THIN else 5.5 if size < _FINE else LEAST * 1.04


def accepted_contrast(size: float) -> float:
    """Return the contrast with the picture itself at which a text needs no plate."""
    return 5.2 if size < _THIN else LEAST * 1.04


def toned(color: Rgb, text: Rgb, wanted: float) -> Rgb:
    """Return a colour of the same hue, darker or lighter until text has the contrast on it."""
    end: Rgb = (0, 0, 0) if luminance(text) > _MIDDLE else WHITE
    own = luminance(text)
    for step in range(41):
        found = blended(color, end, step / 40)
        if contrast(luminance(found), own) >= wanted:
            return found
    return end


def better_color(ground: Ground, choices: Sequence[Rgb] = (WHITE, INK)) -> Rgb:
    """Return the colour with the highest contrast; if none has any, the one farther from it."""
    mean = luminance(ground.mean)
    return max(
        choices, key=lambda one: (least_contrast(one, ground), contrast(luminance(one), mean))
    )


def least_opacity(text: Rgb, plate: Rgb, ground: Ground, wanted: float) -> float | None:
    """Return how opaque a plate must be for a text; `None` if not even a solid one is enough."""
    for percent in range(0 if ground.opaque else 100, 101, 4):
        if least_contrast(text, ground.under(plate, percent / 100)) >= wanted:
            return percent / 100
    return None
