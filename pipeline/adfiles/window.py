"""The crop planner, which chooses the window of an image that an ad file shows.

A window has the placement's ratio and contains all boxes: copy inside the safe zone, the product
inside the picture. It is as small as possible and may extend beyond the image, whose edges are
then continued. In 156 measured cuts, cropping alone keeps copy and product whole in a third of
them, and windows that may extend beyond the edges do so in all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.lettering.box import Box, around
from pipeline.model.adfiles.ad_file import Flag, Framing
from pipeline.model.adfiles.placement import Fit, Sides

ROOMY, TIGHT, BARE = 0.08, 0.03, 0.0
"""Space round each box, in shorter sides of the image: if little is extended, the least, and none
where much less of an edge that would show is continued."""
LITTLE = 0.25
"""Share of an ad file that may be extended for more room round the boxes."""
LONG = 0.35
"""Share of an ad file beyond the image above which a person has to look."""
BRIEF, VISIBLE, FAIR = 0.06, 0.15, 0.2
"""Shares of a window's side by which an edge may be continued: one that is not fit; one that is not
smooth, if nobody looks, since a wall of bricks ends in a smear; one that is not smooth."""
WHOLE = 0.98
"""Share of a box that counts as all of it."""
SHARP = 1.05
"""Largest enlargement that is not visible."""
_NOTHING = 1e-6


class Edge(StrEnum):
    """The edges of an image."""

    LEFT = "left"
    TOP = "top"
    RIGHT = "right"
    BOTTOM = "bottom"


ALL_EDGES = frozenset(Edge)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceShape:
    """The properties of an image that the planner uses."""

    width: int
    height: int
    copy: tuple[Box, ...] | None
    """Blocks of text; `None` if the image was not searched for them."""
    product: Box | None = None
    fit_edges: frozenset[Edge] = ALL_EDGES
    """Edges that can be continued."""
    smooth_edges: frozenset[Edge] = ALL_EDGES
    """Edges that can be continued far without being noticed."""

    @property
    def frame(self) -> Box:
        """The whole image."""
        return Box(0, 0, self.width, self.height)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The properties of a placement that the planner uses, and the settings of a person."""

    width: int
    height: int
    safe: Sides = (0.0, 0.0, 0.0, 0.0)
    """Shares (top, right, bottom, left) to keep free of copy."""
    fit: Fit = Fit.AUTO
    keep: tuple[Box, ...] = ()
    """Boxes to keep whole instead of those that were found, in pixels of the image."""
    focus: tuple[float, float] | None = None
    """The point to centre on, in pixels of the image."""
    room: Sides = (0.0, 0.0, 0.0, 0.0)
    """Shares (top, right, bottom, left) to keep free of the product, for an overlay."""

    @property
    def ratio(self) -> float:
        """Width for a height of 1."""
        return self.width / self.height


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedWindow:
    """The window of an image that an ad file shows."""

    window: Box
    """In pixels of the image; may reach beyond it."""
    framing: Framing
    kept: float
    extended: float
    scale: float
    flags: tuple[Flag, ...] = ()
    """In the order of `Flag`."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A box along one axis, and the shares of the window that have to stay free beside it."""

    low: float
    high: float
    before: float = 0.0
    after: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Holds:
    """The boxes that a window must contain."""

    across: Sequence[_Span]
    down: Sequence[_Span]
    centre: tuple[float, float]


def plan_window(source: SourceShape, target: Target) -> PlannedWindow:
    """Return the window for a placement, with its flags."""
    if target.fit is Fit.CROP:
        holds = _holds(source, target, room=TIGHT)
        return planned_window(source, target, _crop(source, target, holds), Framing.CROPPED)
    roomy = _whole_window(source, target, room=ROOMY)
    if _extension(roomy, source) <= LITTLE and _used_edges(roomy, source) <= source.smooth_edges:
        window = roomy
    else:
        window = _tight_window(source, target)
    match target.fit:
        case Fit.PAD:
            return planned_window(source, target, window, Framing.PADDED)
        case Fit.EXTEND:
            return extended_window(source, target, window)
        case Fit.AUTO:
            return _automatic(source, target, window)


def _tight_window(source: SourceShape, target: Target) -> Box:
    """Return the window with the least space round the boxes, or with none.

    The space is given up if much less of an edge is then continued that shows a kink.
    """
    tight, bare = (_whole_window(source, target, room=room) for room in (TIGHT, BARE))
    beyond = [_most_beyond(one, ALL_EDGES - source.smooth_edges, source) for one in (tight, bare)]
    return bare if beyond[1] < beyond[0] / 2 else tight


def _whole_window(source: SourceShape, target: Target, *, room: float) -> Box:
    """Return the window that holds everything, beyond edges that can be continued if possible."""
    holds = _holds(source, target, room=room)
    return _shifted(_zoomed_out(source, target, holds), source, holds)


