"""Drawing words: first every plate that their contrast needs, then the outlines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from PIL import Image

from pipeline.adfiles.overlay.contrast import least_contrast, measure
from pipeline.adfiles.overlay.grounds import (
    Coloring,
    color_alone,
    color_of,
    color_on_ground,
    color_on_plate,
    is_bright,
    refuse_low_contrast,
)
from pipeline.adfiles.overlay.placing import AdFrame, PlacedText
from pipeline.adfiles.overlay.plates import draw_panel, draw_path, draw_shade
from pipeline.errors import AdFileFailed
from pipeline.lettering.box import Box, around
from pipeline.lettering.contrast import LEAST, Rgb
from pipeline.model.adfiles.overlay import Anchor, OverlayBox, PlateShape

_PASSES = 3
"""Most times that grounds are drawn: one ground may reach below the words of another group."""
_NEAR_EDGE = 0.16
"""Share of a side within which a ground fades from the edge; elsewhere it is a panel."""
_FADE = 1.5
"""Distance in type sizes within which a shade fades."""
_FLAT = 130
"""Height in pixels below which a shade goes from top to bottom."""
_LONG = 0.4
"""Share of a side above which a shade at that side goes on along all of it."""
_MOST_COVERED = 0.1
"""Share of the product over which a shade may go on for the sake of an even look."""
_NEIGHBOURS = 0.1
"""Distance of two groups, in the shorter side, within which their shades meet."""
_DARKER = 0.08
_REACHED = LEAST * 1.03


def draw_plates(canvas: Image.Image, frame: AdFrame, texts: Sequence[PlacedText]) -> dict[int, Rgb]:
    """Draw the plates that texts have or need; return the colour of each text, by its identity.

    Raises `AdFileFailed` if the colours of a text and its plate are too alike.
    """
    colors = _draw_grounds(canvas, frame, [*_groups(texts)])
    for text in texts:
        if _has_own_plate(text):
            colors[id(text)] = _draw_own_plate(canvas, frame, text)
    return colors


def draw_words(
    canvas: Image.Image, texts: Sequence[PlacedText], colors: Mapping[int, Rgb]
) -> list[OverlayBox]:
    """Draw the outlines of texts over their plates, and return where they lie.

    Raises `AdFileFailed` if a text would have too little contrast.
    """
    boxes: list[OverlayBox] = []
    for text in texts:  # before any word is drawn, so that no word counts as ground
        reached = least_contrast(colors[id(text)], measure(canvas, text.ink.grown(0.5)))
        refuse_low_contrast(text, reached)
        boxes.append(_recorded(text, reached))
    for text in texts:
        outlines = text.set.path().moved(text.ink.x, text.ink.y)
        draw_path(canvas, outlines, text.ink, colors[id(text)])
    return boxes


def _has_own_plate(text: PlacedText) -> bool:
    return text.part.plate.shape in (PlateShape.PANEL, PlateShape.BAND)


def _is_always_shaded(text: PlacedText) -> bool:
    """Return whether a text gets a ground whatever its contrast is: also if it covers something."""
    shape = text.part.plate.shape
    return shape is PlateShape.SHADE or (text.covers and shape is PlateShape.AUTO)


@dataclass(frozen=True, slots=True)
class _Group:
    """Texts that share a ground, and the box of all that stands together with them."""

    texts: tuple[PlacedText, ...]
    box: Box


def _groups(texts: Sequence[PlacedText]) -> Iterator[_Group]:
    """Yield the texts without plates of their own that share a ground; group 0 shares none."""
    for number, some in groupby(texts, key=lambda text: text.group):
        together = [*some]
        plain = tuple(text for text in together if not _has_own_plate(text))
        if number and plain:
            yield _Group(plain, around([text.box for text in together]))
        elif not number:
            yield from (_Group((text,), text.ink) for text in plain)


def _draw_grounds(canvas: Image.Image, frame: AdFrame, groups: Sequence[_Group]) -> dict[int, Rgb]:
    """Draw the grounds that groups need, and return the colour of each text."""
    colors: dict[int, Rgb] = {}
    bright = [_is_bright_there(canvas, frame, group, groups) for group in groups]
    for attempt in range(_PASSES):
        changed = False
        for group, is_light in zip(groups, bright, strict=True):
            shaded = any(_is_always_shaded(text) for text in group.texts)
            found = None if shaded and not attempt else _colors_alone(canvas, group.texts)
            if found is None:
                found = _draw_ground(canvas, frame, group, bright=is_light)
                changed = True
            colors.update(found)
        if not changed:
            break
    for group, is_light in zip(groups, bright, strict=True):
        for text in group.texts:
            colors[id(text)] = _certain_color(canvas, text, colors[id(text)], bright=is_light)
    return colors


def _is_bright_there(
    canvas: Image.Image, frame: AdFrame, group: _Group, groups: Sequence[_Group]
) -> bool:
    """Return whether words are dark where a group is; groups whose shades meet are alike."""
    reach = group.box.grown(_NEIGHBOURS * frame.shorter)
    near = [one for one in groups if one is group or reach.touches(one.box)]
    return is_bright([measure(canvas, one.box) for one in near])


def _certain_color(canvas: Image.Image, text: PlacedText, color: Rgb, *, bright: bool) -> Rgb:
    """Return the colour of a text; draw a panel of its own if two shades cancelled each other."""
    reached = least_contrast(color, measure(canvas, text.ink.grown(0.5)))
    if reached >= LEAST or text.part.plate.shape is PlateShape.NONE:
        return color
    coloring = color_on_ground([text], measure(canvas, text.ink), bright=bright)
    if coloring.plate is not None:
        _panel(canvas, [text], replace(coloring, opacity=1.0))
    return coloring.of(text)


def _colors_alone(canvas: Image.Image, group: Sequence[PlacedText]) -> dict[int, Rgb] | None:
    """Return the colours of texts as the picture is; `None` if they need a ground."""
    colors: dict[int, Rgb] = {}
    for text in group:
        coloring = color_alone(text, measure(canvas, text.ink.grown(0.08 * text.set.size)))
        if coloring is None:
            return None
        colors[id(text)] = coloring.text
    free = {colors[id(text)] for text in group if not text.part.color}
    return colors if len(free) <= 1 else None


def _draw_ground(
    canvas: Image.Image, frame: AdFrame, group: _Group, *, bright: bool
) -> dict[int, Rgb]:
    """Draw one ground for texts: a shade at an edge of the picture, a panel elsewhere."""
    texts = group.texts
    if all(text.part.plate.shape is PlateShape.NONE for text in texts):
        return {id(text): color_of(text, measure(canvas, text.ink)) for text in texts}
    whole = around([text.ink for text in texts])
    try:
        coloring = color_on_ground(texts, measure(canvas, whole), bright=bright)
    except AdFileFailed:
        if len(texts) == 1:
            raise
        found: dict[int, Rgb] = {}
        for text in texts:  # colours of their own that no common ground suits
            found |= _draw_ground(canvas, frame, _Group((text,), text.ink), bright=bright)
        return found
    if coloring.plate is not None:
        shaded = any(text.part.plate.shape is PlateShape.SHADE for text in texts)
        if canvas.mode == "RGB" and (shaded or _is_near_edge(group.box, frame)):
            _shade(canvas, frame, group, coloring)
        else:
            _panel(canvas, texts, coloring)
    return {id(text): coloring.of(text) for text in texts}


def _panel(canvas: Image.Image, group: Sequence[PlacedText], coloring: Coloring) -> None:
    if coloring.plate is None:
        return
    plate, small = group[0].part.plate, min(text.set.size for text in group)
    down, across = plate.padding
    box = around([text.ink for text in group]).grown(across * small, down * small)
    radius = plate.radius * small
    draw_panel(canvas, box, coloring.plate, radius=radius, opacity=coloring.opacity)


def _shade(canvas: Image.Image, frame: AdFrame, group: _Group, coloring: Coloring) -> None:
    """Draw a shade, darker until the words have their contrast everywhere."""
    if coloring.plate is None:
        return
    size = max(text.set.size for text in group.texts)
    fade = max(_FADE * size, 0.08 * frame.shorter, 10.0)
    before, opacity = canvas.copy(), coloring.opacity
    while True:
        box = _shaded_box(frame, group, group.box.grown(0.3 * size))
        draw_shade(canvas, box, coloring.plate, fade=fade, opacity=opacity)
        reached = (
            least_contrast(coloring.of(one), measure(canvas, one.ink)) for one in group.texts
        )
        if opacity >= 1.0 or min(reached) >= _REACHED:
            return
        canvas.paste(before)
        opacity = min(1.0, opacity + _DARKER)


def _shaded_box(frame: AdFrame, group: _Group, box: Box) -> Box:
    """Return the box of a shade: from edge to edge where a smaller one would look like a spot.

    It does not reach over the product unless the words do.
    """
    across, down = _NEAR_EDGE * frame.width, _NEAR_EDGE * frame.height
    wide, tall = Box(0, box.y, frame.width, box.h), Box(box.x, 0, box.w, frame.height)
    if all(text.part.at in (Anchor.TOP, Anchor.BOTTOM) for text in group.texts):
        return wide
    at_end = box.y < down or box.bottom > frame.height - down
    at_side = box.x < across or box.right > frame.width - across
    if frame.height < _FLAT:
        longer = tall
    elif box.w > _LONG * frame.width and at_end:
        longer = wide
    elif box.h > _LONG * frame.height and at_side:
        longer = tall
    else:
        return box
    if frame.product is None:
        return longer
    covered = longer.within(frame.product).area - box.within(frame.product).area
    return box if covered > _MOST_COVERED * frame.product.area else longer


def _is_near_edge(box: Box, frame: AdFrame) -> bool:
    across, down = _NEAR_EDGE * frame.width, _NEAR_EDGE * frame.height
    sides = (box.x < across, box.right > frame.width - across)
    ends = (box.y < down, box.bottom > frame.height - down)
    return any(sides) or any(ends)


def _draw_own_plate(canvas: Image.Image, frame: AdFrame, text: PlacedText) -> Rgb:
    """Draw the plate of a text that always has one; return the colour of its words."""
    box, is_band = text.box, text.part.plate.shape is PlateShape.BAND
    if is_band:
        below = box.bottom > frame.zone.bottom - 1
        top = 0.0 if box.y < frame.zone.y + 1 else box.y
        box = Box(0, top, frame.width, (frame.height if below else box.bottom) - top)
    coloring = color_on_plate(text, measure(canvas, box))
    if coloring.plate is not None:
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
        covers=text.covers,
    )
