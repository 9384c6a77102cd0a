"""Shapes made of paths."""

from collections.abc import Sequence

from pipeline.lettering.path import Path, Point

KAPPA = 0.5522847498
"""Distance of the control points of a quarter circle, in radii."""


def polygon(points: Sequence[Point], *, close: bool = True) -> Path:
    """Return a path of straight edges through the points."""
    path = Path().move(*points[0])
    for x, y in points[1:]:
        path.line(x, y)
    return path.close() if close else path


def rect(x: float, y: float, w: float, h: float) -> Path:
    """Return an upright rectangle."""
    return polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None) -> Path:
    """Return an ellipse, or with one radius a circle."""
    ry = rx if ry is None else ry
    kx, ky = rx * KAPPA, ry * KAPPA
    return (
        Path()
        .move(cx + rx, cy)
        .cubic(cx + rx, cy + ky, cx + kx, cy + ry, cx, cy + ry)
        .cubic(cx - kx, cy + ry, cx - rx, cy + ky, cx - rx, cy)
        .cubic(cx - rx, cy - ky, cx - kx, cy - ry, cx, cy - ry)
        .cubic(cx + kx, cy - ry, cx + rx, cy - ky, cx + rx, cy)
        .close()
    )


def rounded(x: float, y: float, w: float, h: float, *, r: float) -> Path:
    """Return a rectangle with round corners."""
    r = min(r, w / 2, h / 2)
    k = r * (1 - KAPPA)
    x1, y1 = x + w, y + h
    return (
        Path()
        .move(x + r, y)
        .line(x1 - r, y)
        .cubic(x1 - k, y, x1, y + k, x1, y + r)
        .line(x1, y1 - r)
        .cubic(x1, y1 - k, x1 - k, y1, x1 - r, y1)
        .line(x + r, y1)
        .cubic(x + k, y1, x, y1 - k, x, y1 - r)
        .line(x, y + r)
        .cubic(x, y + k, x + k, y, x + r, y)
        .close()
    )