def _automatic(source: SourceShape, target: Target, window: Box) -> PlannedWindow:
    unfit = ALL_EDGES - source.fit_edges
    # Without boxes, nothing is known to be lost by a cut, and much by a long smear.
    rough = ALL_EDGES - source.smooth_edges if source.copy is None else frozenset()
    if _most_beyond(window, unfit, source) <= BRIEF and _most_beyond(window, rough, source) <= FAIR:
        return extended_window(source, target, window)
    copy_only = _holds_copy(source, target)
    crop = _crop(source, target, copy_only)
    if _is_held(crop, copy_only):
        return _flagged(planned_window(source, target, crop, Framing.CROPPED), Flag.UNSURE)
    return planned_window(source, target, window, Framing.PADDED)


def extended_window(source: SourceShape, target: Target, window: Box) -> PlannedWindow:
    """Return a window as one whose edges are continued, flagged if they are not fit for that."""
    planned = planned_window(source, target, window, Framing.EXTENDED)
    fit = _used_edges(window, source) <= source.fit_edges
    visible = _most_beyond(window, ALL_EDGES - source.smooth_edges, source) > VISIBLE
    return planned if fit and not visible else _flagged(planned, Flag.UNSURE)


def _holds(source: SourceShape, target: Target, *, room: float) -> _Holds:
    """Return what a window must contain: what a person asked for, or else all boxes."""
    frame, room = source.frame, room * min(source.width, source.height)
    top, right, bottom, left = target.safe
    above, after, below, before = target.room
    if target.focus is not None and not target.keep:
        return _Holds(across=(), down=(), centre=target.focus)
    if target.keep:
        copy: Sequence[Box] = ()
        others = [*target.keep]
    else:
        copy = source.copy or ()
        others = [] if source.product is None else [source.product]
        if source.copy is None:
            others = [frame]
    grown_copy = [box.grown(room).within(frame) for box in copy]
    grown_others = [box.grown(room).within(frame) for box in others]
    boxes = [*grown_copy, *grown_others]
    middle = around(boxes) if boxes else frame
    return _Holds(
        across=[
            *(_Span(box.x, box.right, left, right) for box in grown_copy),
            *(_Span(box.x, box.right, before, after) for box in grown_others),
        ],
        down=[
            *(_Span(box.y, box.bottom, top, bottom) for box in grown_copy),
            *(_Span(box.y, box.bottom, above, below) for box in grown_others),
        ],
        centre=target.focus or (middle.cx, middle.cy),
    )


def _holds_copy(source: SourceShape, target: Target) -> _Holds:
    """Return what a crop must contain: the copy, or what a person asked for.

    Without copy, it is centred between the product and the middle of the image.
    """
    if target.keep or target.focus is not None:
        return _holds(source, target, room=TIGHT)
    words = SourceShape(width=source.width, height=source.height, copy=source.copy or ())
    copy = _holds(words, target, room=TIGHT)
    product = source.product or source.frame
    middle = ((product.cx + source.frame.cx) / 2, (product.cy + source.frame.cy) / 2)
    return _Holds(across=copy.across, down=copy.down, centre=middle)


def _zoomed_out(source: SourceShape, target: Target, holds: _Holds) -> Box:
    """Return the smallest window that contains everything and is not smaller than a crop."""
    ratio = target.ratio
    width = max(
        min(source.width, source.height * ratio),
        _shortest(holds.across),
        _shortest(holds.down) * ratio,
    )
    return _placed(width, width / ratio, source, holds)


def _crop(source: SourceShape, target: Target, holds: _Holds) -> Box:
    """Return the largest window inside the image, with as much in it as fits."""
    width = min(source.width, source.height * target.ratio)
    window = _placed(width, width / target.ratio, source, holds)
    x = min(max(window.x, 0.0), source.width - window.w)
    y = min(max(window.y, 0.0), source.height - window.h)
    return Box(x, y, window.w, window.h)


def _shortest(spans: Sequence[_Span]) -> float:
    """Return the least length of a window that has room for all spans."""
    return max(
        ((a.high - b.low) / max(_NOTHING, 1 - a.after - b.before) for a in spans for b in spans),
        default=0.0,
    )


def _placed(width: float, height: float, source: SourceShape, holds: _Holds) -> Box:
    x = _start(width, source.width, holds.centre[0], holds.across)
    y = _start(height, source.height, holds.centre[1], holds.down)
    return Box(x, y, width, height)


def _start(length: float, whole: float, centre: float, spans: Sequence[_Span]) -> float:
    """Return the start of a window: centred, moved into the image, moved to hold all spans."""
    inside = sorted((0.0, whole - length))
    start = min(max(centre - length / 2, inside[0]), inside[1])
    first, last = _possible(length, spans)
    if first > last:
        return start
    return min(max(start, first), last)


def _possible(length: float, spans: Sequence[_Span]) -> tuple[float, float]:
    """Return the first and the last start of a window of this length that holds all spans."""
    first = max((span.high - (1 - span.after) * length for span in spans), default=-1e9)
    last = min((span.low - span.before * length for span in spans), default=1e9)
    if first > last and first - last < _NOTHING * max(length, 1):
        first = last
    return first, last


