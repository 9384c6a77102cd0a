"""Drawing an overlay: logos, plates where the contrast needs them, and the outlines of words."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from PIL import Image

from pipeline.adfiles.overlay.contrast import (
    INK,
    LEAST,
    WHITE,
    Rgb,
    better_color,
    contrast,
    least_contrast,
    luminance,
    measure,
    parsed,
)
from pipeline.adfiles.overlay.grounds import (
    Coloring,
    color_alone,
    color_on_ground,
    color_on_plate,
    refuse_low_contrast,
)
from pipeline.adfiles.overlay.layout import LogoSize, lay_out
from pipeline.adfiles.overlay.logos import open_logo
from pipeline.adfiles.overlay.placing import AdFrame, PlacedLogo, PlacedText
from pipeline.adfiles.overlay.plates import draw_panel, draw_path, draw_shade, paste_pixels
from pipeline.errors import AdFileFailed, ImageBroken
from pipeline.lettering.box import Box, around
from pipeline.lettering.fonts import LetteringError
from pipeline.model.overlay import (
    LogoPart,
    OverlayBox,
    OverlayKind,
    OverlayPart,
    PlateShape,
)

_SNAPPED = 48.0
"""Type size in pixels below which baselines lie on whole pixels, so that letters are sharp."""
_NEAR_EDGE = 0.16
_FADE = 1.5
"""Distance in type sizes within which a shade fades."""
_DARKER = 0.08
_REACHED = LEAST * 1.03
_ALIKE, _MOST_UNSEEN = 1.6, 0.25
"""Contrast below which a part of a logo is not seen, and the share of it that may not be."""
_LOGO_SAMPLES = 48
_SOLID = 128


def draw_overlay(
    image: Image.Image, frame: AdFrame, parts: Sequence[OverlayPart]
) -> tuple[Image.Image, tuple[OverlayBox, ...]]:
    """Return an RGB or RGBA picture with an overlay, and where the parts of it lie.

    Raises `AdFileFailed` if a part does not fit, has too little contrast, or lacks its file.
    """
    canvas = image.copy()
    logos = {part.file: open_logo(part.file) for part in parts if isinstance(part, LogoPart)}
    sizes = [
        LogoSize(ratio=logos[part.file].ratio, most=logos[part.file].most)
        for part in parts
        if isinstance(part, LogoPart)
    ]
    try:
        placed = lay_out(frame, parts, sizes)
        boxes = [_draw_logo(canvas, one) for one in placed if isinstance(one, PlacedLogo)]
        texts = [_snapped(one) for one in placed if isinstance(one, PlacedText)]
        for group, some in groupby(texts, key=lambda text: text.group):
            together = [*some]
            for few in [together] if group else [[one] for one in together]:
                boxes += _draw_texts(canvas, frame, few)
    except (LetteringError, ImageBroken) as error:
        raise AdFileFailed(str(error)) from error
    return canvas, tuple(boxes)


def _draw_logo(canvas: Image.Image, logo: PlacedLogo) -> OverlayBox:
    width, height = max(1, round(logo.box.w)), max(1, round(logo.box.h))
    x, y = round(logo.box.x), round(logo.box.y)
    pixels = open_logo(logo.part.file).pixels(width, height)
    plate = logo.part.plate
    box = Box(x, y, width, height)
    pad = 0.16 * min(width, height)
    lights = _visible_lights(pixels)
    unseen = _unseen(lights, luminance(measure(canvas, box).mean))
    needed = plate.shape is PlateShape.AUTO and unseen > _MOST_UNSEEN
    if plate.shape is PlateShape.PANEL or needed:
        best = min((WHITE, INK), key=lambda one: _unseen(lights, luminance(one)))
        color = parsed(plate.color) if plate.color else best
        draw_panel(canvas, box.grown(pad), color, radius=pad, opacity=plate.opacity or 1.0)
    paste_pixels(canvas, pixels, x, y)
    return OverlayBox(kind=OverlayKind.LOGO, box=(x, y, width, height))


def _visible_lights(pixels: Image.Image) -> list[float]:
    """Return the luminances of a logo's solid pixels, a few hundred of them."""
    small = pixels.resize((_LOGO_SAMPLES, _LOGO_SAMPLES), Image.Resampling.NEAREST).tobytes()
    colors = zip(small[0::4], small[1::4], small[2::4], small[3::4], strict=True)
    return [luminance((r, g, b)) for r, g, b, alpha in colors if alpha >= _SOLID]


def _unseen(lights: Sequence[float], ground: float) -> float:
    """Return the share of a logo that does not stand out from a ground."""
    return sum(contrast(one, ground) < _ALIKE for one in lights) / max(1, len(lights))


def _snapped(text: PlacedText) -> PlacedText:
    """Return a small text with its first baseline on a whole pixel."""
    if text.set.size > _SNAPPED:
        return text
    baseline = text.ink.y + text.set.baseline
    return replace(text, box=text.box.moved(0, round(baseline) - baseline))


