"""Water drops on cold glass and on a wet table."""

from dataclasses import dataclass
from random import Random

from pipeline.imageserver.studio.vector.shapes import ellipse
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path

_LARGE = 1.35


@dataclass(frozen=True, kw_only=True, slots=True)
class DropPattern:
    """Size, number and shape of drops."""

    size: float
    count: int
    flat: float = 0.9
    """Height of a drop in widths."""
    dry: Box | None = None
    """An area without drops, for instance a text."""


def water_drops(svg: Svg, rng: Random, field: Box, pattern: DropPattern) -> None:
    """Scatter drops over a field: most tiny, some large."""
    size, flat = pattern.size, pattern.flat
    shade, lens, shine = Path(), Path(), Path()
    for _ in range(pattern.count):
        weight = 0.35 + min(2.4, rng.expovariate(1.7))
        r = size * weight
        x, y = field.x + rng.random() * field.w, field.y + rng.random() * field.h
        if pattern.dry and pattern.dry.touches(Box(x - r, y - r, 2 * r, 2 * r), slack=0):
            continue
        if weight > _LARGE:
            _large(svg, (x, y), r, flat)
            continue
        shade.extend(ellipse(x + r * 0.08, y + r * 0.16, r, r * flat))
        lens.extend(ellipse(x, y + r * 0.12, r * 0.80, r * flat * 0.72))
        shine.extend(ellipse(x - r * 0.30, y - r * flat * 0.34, r * 0.30, r * 0.22))
    svg.draw(shade, "#180c04", fill_opacity=0.26)
    svg.draw(lens, "#ffffff", fill_opacity=0.26)
    svg.draw(shine, "#ffffff", fill_opacity=0.92)


def _large(svg: Svg, at: tuple[float, float], r: float, flat: float) -> None:
    x, y = at
    svg.draw(
        ellipse(x + r * 0.10, y + r * 0.20, r * 1.04, r * flat * 1.02), "#180c04", fill_opacity=0.22
    )
    body = svg.lin(
        [("#1c0f06", 0.34, 0), ("#ffffff", 0.06, 0.38), ("#ffffff", 0.66, 1)], (0.3, 0, 0.6, 1)
    )
    svg.draw(ellipse(x, y, r, r * flat), body)
    svg.draw(
        ellipse(x - r * 0.34, y - r * flat * 0.38, r * 0.25, r * 0.18), "#ffffff", fill_opacity=0.95
    )
    svg.draw(
        ellipse(x + r * 0.30, y + r * flat * 0.45, r * 0.34, r * 0.16), "#ffffff", fill_opacity=0.35
    )
