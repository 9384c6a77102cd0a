"""Texts that share a box: below each other, or beside each other in a strip."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.adfiles.overlay.placing import (
    AdFrame,
    PlacedText,
    SizedText,
    least_size,
    padding_of,
    sized_text,
)
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign
from pipeline.lettering.scripts import is_rtl
from pipeline.model.adfiles.overlay import OverlayKind, TextPart

_SMALLER = 0.93
_SMALLEST = 0.2
_OWN = 0.86
"""Share of the common scale down to which one text may be smaller than its neighbours."""
_WEIGHTS = {OverlayKind.HEADLINE: 3.0, OverlayKind.PRICE: 1.5}
_BESIDE = (OverlayKind.PRICE, OverlayKind.BUTTON)
"""What stands beside the words in a row; everything else is words."""
_FEW_LINES, _LINE, _BROKEN = 2, 0.9, 0.6
"""Lines of a text that read well, and what each further line and a broken phrase are worth."""
_GAP = 0.55
"""Space between two texts, in the mean of their type sizes, and as much again beside a plate."""
_MOST_GAP = 0.24
"""Space between the parts of a row, in its height."""
_LEAST_GAP = 0.45
"""The same in the largest type size."""


@dataclass(frozen=True, slots=True)
class Stacked:
    """Texts in place, and how large they became: 1 if as large as asked for."""

    texts: tuple[PlacedText, ...]
    score: float

    def weighted(self, factor: float) -> "Stacked":
        """Return the same with another score."""
        return Stacked(self.texts, self.score * factor)


def stack_column(
    frame: AdFrame, parts: Sequence[TextPart], box: Box, align: TextAlign
) -> Stacked | None:
    """Return texts below each other, centred in a box from top to bottom; `None` if too large."""
    aligned = _turned(parts, align)
    best: Stacked | None = None
    scale = 1.0
    while scale >= max(_SMALLEST, best.score if best is not None else 0.0):
        column = _column(frame, parts, box, aligned, scale=scale)
        if column is not None:
            found = _scored(frame, _placed_column(parts, column, box, aligned))
            best = found if best is None or found.score > best.score else best
        scale *= _SMALLER
    return best


def stack_row(frame: AdFrame, parts: Sequence[TextPart], box: Box) -> Stacked | None:
    """Return words, price and button beside each other; `None` if too large."""
    words = [part for part in parts if part.kind not in _BESIDE]
    beside = [part for part in parts if part.kind in _BESIDE]
    if not words or not beside:
        return None
    align = _turned(parts, TextAlign.START)
    scale = 1.0
    while scale >= _SMALLEST:
        gap = max(_MOST_GAP * box.h, _LEAST_GAP * scale * max(map(frame.size_of, parts)))
        sized = [_sized(frame, part, box, TextAlign.MIDDLE, scale=scale) for part in beside]
        fitting = [one for one in sized if one is not None]
        width = box.w - sum(one.w + gap for one in fitting)
        if len(fitting) == len(sized) and width > 0:
            room = Box(box.x, box.y, width, box.h)
            column = _column(frame, words, room, align, scale=scale)
            if column is not None:
                wide = max(one.w for one in column)
                order = [(words, column, wide)]
                order += [([part], [one], one.w) for part, one in zip(beside, fitting, strict=True)]
                placed = _placed_row(order, box, gap, align)
                return _scored(frame, placed)
        scale *= _SMALLER
    return None


def _placed_row(
    order: Sequence[tuple[Sequence[TextPart], Sequence[SizedText], float]],
    box: Box,
    gap: float,
    align: TextAlign,
) -> list[PlacedText]:
    """Return the parts of a row in place, the whole row centred in its box."""
    whole = sum(wide for _, _, wide in order) + gap * (len(order) - 1)
    x = box.x + (box.w - whole) * align.share()
    placed: list[PlacedText] = []
    for parts, sized, wide in reversed(order) if align is TextAlign.END else order:
        room = Box(x, box.y, wide, box.h)
        placed += _placed_column(parts, sized, room, align)
        x += wide + gap
    return placed


def _turned(parts: Sequence[TextPart], align: TextAlign) -> TextAlign:
    """Return the alignment for the direction of the first text."""
    if align is TextAlign.START and is_rtl(parts[0].text):
        return TextAlign.END
    return align


def _sized(
    frame: AdFrame, part: TextPart, box: Box, align: TextAlign, *, scale: float
) -> SizedText | None:
    size, least = frame.size_of(part) * scale, least_size(part)
    return sized_text(
        part,
        align=align,
        width=min(box.w, part.width * frame.width),
        height=box.h,
        size=max(size, least),
        least=max(size * _OWN, least),
    )


def _column(
    frame: AdFrame, parts: Sequence[TextPart], box: Box, align: TextAlign, *, scale: float
) -> list[SizedText] | None:
    """Return texts at a common scale; `None` if they are higher than the box."""
    found: list[SizedText] = []
    for part in parts:
        one = _sized(frame, part, box, align, scale=scale)
        if one is None:
            return None
        found.append(one)
    height = sum(one.h for one in found) + sum(_gaps(parts, found))
    return found if height <= box.h else None


def _gaps(parts: Sequence[TextPart], sized: Sequence[SizedText]) -> list[float]:
    gaps: list[float] = []
    for (above, one), (below, other) in pairwise(zip(parts, sized, strict=True)):
        mean = (one.set.size + other.set.size) / 2
        plates = sum(bool(padding_of(part, 1)[1]) for part in (above, below))
        gaps.append(mean * _GAP * (1 + 0.4 * plates))
    return gaps


def _placed_column(
    parts: Sequence[TextPart], sized: Sequence[SizedText], box: Box, align: TextAlign
) -> list[PlacedText]:
    gaps = [*_gaps(parts, sized), 0.0]
    y = box.y + (box.h - sum(one.h for one in sized) - sum(gaps)) / 2
    placed: list[PlacedText] = []
    for part, one, gap in zip(parts, sized, gaps, strict=True):
        x = box.x + (box.w - one.w) * align.share()
        placed.append(PlacedText(part=part, set=one.set, box=Box(x, y, one.w, one.h), group=1))
        y += one.h + gap
    return placed


def _scored(frame: AdFrame, texts: Sequence[PlacedText]) -> Stacked:
    weights = [_WEIGHTS.get(one.part.kind, 1.0) for one in texts]
    sizes = [one.set.size / frame.size_of(one.part) for one in texts]
    score = sum(w * s for w, s in zip(weights, sizes, strict=True)) / sum(weights)
    for one in texts:
        score *= _LINE ** max(0, len(one.set.lines) - _FEW_LINES)
        score *= _BROKEN if one.set.loose else 1.0
    return Stacked(tuple(texts), score)