def _draw_texts(
    canvas: Image.Image, frame: AdFrame, texts: Sequence[PlacedText]
) -> list[OverlayBox]:
    """Draw the texts of a group, with one plate for those that need one."""
    alone = [one for one in texts if not _has_own_plate(one)]
    colors = _plain_colors(canvas, frame, alone)
    boxes: list[OverlayBox] = []
    for text in texts:
        color = colors.get(id(text)) or _draw_own_plate(canvas, frame, text)
        reached = least_contrast(color, measure(canvas, text.ink.grown(0.5)))
        refuse_low_contrast(text, reached)
        draw_path(canvas, text.set.path().moved(text.ink.x, text.ink.y), text.ink, color)
        boxes.append(_recorded(text, reached))
    return boxes


def _has_own_plate(text: PlacedText) -> bool:
    return text.part.plate.shape in (PlateShape.PANEL, PlateShape.BAND)


def _plain_colors(
    canvas: Image.Image, frame: AdFrame, texts: Sequence[PlacedText]
) -> dict[int, Rgb]:
    """Return the colours of texts without plates of their own; draw the one that they share."""
    if not texts:
        return {}
    grounds = {id(text): measure(canvas, _measured(text)) for text in texts}
    shaded = any(text.part.plate.shape is PlateShape.SHADE for text in texts)
    colorings = {id(text): color_alone(text, grounds[id(text)]) for text in texts}
    chosen = [one for one in colorings.values() if one is not None]
    alike = len({one.text for one, text in zip(chosen, texts, strict=False) if not text.part.color})
    if len(chosen) == len(texts) and not shaded and alike <= 1:
        return {key: one.text for key, one in colorings.items() if one is not None}
    whole = around([text.ink for text in texts])
    ground = measure(canvas, whole)
    bare = [text for text in texts if text.part.plate.shape is PlateShape.NONE]
    for text in bare:
        if colorings[id(text)] is None:
            color = parsed(text.part.color) if text.part.color else better_color(ground)
            refuse_low_contrast(text, least_contrast(color, grounds[id(text)]))
    if len(bare) == len(texts):
        return {key: one.text for key, one in colorings.items() if one is not None}
    coloring = color_on_ground(texts, ground)
    _draw_ground(canvas, frame, texts, coloring)
    return {
        id(text): parsed(text.part.color) if text.part.color else coloring.text for text in texts
    }


def _measured(text: PlacedText) -> Box:
    return text.ink.grown(0.08 * text.set.size)


def _draw_ground(
    canvas: Image.Image, frame: AdFrame, texts: Sequence[PlacedText], coloring: Coloring
) -> None:
    """Draw the plate that texts share: a shade at an edge, a panel elsewhere."""
    whole = around([text.ink for text in texts])
    size = max(text.set.size for text in texts)
    if coloring.plate is None:
        return
    shaded = any(text.part.plate.shape is PlateShape.SHADE for text in texts)
    if canvas.mode == "RGB" and (shaded or _is_near_edge(whole, frame)):
        fade = max(_FADE * size, 0.05 * frame.shorter, 8.0)
        opacity = coloring.opacity
        before = canvas.copy()
        while True:
            draw_shade(canvas, whole.grown(0.3 * size), coloring.plate, fade=fade, opacity=opacity)
            ground = measure(canvas, whole)
            if least_contrast(coloring.text, ground) >= _REACHED or opacity >= 1.0:
                return
            canvas.paste(before)
            opacity = min(1.0, opacity + _DARKER)
    plate = texts[0].part.plate
    down, across = plate.padding
    small = min(text.set.size for text in texts)
    panel = whole.grown(across * small, down * small)
    draw_panel(
        canvas,
        panel,
        coloring.plate,
        radius=plate.radius * small,
        opacity=coloring.opacity,
    )


def _is_near_edge(box: Box, frame: AdFrame) -> bool:
    across, down = _NEAR_EDGE * frame.width, _NEAR_EDGE * frame.height
    sides = (box.x < across, box.right > frame.width - across)
    ends = (box.y < down, box.bottom > frame.height - down)
    return any(sides) or any(ends)


def _draw_own_plate(canvas: Image.Image, frame: AdFrame, text: PlacedText) -> Rgb:
    """Draw the plate of a text that always has one; return the colour of its words."""
    box = text.box
    if text.part.plate.shape is PlateShape.BAND:
        below = box.bottom > frame.zone.bottom - 1
        above = box.y < frame.zone.y + 1
        top = 0.0 if above else box.y
        box = Box(0, top, frame.width, (frame.height if below else box.bottom) - top)
    coloring = color_on_plate(text, measure(canvas, box))
    if coloring.plate is not None:
        is_band = text.part.plate.shape is PlateShape.BAND
        radius = 0.0 if is_band else text.part.plate.radius * text.set.size
        draw_panel(canvas, box, coloring.plate, radius=radius, opacity=coloring.opacity)
    return coloring.text


def _recorded(text: PlacedText, reached: float) -> OverlayBox:
    box = text.box
    return OverlayBox(
        kind=text.part.kind,
        box=(round(box.x), round(box.y), round(box.w), round(box.h)),
        text=" ".join(text.set.lines),
        size=round(text.set.size, 2),
        contrast=round(reached, 2),
    )
