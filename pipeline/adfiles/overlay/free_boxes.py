"""The free boxes of a frame beside everything that must not be covered."""

from collections.abc import Sequence
from itertools import combinations

from pipeline.lettering.box import Box

_MOST_EDGES = 14
"""Most different left or top edges that are considered; the frame's own are among them."""


def free_boxes(frame: Box, taken: Sequence[Box], *, least: tuple[float, float]) -> list[Box]:
    """Return all largest boxes in a frame that touch nothing that is taken, the largest first.

    `least` is the width and height below which a box is of no use.
    """
    inside = [box.within(frame) for box in taken]
    inside = [box for box in inside if box.w > 0 and box.h > 0][: _MOST_EDGES - 2]
    xs = sorted({frame.x, frame.right, *(x for box in inside for x in (box.x, box.right))})
    ys = sorted({frame.y, frame.bottom, *(y for box in inside for y in (box.y, box.bottom))})
    found: list[Box] = []
    for left, right in combinations(xs, 2):
        if right - left < least[0]:
            continue
        column = [box for box in inside if box.x < right and box.right > left]
        for top, bottom in combinations(ys, 2):
            if bottom - top < least[1]:
                continue
            if not any(box.y < bottom and box.bottom > top for box in column):
                found.append(Box(left, top, right - left, bottom - top))
    found.sort(key=lambda box: -box.area)
    largest: list[Box] = []
    for box in found:
        if not any(other.holds(box, slack=0.01) for other in largest):
            largest.append(box)
    return largest
