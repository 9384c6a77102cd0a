"""Where the parts of an overlay lie: inside the safe zone, apart from each other and the product.

Logos come first, then texts at an edge, then those at `copy`, which share the largest free box.
Type is as large as asked for, or as much smaller as its box requires, down to a least size.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.adfiles.overlay.free_boxes import free_boxes
from pipeline.adfiles.overlay.placing import (
    LEAST_SIZE,
    LEFT,
    RIGHT,
    TOP,
    AdFrame,
    Placed,
    PlacedLogo,
    PlacedText,
    copy_is_left,
    least_size,
    sized_text,
)
from pipeline.adfiles.overlay.stacking import Stacked, stack_column, stack_row
from pipeline.errors import AdFileFailed
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign
from pipeline.model.adfiles.overlay import Anchor, LogoPart, OverlayKind, OverlayPart, TextPart

_LOGO_HEIGHT = 0.6
"""Most of the safe zone's height that a logo takes."""
_ENOUGH = 0.7
"""Share of the size asked for below which a text may rather cover the product."""
_MOST_CANDIDATES = 6
_SIDE = 1.12
"""Advantage of a free box on the logo's side."""
_STRIP = 3.0
"""Width for a height of 1 above which texts may also stand beside each other."""
_COVERED = 0.12
"""Share of a part that may lie over the corner of a product's box."""
_LINE_COST = 0.12
"""What a further line of an anchored text costs, against its size and its distance."""
_IN_STRIP = 1.3
"""Advantage of texts beside each other in an ad file that is a strip itself."""
_LONG_WORDS = 40

_BOTTOM = (Anchor.BOTTOM_LEFT, Anchor.BOTTOM, Anchor.BOTTOM_RIGHT)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogoSize:
    """A logo's own size: width for a height of 1, and the most pixels that it may be wide."""

    ratio: float
    most: float


def lay_out(
    frame: AdFrame, parts: Sequence[OverlayPart], logos: Sequence[LogoSize]
) -> list[Placed]:
    """Return all parts in place, in the order that they are drawn.

    `logos` are the sizes of the logos, in order. Raises `AdFileFailed` for a part that cannot be
    placed at its least size, naming it.
    """
    placed: list[Placed] = []
    taken: list[Box] = []
    sizes = iter(logos)
    for part in parts:
        if isinstance(part, LogoPart):
            logo = _place_logo(frame, part, next(sizes), taken)
            placed.append(logo)
            taken.append(logo.box.grown(frame.clear_space(part, logo.box.h)))
    texts = [part for part in parts if isinstance(part, TextPart)]
    # small print first: it has the least choice of places
    anchored = [part for part in texts if part.at is not Anchor.COPY]
    anchored.sort(key=lambda part: part.kind is not OverlayKind.LEGAL)
    for part in anchored:
        text = _place_text(frame, part, taken)
        placed.append(text)
        taken.append(text.box.grown(frame.margin * 0.5))
    column = [part for part in texts if part.at is Anchor.COPY]
    if not column:
        return placed
    return [*placed, *_place_copy(frame, column, taken, left=copy_is_left(parts))]


def _place_logo(frame: AdFrame, part: LogoPart, size: LogoSize, taken: Sequence[Box]) -> PlacedLogo:
    clear = part.clear * frame.shorter
    room = frame.zone.within(frame.frame.grown(-clear))
    width = min(part.width * max(frame.width, frame.side), size.most, room.w)
    width = min(width, room.h * _LOGO_HEIGHT * size.ratio)
    height = width / size.ratio
    if min(width, height) < 1:
        raise AdFileFailed(f"the logo {part.file.shown} does not fit the safe zone")
    seen = _shown(frame)
    if part.at is Anchor.COPY:
        boxes = free_boxes(room, [*taken, *seen], least=(width, height))
        places = [_anchored(box, Anchor.CENTER, width, height) for box in boxes[:1]]
    else:
        boxes = free_boxes(room, taken, least=(width, height))
        places = [_anchored(box, part.at, width, height) for box in boxes]
    if not places:
        raise AdFileFailed(f"the logo {part.file.shown} has no room beside the other parts")
    ideal = _anchored(room, part.at, width, height)
    box = min(places, key=lambda one: _distance(one, ideal))
    return PlacedLogo(part=part, box=box, covers=_covers(box, seen))


def _place_text(frame: AdFrame, part: TextPart, taken: Sequence[Box]) -> PlacedText:
    """Return a text at its anchor, beside the product if it is large enough there."""
    seen = _shown(frame)
    beside = _largest_at(frame, part, [*taken, *_grown(seen, frame.gap * 0.5)])
    if beside is not None and beside.set.size >= _ENOUGH * frame.size_of(part):
        return beside
    above = _largest_at(frame, part, [*taken, *frame.copy])
    found = above or beside or _largest_at(frame, part, taken)
    if found is None:
        raise _too_large(part)
    return replace(found, covers=_covers(found.box, seen))


