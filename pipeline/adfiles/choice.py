"""Windows that a person chose: exact ones, and as text and JSON.

A window with a zoom is shown exactly as it was chosen. Without one, a `focus` centres the largest
crop, and `keep` lets the planner find the window that holds the boxes.
"""

import math
from collections.abc import Iterable, Mapping

from pipeline.adfiles.window import (
    PlannedWindow,
    SourceShape,
    Target,
    extended_window,
    planned_window,
)
from pipeline.errors import UsageError
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import Framing, WindowChoice
from pipeline.model.adfiles.placement import Fit, Sides

CLOSEST, WIDEST = 0.05, 12.0
"""Least and largest zoom."""
MOST_BOXES = 20
_FARTHEST = 12.0
"""Largest distance of a focus from the image, in sides of the image."""
_DIGITS = 4
_POINT, _BOX = 2, 4


def chosen_window(source: SourceShape, target: Target, zoom: float) -> PlannedWindow:
    """Return the window round the focus that is `zoom` times as wide as the largest crop."""
    width = min(source.width, source.height * target.ratio) * zoom
    height = width / target.ratio
    x, y = target.focus or (source.width / 2, source.height / 2)
    window = Box(x - width / 2, y - height / 2, width, height)
    if target.fit is Fit.PAD:
        return planned_window(source, target, window, Framing.PADDED)
    return extended_window(source, target, window)


def choice_fields(choice: WindowChoice) -> dict[str, object]:
    """Return a choice as JSON for the record."""
    window: dict[str, object] = {}
    if choice.focus is not None:
        window["focus"] = list(choice.focus)
    if choice.zoom is not None:
        window["zoom"] = choice.zoom
    if choice.keep:
        window["keep"] = [list(box) for box in choice.keep]
    return {"chosen": window, "source": choice.source_sha256, "by": choice.by, "at": choice.at}


def read_choice(fields: Mapping[str, object]) -> WindowChoice:
    """Return a choice of the record; raise `TypeError` or `ValueError` for another version's."""
    window = fields["chosen"]
    if not isinstance(window, Mapping):
        raise TypeError("a window is a mapping")
    try:
        return checked_choice(
            focus=window.get("focus"),
            zoom=window.get("zoom"),
            keep=window.get("keep") or (),
            source_sha256=str(fields["source"]),
            by=str(fields["by"]),
            at=str(fields["at"]),
        )
    except UsageError as error:
        raise ValueError(str(error)) from error


def checked_choice(
    *, focus: object, zoom: object, keep: object, source_sha256: str, by: str, at: str
) -> WindowChoice:
    """Return a choice from what a page, a file or a record says; `UsageError` if it is wrong."""
    point = None if focus is None else _numbers(focus, "focus", _POINT, farthest=_FARTHEST)
    size = None
    if zoom is not None:
        (size,) = _numbers([zoom], "zoom", 1, farthest=WIDEST)
        if size < CLOSEST or point is None:
            raise UsageError(f"zoom needs a focus, and is at least {CLOSEST}")
    if not isinstance(keep, Iterable) or isinstance(keep, str):
        raise UsageError("keep is a list of boxes: [[left, top, width, height]]")
    boxes = [_box(one) for one in keep]
    if len(boxes) > MOST_BOXES:
        raise UsageError(f"keep has {len(boxes)} boxes; at most {MOST_BOXES} are allowed")
    return WindowChoice(
        source_sha256=source_sha256,
        focus=None if point is None else (point[0], point[1]),
        zoom=size,
        keep=tuple(boxes),
        by=by,
        at=at,
    )


def _box(sides: object) -> Sides:
    x, y, width, height = _numbers(sides, "a box under keep", _BOX, farthest=1.0)
    inside = min(x, y) >= 0 and x + width <= 1 + 1e-3 and y + height <= 1 + 1e-3
    if not inside or min(width, height) <= 0:
        raise UsageError("a box under keep is inside the image: shares from 0 to 1")
    return x, y, width, height


def _numbers(value: object, what: str, count: int, *, farthest: float) -> list[float]:
    """Return this many rounded numbers; `UsageError` if there are others."""
    try:
        found = [round(float(one), _DIGITS) for one in value]  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        found = []
    if len(found) != count or not all(math.isfinite(one) for one in found):
        raise UsageError(f"{what} has {count} {'number' if count == 1 else 'numbers'}")
    if any(abs(one) > farthest for one in found):
        raise UsageError(f"{what} has numbers up to {farthest:g}")
    return found
