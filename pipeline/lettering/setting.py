"""Setting a text in a box: as large as asked for, or as much smaller as the box requires."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import uharfbuzz as hb

from pipeline.lettering.box import Box, around
from pipeline.lettering.fitting import TextAlign
from pipeline.lettering.fonts import FontFile, open_font
from pipeline.lettering.line_breaks import break_units, joined, plain
from pipeline.lettering.path import Path
from pipeline.lettering.scripts import is_rtl
from pipeline.lettering.shaping import ShapedLine, line_in

_STEP = 0.965
"""Factor between two type sizes that are tried."""
_PHRASES = 0.72
"""Phrases of Chinese, Japanese and Thai stay whole down to this share of the size asked for."""
_MOST_LEADING = 1.3
"""Most of a font's own distance of lines: some leave room for marks that few words have."""
_GAP = 0.1
"""Least distance in em between the ink of two lines."""
_ABOVE, _BELOW = 0.28, 0.30
"""Ink above capitals and below the baseline, in em, that the eye does not see as the body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextStyle:
    """The settings of a text that do not depend on its box."""

    fonts: tuple[FontFile, ...]
    leading: float = 1.0
    """Distance of lines, in those of the font."""
    align: TextAlign = TextAlign.START
    most_lines: int = 6
    tracking: float = 0.0
    language: str = ""


@dataclass(frozen=True, slots=True)
class SetText:
    """Lines in place: the ink begins at the origin."""

    shaped: tuple[tuple[ShapedLine, float, float], ...]
    """Each line at 1 em with its place in em, from the start of the first baseline."""
    origin: tuple[float, float]
    """Left and top of the ink, in em."""
    size: float
    """Type size in the units of the box."""
    lines: tuple[str, ...]
    ink: Box
    body: Box
    """From the top of capitals to the last baseline, where ink beyond is only accents and tails."""
    baseline: float
    """The first baseline, from the top of the ink."""
    loose: bool = False
    """True if lines end inside phrases."""

    def path(self) -> Path:
        """Return the outlines."""
        whole, (left, top), size = Path(), self.origin, self.size
        for line, x, y in self.shaped:
            whole.extend(line.path.moved((x - left) * size, (y - top) * size, size))
        return whole


def set_text(
    text: str, style: TextStyle, *, width: float, height: float, size: float, least: float
) -> SetText | None:
    """Return the text at `size`, or smaller if it does not fit; `None` if not even at `least`.

    Raises `LetteringError` if the fonts lack a letter.
    """
    setter = _Setter(plain(text), style)
    for tried, loose in _sizes(size, least):
        block = setter.at(tried, width, height, loose=loose)
        if block is not None:
            return block
    return None


def _sizes(size: float, least: float) -> Iterator[tuple[float, bool]]:
    """Yield type sizes from the largest, and whether phrases may be broken."""
    tried = max(size, least)
    while tried > least:
        yield tried, False
        if tried <= size * _PHRASES:
            yield tried, True
        tried *= _STEP
    yield least, False
    yield least, True


_Measured = tuple[tuple[str, ...], list[float], list[float]]


@lru_cache(1024)
def _measured(
    text: str,
    fonts: tuple[FontFile, ...],
    tracking: float,
    language: str,
    *,
    rtl: bool,
    loose: bool,
) -> _Measured:
    units = break_units(text, language=language, loose=loose)

    def advance(piece: str) -> float:
        shaped = line_in(piece, fonts, rtl=rtl, tracking=tracking, language=language)
        return shaped.advance

    widths = [advance(joined([unit])) for unit in units]
    return units, widths, [advance(" ") if unit.endswith(" ") else 0.0 for unit in units]


class _Setter:
    """A text with the widths of its parts, which are the same at every size."""

    def __init__(self, text: str, style: TextStyle) -> None:
        self.style = style
        self.rtl = is_rtl(text)
        self.paragraphs = text.split("\n")
        faces = [open_font(font) for font in style.fonts]
        self.leading = style.leading * min(_MOST_LEADING, max(face.leading for face in faces))
        tag = hb.OTMetricsTag.CAP_HEIGHT
        self.capitals = faces[0].font.get_metric_position_with_fallback(tag) / faces[0].upem

    def at(self, size: float, width: float, height: float, *, loose: bool) -> SetText | None:
        """Return the text at exactly this size, its lines of even length; `None` if too large."""
        limit = width / size
        lines: list[str] = []
        for units, widths, tails in self._measured(loose=loose):
            filled = _filled(widths, tails, limit)
            if filled is None:
                return None
            filled = _even(widths, tails, limit, len(filled))
            lines += [joined(units[start:end]) for start, end in filled]
        if len(lines) > max(self.style.most_lines, len(self.paragraphs)):
            return None
        block = self._stacked(lines, size, loose=loose)
        return block if block.ink.w <= width + 0.01 and block.ink.h <= height + 0.01 else None

    def _measured(self, *, loose: bool) -> list[_Measured]:
        """Return units, their widths in em without the spaces after them, and those spaces'."""
        style = self.style
        return [
            _measured(one, style.fonts, style.tracking, style.language, rtl=self.rtl, loose=loose)
            for one in self.paragraphs
        ]

    def _shape(self, text: str) -> ShapedLine:
        style = self.style
        return line_in(
            text, style.fonts, rtl=self.rtl, tracking=style.tracking, language=style.language
        )

    def _stacked(self, lines: Sequence[str], size: float, *, loose: bool) -> SetText:
        shaped = [self._shape(text) for text in lines]
        leading = max([self.leading, *_needed(shaped)])
        widest = max(one.advance for one in shaped)
        share = self.style.align.share()
        placed = tuple(
            (one, (widest - one.advance) * share, number * leading)
            for number, one in enumerate(shaped)
        )
        ink = around([one.ink.moved(x, y) for one, x, y in placed])
        last = (len(lines) - 1) * leading
        top, bottom = -self.capitals, last
        if ink.y < top - _ABOVE:
            top = ink.y
        if ink.bottom > last + _BELOW:
            bottom = ink.bottom
        body = Box(0, (top - ink.y) * size, ink.w * size, (bottom - top) * size)
        return SetText(
            shaped=placed,
            origin=(ink.x, ink.y),
            size=size,
            lines=tuple(lines),
            ink=Box(0, 0, ink.w * size, ink.h * size),
            body=body,
            baseline=-ink.y * size,
            loose=loose and len(lines) > len(self.paragraphs),
        )


