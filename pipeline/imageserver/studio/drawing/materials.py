"""Shared parts of drawings: fruit slices, leaves, metals, highlights, soft shadows."""

import math

from pipeline.imageserver.studio.colors import darken, lighten
from pipeline.imageserver.studio.scene.scene import Prop
from pipeline.imageserver.studio.vector.shapes import ellipse
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

GOLD = "#d9b36a"
SHADOW = "#120804"
FRUIT = {
    Prop.ORANGE: ("#ff8a16", "#ffb347", "#fff1d6"),
    Prop.LEMON: ("#ffd92b", "#ffec6b", "#fffbe2"),
    Prop.LIME: ("#7fbf2a", "#c9ee74", "#f4ffdc"),
    Prop.GRAPEFRUIT: ("#ff9152", "#ff5d5d", "#ffe9dd"),
}
"""Colours of rind, flesh and pith of every sliced fruit."""


def wedge(r: float, start: float, sweep: float) -> Path:
    """Return one segment of a slice centred at the origin."""

    def at(angle: float, radius: float) -> tuple[float, float]:
        return (math.cos(angle) * radius, math.sin(angle) * radius)

    a0, a1, mid, outer = start + 0.05, start + sweep - 0.05, start + sweep / 2, r * 0.86
    path = Path().move(*at(mid, r * 0.08)).line(*at(a0, outer * 0.88))
    path.quad(*at(a0, outer), *at(a0 + 0.13, outer))
    path.quad(*at(mid, outer * 1.06), *at(a1 - 0.13, outer))
    return path.quad(*at(a1, outer), *at(a1, outer * 0.88)).close()


def slice_parts(r: float, fruit: Prop, turn: float, wedges: int = 9) -> list[tuple[Path, str]]:
    """Return the coloured paths of a flat slice centred at the origin, back to front."""
    rind, flesh, pith = FRUIT[fruit]
    sweep = 2 * math.pi / wedges
    parts = [(ellipse(0, 0, r), rind), (ellipse(0, 0, r * 0.92), pith)]
    return parts + [(wedge(r, turn + i * sweep, sweep), flesh) for i in range(wedges)]


def leaf_path(length: float) -> Path:
    """Return a leaf from the origin to the right."""
    return (
        Path()
        .move(0, 0)
        .cubic(length * 0.25, -length * 0.42, length * 0.8, -length * 0.34, length, 0)
        .cubic(length * 0.8, length * 0.34, length * 0.25, length * 0.42, 0, 0)
        .close()
    )


def cylinder(
    svg: Svg, r: float, base: str, *, edge: float = 0.45, shine: float = 0.5, alpha: float = 1.0
) -> str:
    """Return the fill of a lit cylinder of radius r: highlight at the left, shade at the right."""
    stops = (
        (darken(base, edge), 0.0),
        (darken(base, edge * 0.4), 0.07),
        (lighten(base, shine * 0.45), 0.18),
        (lighten(base, shine), 0.26),
        (lighten(base, shine * 0.15), 0.40),
        (base, 0.5),
        (darken(base, edge * 0.38), 0.78),
        (lighten(base, shine * 0.22), 0.92),
        (darken(base, edge * 0.8), 1.0),
    )
    return svg.lin([(color, alpha, at) for color, at in stops], (-r, 0, r, 0), user=True)


def soft_shadow(svg: Svg, x: float, y: float, w: float, *, alpha: float = 0.42) -> None:
    """Draw the shadow of a small object: a flat ellipse of half width w."""
    svg.draw(
        ellipse(x, y, w, w * 0.16),
        svg.rad([(SHADOW, alpha, 0), (SHADOW, alpha * 0.6, 0.45), (SHADOW, 0, 1)]),
    )


def lacquer(svg: Svg, r: float, base: str) -> str:
    """Return the fill of painted metal on a part of radius r."""
    stops: list[Stop] = [
        (darken(base, 0.42), 1, 0),
        (darken(base, 0.10), 1, 0.10),
        (lighten(base, 0.12), 1, 0.18),
        (lighten(base, 0.62), 1, 0.25),
        (lighten(base, 0.15), 1, 0.34),
        (base, 1, 0.55),
        (darken(base, 0.24), 1, 0.82),
        (lighten(base, 0.14), 1, 0.92),
        (darken(base, 0.38), 1, 1),
    ]
    return svg.lin(stops, (-r, 0, r, 0), user=True)


def sheen(svg: Svg, area: Path, alpha: float) -> None:
    """Draw the reflection of a softbox in a smooth surface."""
    fill: list[Stop] = [
        ("#ffffff", 0, 0),
        ("#ffffff", alpha, 0.07),
        ("#ffffff", alpha * 0.80, 0.5),
        ("#ffffff", alpha, 0.92),
        ("#ffffff", 0, 1),
    ]
    svg.draw(area, svg.lin(fill, (0, 0, 0, 1)))


def brushed(svg: Svg, r: float, base: str) -> str:
    """Return the fill of bright metal on a part of radius r."""
    stops: list[Stop] = [
        (darken(base, 0.66), 1, 0),
        (darken(base, 0.20), 1, 0.07),
        (lighten(base, 0.18), 1, 0.15),
        (lighten(base, 0.72), 1, 0.23),
        (lighten(base, 0.60), 1, 0.28),
        (lighten(base, 0.05), 1, 0.40),
        (darken(base, 0.12), 1, 0.58),
        (darken(base, 0.46), 1, 0.80),
        (lighten(base, 0.24), 1, 0.92),
        (darken(base, 0.55), 1, 1),
    ]
    return svg.lin(stops, (-r, 0, r, 0), user=True)