def _largest_at(frame: AdFrame, part: TextPart, taken: Sequence[Box]) -> PlacedText | None:
    """Return a text in the free box where it is largest, and nearest to its anchor."""
    zone, size, least = frame.zone, frame.size_of(part), least_size(part)
    best: PlacedText | None = None
    best_score = 0.0
    for box in free_boxes(zone, taken, least=(least * 2, least))[:_MOST_CANDIDATES]:
        sized = sized_text(
            part,
            align=_align(part.at),
            width=min(box.w, part.width * frame.width),
            height=box.h,
            size=size,
            least=least,
        )
        if sized is None:
            continue
        outer = _anchored(box, part.at, sized.w, sized.h)
        ideal = _anchored(zone, part.at, sized.w, sized.h)
        score = 3.0 + sized.set.size / size - 2 * _distance(outer, ideal) / frame.side
        score -= _LINE_COST * len(sized.set.lines)
        if best is None or score > best_score:
            best, best_score = PlacedText(part=part, set=sized.set, box=outer), score
    return best


def _place_copy(
    frame: AdFrame, parts: Sequence[TextPart], taken: Sequence[Box], *, left: bool
) -> tuple[PlacedText, ...]:
    """Return the texts at `copy`, together in the free box where they become largest."""
    product = [] if frame.product is None else [frame.product]
    for seen in ([*frame.copy, *product], [*frame.copy], []):
        best: Stacked | None = None
        around = [*taken, *_grown(seen, frame.gap)]
        whole = len(seen) == len(frame.copy) + len(product) and bool(seen)
        for box, worth in _copy_boxes(frame, around, known=whole):
            for stacked in _arrangements(frame, parts, box):
                on_side = box.cx < frame.width / 2 if left else box.cx > frame.width / 2
                weighted = stacked.weighted(worth * (_SIDE if on_side else 1.0))
                if best is None or weighted.score > best.score:
                    best = weighted
        if best is not None:
            return tuple(replace(one, covers=_covers(one.box, _shown(frame))) for one in best.texts)
    raise _too_large(max(parts, key=lambda part: len(part.text)))


def _copy_boxes(
    frame: AdFrame, taken: Sequence[Box], *, known: bool
) -> Iterator[tuple[Box, float]]:
    """Yield free boxes, and how good each is as a place for copy.

    `known` is true if nothing that the picture shows can be covered; otherwise its middle is kept
    free as far as possible.
    """
    boxes = free_boxes(frame.zone, taken, least=(LEAST_SIZE * 2, LEAST_SIZE))
    for box in boxes[:_MOST_CANDIDATES]:
        yield box, 1.0
    for box in boxes[:2] if not known else ():
        half, third = box.w * 0.48, box.h * 0.45
        yield Box(box.x, box.bottom - third, box.w, third), 1.4
        yield Box(box.x, box.y, half, box.h), 1.35
        yield Box(box.right - half, box.y, half, box.h), 1.3
        yield Box(box.x, box.y, box.w, third), 1.25


def _arrangements(frame: AdFrame, parts: Sequence[TextPart], box: Box) -> Iterator[Stacked]:
    column = stack_column(frame, parts, box, _copy_align(frame, box))
    if column is not None:
        yield column
    if len(parts) > 1 and box.w > _STRIP * box.h:
        row = stack_row(frame, parts, box)
        if row is not None:
            yield row.weighted(_IN_STRIP if frame.width > _STRIP * frame.height else 1.0)


def _copy_align(frame: AdFrame, box: Box) -> TextAlign:
    """Return how copy is aligned: centred above or below the product, else at one edge."""
    product = frame.product
    if product is not None and (box.right <= product.x or box.x >= product.right):
        return TextAlign.START
    return TextAlign.MIDDLE if box.w > 0.6 * frame.width else TextAlign.START


def _shown(frame: AdFrame) -> list[Box]:
    """Return what the picture shows, as far as it is known."""
    return [*frame.copy, *([] if frame.product is None else [frame.product])]


def _covers(box: Box, seen: Sequence[Box]) -> bool:
    """Return whether a good part of a box lies over what the picture shows."""
    return any(box.within(one).area > _COVERED * box.area for one in seen)


def _align(anchor: Anchor) -> TextAlign:
    if anchor in LEFT:
        return TextAlign.START
    return TextAlign.END if anchor in RIGHT else TextAlign.MIDDLE


def _anchored(box: Box, anchor: Anchor, width: float, height: float) -> Box:
    """Return a box of this size at an anchor of another one."""
    x = box.x + (box.w - width) * _align(anchor).share()
    share = 0.0 if anchor in TOP else 1.0 if anchor in _BOTTOM else 0.5
    return Box(x, box.y + (box.h - height) * share, width, height)


def _distance(first: Box, second: Box) -> float:
    return math.hypot(first.cx - second.cx, first.cy - second.cy)


def _grown(boxes: Sequence[Box], by: float) -> list[Box]:
    return [box.grown(by) for box in boxes]


def _too_large(part: TextPart) -> AdFileFailed:
    long = len(part.text) > _LONG_WORDS
    words = f"{part.text[: _LONG_WORDS - 1]}…" if long else part.text
    return AdFileFailed(
        f"the {part.kind} “{words}” does not fit at {least_size(part):g} px, the least size that "
        "is read; shorten it, or leave it out here: overrides, set: {adfiles: {overlay: […]}}"
    )
