"""A vector path; y points down."""

import math
from collections.abc import Callable
from typing import Self

from pipeline.lettering.box import Box

Point = tuple[float, float]
Step = tuple[str, tuple[Point, ...]]
Bend = Callable[[float, float], Point]


class Path:
    """A path of SVG commands M, L, Q, C and Z; methods that add a command return the path."""

    __slots__ = ("steps",)

    def __init__(self, steps: list[Step] | None = None) -> None:
        """Start empty, or with steps that the path owns from now on."""
        self.steps: list[Step] = steps if steps is not None else []

    def move(self, x: float, y: float) -> Self:
        """Begin a contour."""
        self.steps.append(("M", ((x, y),)))
        return self

    def line(self, x: float, y: float) -> Self:
        """Draw straight to a point."""
        self.steps.append(("L", ((x, y),)))
        return self

    def quad(self, *xy: float) -> Self:
        """Draw a quadratic curve: control point and end, as four numbers."""
        x1, y1, x, y = xy
        self.steps.append(("Q", ((x1, y1), (x, y))))
        return self

    def cubic(self, *xy: float) -> Self:
        """Draw a cubic curve: two control points and the end, as six numbers."""
        x1, y1, x2, y2, x, y = xy
        self.steps.append(("C", ((x1, y1), (x2, y2), (x, y))))
        return self

    def close(self) -> Self:
        """Close the contour."""
        self.steps.append(("Z", ()))
        return self

    def extend(self, other: "Path") -> Self:
        """Append all contours of another path."""
        self.steps.extend(other.steps)
        return self

    def bent(self, bend: Bend) -> "Path":
        """Return the path with every point mapped by `bend`."""
        return Path([(op, tuple(bend(x, y) for x, y in points)) for op, points in self.steps])

    def moved(
        self, dx: float, dy: float, scale: float = 1.0, scale_y: float | None = None
    ) -> "Path":
        """Return the path scaled about the origin, then shifted."""
        tall = scale if scale_y is None else scale_y
        return Path(
            [
                (op, tuple((x * scale + dx, y * tall + dy) for x, y in points))
                for op, points in self.steps
            ]
        )

    def turned(self, angle: float, x: float = 0.0, y: float = 0.0) -> "Path":
        """Return the path turned about the origin by radians, then shifted."""
        c, s = math.cos(angle), math.sin(angle)
        return self.bent(lambda px, py: (x + px * c - py * s, y + px * s + py * c))

    def refined(self, step: float) -> "Path":
        """Return the path with long straight edges split, so that they can bend."""
        out: list[Step] = []
        here: Point = (0.0, 0.0)
        start = here
        for op, points in self.steps:
            if op == "M":
                start = points[0]
            target = start if op == "Z" else points[-1]
            if op in "LZ":
                pieces = max(1, math.ceil(math.dist(here, target) / step))
                for i in range(1, pieces + (op == "L")):
                    t = i / pieces
                    x, y = here[0] + (target[0] - here[0]) * t, here[1] + (target[1] - here[1]) * t
                    out.append(("L", ((x, y),)))
            if op != "L":
                out.append((op, points))
            here = target
        return Path(out)

    def box(self) -> Box:
        """Return the box of all control points: exact for lines, never too small for curves."""
        points = [p for _, ps in self.steps for p in ps]
        if not points:
            return Box(0, 0, 0, 0)
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    def d(self) -> str:
        """Return the path data in SVG syntax."""
        return "".join(
            op + " ".join(f"{number(x)} {number(y)}" for x, y in points)
            for op, points in self.steps
        )


def number(value: float) -> str:
    """Return a number with at most two decimals and no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