def _shifted(window: Box, source: SourceShape, holds: _Holds) -> Box:
    """Move a window so that it extends beyond the image at edges that can be continued."""
    x = _shifted_start(
        window.x, window.w, source.width, holds.across, fit=_fit(source, Edge.LEFT, Edge.RIGHT)
    )
    y = _shifted_start(
        window.y, window.h, source.height, holds.down, fit=_fit(source, Edge.TOP, Edge.BOTTOM)
    )
    return Box(x, y, window.w, window.h)


def _fit(source: SourceShape, before: Edge, after: Edge) -> tuple[bool, bool]:
    return before in source.fit_edges, after in source.fit_edges


def _shifted_start(
    start: float, length: float, whole: float, spans: Sequence[_Span], *, fit: tuple[bool, bool]
) -> float:
    first, last = _possible(length, spans)
    if start < -_NOTHING and not fit[0] and fit[1] and first <= 0.0 <= last:
        return 0.0
    flush = whole - length
    if start + length > whole + _NOTHING and fit[0] and not fit[1] and first <= flush <= last:
        return flush
    return start


def _beyond(window: Box, source: SourceShape) -> Mapping[Edge, float]:
    """Return how far a window reaches beyond each edge, in pixels of the image."""
    return {
        Edge.LEFT: -window.x,
        Edge.TOP: -window.y,
        Edge.RIGHT: window.right - source.width,
        Edge.BOTTOM: window.bottom - source.height,
    }


def _used_edges(window: Box, source: SourceShape) -> frozenset[Edge]:
    """Return the edges beyond which a window reaches by half a pixel or more."""
    half = 0.5
    return frozenset(edge for edge, by in _beyond(window, source).items() if by >= half)


def _most_beyond(window: Box, edges: frozenset[Edge], source: SourceShape) -> float:
    """Return the largest share of a window's side that lies beyond one of these edges."""
    sides = {Edge.LEFT: window.w, Edge.RIGHT: window.w, Edge.TOP: window.h, Edge.BOTTOM: window.h}
    beyond = _beyond(window, source)
    return max((beyond[edge] / sides[edge] for edge in edges), default=0.0)


def _extension(window: Box, source: SourceShape) -> float:
    """Return the share of a window that is beyond the image."""
    return max(0.0, 1 - window.within(source.frame).area / window.area)


def _is_held(window: Box, holds: _Holds) -> bool:
    """Return whether a window holds all spans where they have to be."""
    pairs = ((window.x, window.w, holds.across), (window.y, window.h, holds.down))
    for start, length, spans in pairs:
        first, last = _possible(length, spans)
        if not first - _NOTHING <= start <= last + _NOTHING:
            return False
    return True


def planned_window(
    source: SourceShape, target: Target, window: Box, framing: Framing
) -> PlannedWindow:
    """Return the window with its shares, its framing, and all flags that follow from numbers."""
    kept = window.within(source.frame).area / source.frame.area
    extended = _extension(window, source)
    scale = target.width / window.w
    if not _used_edges(window, source):
        extended = 0.0
        cut = kept < 1 - 2 / min(source.width, source.height)
        framing = Framing.CROPPED if cut else Framing.SCALED
    flags = []
    if source.copy is None and not target.keep and target.focus is None:
        harmless = framing is Framing.SCALED and not any(target.safe)
        flags += [] if harmless else [Flag.NOT_LOOKED_FOR]
    if framing is Framing.EXTENDED and extended > LONG:
        flags.append(Flag.LONG_EXTENSION)
    if framing is Framing.PADDED:
        flags.append(Flag.PADDED)
    flags += _cuts(source, target, window)
    if scale > SHARP:
        flags.append(Flag.UPSCALED)
    shares = {"kept": kept, "extended": extended, "scale": scale}
    return PlannedWindow(window=window, framing=framing, flags=_ordered(flags), **shares)


def _cuts(source: SourceShape, target: Target, window: Box) -> Iterable[Flag]:
    """Return the flags of boxes that are not whole, or not inside the safe zone."""
    copy = [*(source.copy or ())] if not target.keep else [*target.keep]
    product = [source.product] if source.product is not None and not target.keep else []
    if any(_share_inside(box, window) < WHOLE for box in (*copy, *product)):
        yield Flag.CUT
    zone = safe_zone(window, target.safe)
    words = () if target.keep else (source.copy or ())
    if any(target.safe) and any(_share_inside(box, zone) < WHOLE for box in words):
        yield Flag.OUTSIDE_SAFE_ZONE


def safe_zone(window: Box, safe: Sides) -> Box:
    """Return the part of a window that a platform leaves free."""
    top, right, bottom, left = safe
    return Box(
        window.x + left * window.w,
        window.y + top * window.h,
        window.w * (1 - left - right),
        window.h * (1 - top - bottom),
    )


def _flagged(planned: PlannedWindow, flag: Flag) -> PlannedWindow:
    return replace(planned, flags=_ordered([*planned.flags, flag]))


def _ordered(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    there = set(flags)
    return tuple(flag for flag in Flag if flag in there)


def _share_inside(box: Box, other: Box) -> float:
    return box.within(other).area / box.area if box.area else 1.0
