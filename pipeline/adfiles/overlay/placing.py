"""The parts of an overlay in place, and the sizes of texts with the space of their plates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign
from pipeline.lettering.scripts import is_rtl
from pipeline.lettering.setting import SetText, TextStyle, set_text
from pipeline.model.adfiles.overlay import (
    Anchor,
    LogoPart,
    OverlayKind,
    OverlayPart,
    PlateShape,
    TextPart,
)
from pipeline.model.adfiles.placement import Sides
from pipeline.prompts.overlay_texts import font_files

LEAST_SIZE, LEAST_LEGAL = 9.0, 7.0
"""Least type size in pixels, and that of legal lines: 98 % of lines of 9 px are read back."""
_MARGIN, _LEAST_MARGIN = 0.045, 6.0
"""Distance from the edges: a share of the shorter side, and in pixels."""
_CLEAR = 0.5
"""Least distance of anything from a logo, in the logo's height."""
_GAP = 0.028
"""Distance of words from the product, as a share of the side."""
_STEP = 0.95
_LINES = {
    OverlayKind.HEADLINE: 5,
    OverlayKind.TEXT: 6,
    OverlayKind.PRICE: 1,
    OverlayKind.BUTTON: 1,
    OverlayKind.LEGAL: 8,
}
_LEADING = {OverlayKind.HEADLINE: 0.9, OverlayKind.PRICE: 0.95}
_TRACKING = {OverlayKind.HEADLINE: -0.012, OverlayKind.LEGAL: 0.008}


_NO_ROOM: Sides = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFrame:
    """An ad file before its overlay."""

    width: int
    height: int
    safe: Sides
    """Shares (top, right, bottom, left) covered by the platform's interface."""
    copy: tuple[Box, ...]
    """Texts that the picture already shows, in pixels of the ad file."""
    product: Box | None

    @property
    def frame(self) -> Box:
        """The whole ad file."""
        return Box(0, 0, self.width, self.height)

    @property
    def side(self) -> float:
        """The side of a square of the same area: type sizes are shares of it."""
        return math.sqrt(self.width * self.height)

    @property
    def shorter(self) -> int:
        """The shorter side."""
        return min(self.width, self.height)

    @property
    def margin(self) -> float:
        """The least distance of anything from the edges."""
        return max(_LEAST_MARGIN, _MARGIN * self.shorter)

    @property
    def zone(self) -> Box:
        """The part of the ad file where an overlay may lie."""
        top, right, bottom, left = self.safe
        inner = Box(
            left * self.width,
            top * self.height,
            self.width * (1 - left - right),
            self.height * (1 - top - bottom),
        )
        return inner.within(self.frame.grown(-self.margin))

    @property
    def gap(self) -> float:
        """The least distance of words from the product."""
        return max(self.margin, _GAP * self.side)

    def clear_space(self, part: LogoPart, height: float) -> float:
        """Return the distance to keep from a logo that is `height` pixels high."""
        return max(part.clear * self.shorter, self.margin, _CLEAR * height)

    def size_of(self, part: TextPart) -> float:
        """Return the type size that a text asks for, in pixels."""
        return max(part.size * self.side, least_size(part))


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedLogo:
    """A logo in place."""

    part: LogoPart
    box: Box
    covers: bool = False
    """True if there was no room for it beside what the picture shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedText:
    """A text in place."""

    part: TextPart
    set: SetText
    box: Box
    """The ink with the space of its plate, if it always has one."""
    group: int = 0
    """Texts of one group have one plate together, if they need one; 0: none."""
    covers: bool = False
    """True if there was no room for it beside what the picture shows."""

    @property
    def ink(self) -> Box:
        """Where the ink lies."""
        text, box = self.set, self.box
        x = box.x + (box.w - text.ink.w) / 2
        if not padding_of(self.part, text.size)[1]:
            return Box(x, box.y, text.ink.w, text.ink.h)
        return Box(x, box.cy - text.body.h / 2 - text.body.y, text.ink.w, text.ink.h)


Placed = PlacedLogo | PlacedText


def rooms_for(
    parts: Sequence[OverlayPart], width: int, height: int, safe: Sides
) -> tuple[Sides, ...]:
    """Return what to keep free of the product, the best first: shares top, right, bottom, left.

    Copy stands beside the product in wide ad files, on the side of the logo, and below it in tall
    ones. The small print stands below everything, and a logo at the top of a tall one above it, or
    beside it if that would extend the picture too far.
    """
    frame = AdFrame(width=width, height=height, safe=safe, copy=(), product=None)
    texts = [part for part in parts if isinstance(part, TextPart)]
    legal = 0.0
    for part in texts:
        if part.at is Anchor.BOTTOM:
            size = frame.size_of(part)
            lines = math.ceil(_LETTER * size * len(part.text) / frame.zone.w)
            legal = max(legal, safe[2] + (lines * size * _LINE + 1.5 * frame.margin) / height)
    logos = [_NO_ROOM]
    if width < height:
        logos = [*_logo_rooms(frame, parts), _NO_ROOM]
    left = right = copy = 0.0
    if any(part.at is Anchor.COPY for part in texts):
        ratio = width / height
        if ratio > _WIDE:
            beside = _BESIDE + _BESIDE_MORE * math.log2(ratio)
            left, right = (beside, 0.0) if copy_is_left(parts) else (0.0, beside)
        elif ratio < _TALL:
            copy = _BELOW
    tried = [(logo, one) for logo in logos for one in _LESS]
    rooms = [
        (
            logo[0],
            max(logo[1], right * one),
            min(max(legal, safe[2]) + copy * one, _MOST_BELOW),
            max(logo[3], left * one),
        )
        for logo, one in tried
    ]
    if not (legal or copy):
        rooms = [(top, right, 0.0, left) for top, right, _, left in rooms]
    return tuple(room for room in dict.fromkeys(rooms) if any(room))


def _logo_rooms(frame: AdFrame, parts: Sequence[OverlayPart]) -> list[Sides]:
    """Return the room for the logos at the top, above the product and beside it.

    Most logos are a quarter as high as wide.
    """
    at_top = [part for part in parts if isinstance(part, LogoPart) and part.at in TOP]
    if not at_top:
        return []
    wide = max(part.width for part in at_top) * max(frame.width, frame.side)
    above = frame.safe[0] + (wide / 4 + 1.5 * frame.margin) / frame.height
    rooms: list[Sides] = [(above, 0.0, 0.0, 0.0)]
    right, left = (
        max(
            (
                part.width * max(frame.width, frame.side)
                + frame.margin
                + frame.clear_space(part, wide / 4)
                for part in at_top
                if part.at in anchors
            ),
            default=0.0,
        )
        / frame.width
        for anchors in (RIGHT, LEFT)
    )
    if (right or left) and right + left < _MOST_BESIDE:
        rooms.append((0.0, right and right + frame.safe[1], 0.0, left and left + frame.safe[3]))
    return rooms


def copy_is_left(parts: Sequence[OverlayPart]) -> bool:
    """Return whether copy stands on the left: on the logo's side, or where its script begins."""
    for part in parts:
        if isinstance(part, LogoPart) and part.at in LEFT + RIGHT:
            return part.at in LEFT
    words = (part.text for part in parts if isinstance(part, TextPart))
    return not is_rtl(next(words, ""))