def _needed(lines: Sequence[ShapedLine]) -> Iterator[float]:
    """Yield the distance in em at which the ink of each line clears the next."""
    for above, below in pairwise(lines):
        yield above.ink.bottom - below.ink.y + _GAP


def _filled(
    widths: Sequence[float], tails: Sequence[float], limit: float
) -> list[tuple[int, int]] | None:
    """Return the first and last unit of each line; `None` if a unit is wider than the limit."""
    lines: list[tuple[int, int]] = []
    start, used = 0, 0.0
    for at, width in enumerate(widths):
        if width > limit * 1.0001:
            return None
        if at > start and used + width > limit * 1.0001:
            lines.append((start, at))
            start, used = at, 0.0
        used += width + tails[at]
    return [*lines, (start, len(widths))] if widths else [(0, 0)]


def _even(
    widths: Sequence[float], tails: Sequence[float], limit: float, count: int
) -> list[tuple[int, int]]:
    """Return as many lines as fit the limit, the widest of them as narrow as possible."""
    low, high = max(widths, default=0.0), limit
    best = _filled(widths, tails, limit) or []
    for _ in range(16):
        middle = (low + high) / 2
        found = _filled(widths, tails, middle)
        if found is not None and len(found) <= count:
            best, high = found, middle
        else:
            low = middle
    return best
