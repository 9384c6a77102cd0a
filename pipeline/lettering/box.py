"""An upright rectangle: where things are and whether they touch."""

from typing import NamedTuple


class Box(NamedTuple):
    """Left, top, width and height; y points down."""

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

    def moved(self, dx: float, dy: float) -> "Box":
        """The same box elsewhere."""
        return Box(self.x + dx, self.y + dy, self.w, self.h)

    def grown(self, by: float, by_y: float | None = None) -> "Box":
        """Wider by `by` on either side (and taller by `by_y`, where it differs)."""
        high = by if by_y is None else by_y
        return Box(self.x - by, self.y - high, self.w + 2 * by, self.h + 2 * high)

    def touches(self, other: "Box", *, slack: float = 0.5) -> bool:
        """Whether the two overlap by more than `slack`."""
        return (
            self.x + slack < other.right
            and other.x + slack < self.right
            and self.y + slack < other.bottom
            and other.y + slack < self.bottom
        )

    def holds(self, other: "Box", *, slack: float = 0.5) -> bool:
        """Whether the other lies inside."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )


def around(boxes: list[Box]) -> Box:
    """The smallest box that holds all of them; there must be one at least."""
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Box(x, y, max(b.right for b in boxes) - x, max(b.bottom for b in boxes) - y)
