"""Drawing an overlay over a picture: logos, then words."""

import math
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from pipeline.adfiles.overlay.contrast import INK, WHITE, measure
from pipeline.adfiles.overlay.layout import LogoSize, lay_out
from pipeline.adfiles.overlay.logos import Logo, open_logo
from pipeline.adfiles.overlay.placing import AdFrame, PlacedLogo, PlacedText
from pipeline.adfiles.overlay.plates import draw_panel, paste_pixels
from pipeline.adfiles.overlay.words import draw_plates, draw_words
from pipeline.errors import AdFileFailed, ImageBroken
from pipeline.lettering.box import Box
from pipeline.lettering.contrast import Rgb, parsed
from pipeline.lettering.fonts import LetteringError
from pipeline.model.adfiles.overlay import (
    LogoPart,
    OverlayBox,
    OverlayKind,
    OverlayPart,
    PlateShape,
)

_SNAPPED = 48.0
"""Type size in pixels below which baselines lie on whole pixels, so that letters are sharp."""
_ALIKE, _MOST_UNSEEN = 72.0, 0.3
"""Distance of colours below which a part of a logo is not seen, and the share that may not be."""
_LOGO_SAMPLES = 48
_LOGO_PAD = 0.16
"""Space round a logo on a plate, in its shorter sides."""
_SOLID = 128


def draw_overlay(
    image: Image.Image, frame: AdFrame, parts: Sequence[OverlayPart]
) -> tuple[Image.Image, tuple[OverlayBox, ...]]:
    """Return an RGB or RGBA picture with an overlay, and where the parts of it lie.

    Raises `AdFileFailed` if a part does not fit, has too little contrast, or lacks its file.
    """
    canvas = image.copy()
    logos = [open_logo(part.file) for part in parts if isinstance(part, LogoPart)]
    sizes = [LogoSize(ratio=logo.ratio, most=logo.most) for logo in logos]
    try:
        placed = lay_out(frame, parts, sizes)
        marks = [one for one in placed if isinstance(one, PlacedLogo)]
        texts = [_snapped(one) for one in placed if isinstance(one, PlacedText)]
        colors = draw_plates(canvas, frame, texts)
        boxes = [
            _draw_logo(canvas, frame, mark, logo) for mark, logo in zip(marks, logos, strict=True)
        ]
        boxes += draw_words(canvas, texts, colors)
    except (LetteringError, ImageBroken) as error:
        raise AdFileFailed(str(error)) from error
    return canvas, tuple(boxes)


def _draw_logo(canvas: Image.Image, frame: AdFrame, mark: PlacedLogo, logo: Logo) -> OverlayBox:
    width, height = max(1, round(mark.box.w)), max(1, round(mark.box.h))
    x, y = round(mark.box.x), round(mark.box.y)
    pixels, plate = logo.pixels(width, height), mark.part.plate
    box = Box(x, y, width, height)
    colors = _visible_colors(pixels)
    unseen = _unseen(colors, measure(canvas, box).mean)
    needed = plate.shape is PlateShape.AUTO and unseen > _MOST_UNSEEN
    if needed or plate.shape is PlateShape.PANEL:
        best = min((WHITE, INK), key=lambda ground: _unseen(colors, ground))
        color = parsed(plate.color) if plate.color else best
        pad = min(_LOGO_PAD * min(width, height), max(2.0, mark.part.clear * frame.shorter - 1))
        draw_panel(canvas, box.grown(pad), color, radius=pad, opacity=plate.opacity or 1.0)
    paste_pixels(canvas, pixels, x, y)
    return OverlayBox(kind=OverlayKind.LOGO, box=(x, y, width, height), covers=mark.covers)


def _visible_colors(pixels: Image.Image) -> list[Rgb]:
    """Return the colours of a logo's solid pixels, some hundreds of them."""
    small = pixels.resize((_LOGO_SAMPLES, _LOGO_SAMPLES), Image.Resampling.NEAREST).tobytes()
    colors = zip(small[0::4], small[1::4], small[2::4], small[3::4], strict=True)
    return [(red, green, blue) for red, green, blue, alpha in colors if alpha >= _SOLID]


def _unseen(colors: Sequence[Rgb], ground: Rgb) -> float:
    """Return the share of a logo that does not stand out from a ground."""
    return sum(math.dist(one, ground) < _ALIKE for one in colors) / max(1, len(colors))


def _snapped(text: PlacedText) -> PlacedText:
    """Return a small text with its first baseline on a whole pixel."""
    if text.set.size > _SNAPPED:
        return text
    baseline = text.ink.y + text.set.baseline
    return replace(text, box=text.box.moved(0, round(baseline) - baseline))
