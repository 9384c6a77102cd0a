"""Upright rectangles."""

from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle by left, top, width and height; y points down."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The bottom edge."""
        return self.y + self.h

    @property
    def cx(self) -> float:
        """The middle from left to right."""
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        """The middle from top to bottom."""
        return self.y + self.h / 2

    @property
    def area(self) -> float:
        """Width times height."""
        return self.w * self.h

    def within(self, other: "Box") -> "Box":
        """Return the part of the box that lies inside another; empty if there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width = max(0.0, min(self.right, other.right) - x)
        return Box(x, y, width, max(0.0, min(self.bottom, other.bottom) - y))

    def moved(self, dx: float, dy: float) -> "Box":
        """Return the same box elsewhere."""
        return Box(self.x + dx, self.y + dy, self.w, self.h)

    def grown(self, by: float, by_y: float | None = None) -> "Box":
        """Return the box grown by `by` on every side, or by `by_y` at top and bottom."""
        high = by if by_y is None else by_y
        return Box(self.x - by, self.y - high, self.w + 2 * by, self.h + 2 * high)

    def touches(self, other: "Box", *, slack: float = 0.5) -> bool:
        """Return whether the boxes overlap by more than `slack`."""
        return (
            self.x + slack < other.right
            and other.x + slack < self.right
            and self.y + slack < other.bottom
            and other.y + slack < self.bottom
        )

    def holds(self, other: "Box", *, slack: float = 0.5) -> bool:
        """Return whether the other box lies inside, up to `slack`."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )


def around(boxes: list[Box]) -> Box:
    """Return the smallest box round one or more boxes."""
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Box(x, y, max(b.right for b in boxes) - x, max(b.bottom for b in boxes) - y)