LEFT = (Anchor.TOP_LEFT, Anchor.LEFT, Anchor.BOTTOM_LEFT)
RIGHT = (Anchor.TOP_RIGHT, Anchor.RIGHT, Anchor.BOTTOM_RIGHT)
TOP = (Anchor.TOP_LEFT, Anchor.TOP, Anchor.TOP_RIGHT)
_LETTER, _LINE = 0.52, 1.25
"""Mean width of a letter, and distance of lines, in type sizes."""
_WIDE, _TALL = 1.15, 0.7
_BESIDE, _BESIDE_MORE = 0.42, 0.105
_BELOW, _MOST_BELOW = 0.17, 0.5
_MOST_BESIDE = 0.5
"""Share of the width above which logos do not stand beside the product."""
_LESS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Shares of the room for copy that are tried; the small print always has its own."""


def least_size(part: TextPart) -> float:
    """Return the least type size of a text in pixels."""
    return LEAST_LEGAL if part.kind is OverlayKind.LEGAL else LEAST_SIZE


def padding_of(part: TextPart, size: float) -> tuple[float, float]:
    """Return the space across and down round a text that always has a plate; else nothing."""
    if part.plate.shape not in (PlateShape.PANEL, PlateShape.BAND):
        return 0.0, 0.0
    down, across = part.plate.padding
    return across * size, down * size


@dataclass(frozen=True, slots=True)
class SizedText:
    """A set text with the width and height that it takes with its plate."""

    set: SetText
    w: float
    h: float


def sized_text(
    part: TextPart, *, align: TextAlign, width: float, height: float, size: float, least: float
) -> SizedText | None:
    """Return a text with its plate in a box, at `size` or smaller; `None` below `least`."""
    style = _style_of(part, align)
    tried = max(size, least)
    while True:
        across, down = padding_of(part, tried)
        room = width - 2 * across, height - 2 * down
        # without a plate, one call tries all sizes
        lowest = tried if down else least
        text = None
        if min(room) > 0:
            text = set_text(
                part.text, style, width=room[0], height=room[1], size=tried, least=lowest
            )
        if text is not None:
            tall = text.ink.h
            if down:
                above, below = -text.body.y, text.ink.h - text.body.bottom
                # accents and tails lie in the plate's own space
                tall = text.body.h + 2 * max(down, -above + 1, below + 1)
            return SizedText(text, text.ink.w + 2 * across, tall)
        if tried <= least or not down:
            return None
        tried = max(least, tried * _STEP)


def _style_of(part: TextPart, align: TextAlign) -> TextStyle:
    return TextStyle(
        fonts=font_files(part.fonts),
        leading=_LEADING.get(part.kind, 1.04),
        align=align,
        most_lines=_LINES[part.kind],
        tracking=_TRACKING.get(part.kind, 0.0),
        language=part.language,
    )
