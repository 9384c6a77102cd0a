"""Single props drawn about the origin: a slice, a leaf, a bean, a berry, an ice cube and so on."""

import math
from collections.abc import Callable

from pipeline.imageserver.studio.colors import darken, lighten, mix
from pipeline.imageserver.studio.drawing.materials import FRUIT, leaf_path, wedge
from pipeline.imageserver.studio.scene.coloring import berry_color
from pipeline.imageserver.studio.scene.scene import Palette, Prop
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path


def citrus(svg: Svg, fruit: Prop, r: float, turn: float) -> None:
    """Draw a thick slice that stands on edge, its centre at the origin, turned by degrees."""
    rind, flesh, pith = FRUIT[fruit]
    thick = r * 0.20
    back = (
        Path()
        .move(0, -r)
        .line(thick, -r)
        .cubic(thick + r * 1.33, -r, thick + r * 1.33, r, thick, r)
    )
    back.line(0, r).close()
    edge: list[Stop] = [
        (lighten(rind, 0.10), 1, 0),
        (darken(rind, 0.10), 1, 0.5),
        (darken(rind, 0.48), 1, 1),
    ]
    svg.draw(back, svg.lin(edge, (0, 0, 0.4, 1)))
    svg.draw(ellipse(0, 0, r), svg.lin([lighten(rind, 0.28), rind], (0, 0, 1, 1)))
    svg.draw(ellipse(0, 0, r * 0.935), svg.rad([(pith, 1, 0.7), (mix(pith, rind, 0.22), 1, 1)]))
    juicy: list[Stop] = [
        (lighten(flesh, 0.42), 1, 0),
        (flesh, 1, 0.55),
        (mix(flesh, rind, 0.75), 1, 1),
    ]
    segments, fibres = _segments(fruit, r, math.radians(turn))
    svg.draw(segments, svg.rad(juicy, (0, 0), r * 0.9, user=True))
    svg.stroke(fibres, lighten(flesh, 0.65), r * 0.013, 0.55)
    svg.draw(ellipse(0, 0, r * 0.06), pith)
    gloss: list[Stop] = [
        ("#ffffff", 0.42, 0),
        ("#ffffff", 0.04, 0.42),
        ("#301000", 0, 0.6),
        ("#301000", 0.20, 1),
    ]
    svg.draw(ellipse(0, 0, r), svg.lin(gloss, (0.1, 0, 0.9, 1)))


def _segments(fruit: Prop, r: float, turn: float) -> tuple[Path, Path]:
    rng = seeded_random(round(r * 100), f"fibres of {fruit}")
    segments, fibres = Path(), Path()
    sweep = math.tau / 10
    for i in range(10):
        start = turn + sweep * i
        segments.extend(wedge(r, start, sweep))
        for _ in range(10):
            a, d = start + rng.uniform(0.14, 0.48), rng.uniform(0.25, 0.72) * r
            end = d + r * rng.uniform(0.04, 0.11)
            fibres.move(math.cos(a) * d, math.sin(a) * d)
            fibres.line(math.cos(a) * end, math.sin(a) * end)
    return segments, fibres


def leaf(svg: Svg, length: float, color: str) -> None:
    """Draw a leaf from the origin to the right, with its veins."""
    lit = [lighten(color, 0.42), color, mix(color, "#003020", 0.5)]
    svg.draw(leaf_path(length), svg.lin(lit, (0, 0, 0, 1)))
    veins = Path().move(0, 0).line(length * 0.95, 0)
    for i in range(1, 6):
        for side in (-1, 1):
            veins.move(length * 0.14 * i, 0)
            veins.line(length * (0.14 * i + 0.13), side * length * (0.20 - 0.018 * i))
    svg.stroke(veins, lighten(color, 0.6), length * 0.016, 0.5)


def _bean(svg: Svg, size: float, _colors: Palette) -> None:
    roast: list[Stop] = [("#a87048", 1, 0), ("#6b3d22", 1, 0.45), ("#29140a", 1, 1)]
    svg.draw(ellipse(0, 0, size, size * 0.68), svg.rad(roast, (0.35, 0.28), 0.75))
    crack = Path().move(-size * 0.92, 0)
    crack.cubic(-size * 0.35, size * 0.38, size * 0.35, -size * 0.38, size * 0.92, 0)
    svg.stroke(crack, "#1a0d06", size * 0.14)
    svg.stroke(crack.moved(0, size * 0.09), "#b98556", size * 0.05, 0.45)
    light = ellipse(-size * 0.3, -size * 0.34, size * 0.32, size * 0.09)
    svg.draw(light, "#ffffff", fill_opacity=0.34)


def _berry(svg: Svg, r: float, colors: Palette) -> None:
    skin = berry_color(colors)
    ball: list[Stop] = [(lighten(skin, 0.60), 1, 0), (skin, 1, 0.40), (darken(skin, 0.66), 1, 1)]
    svg.draw(ellipse(0, 0, r), svg.rad(ball, (0.36, 0.30), 0.75))
    svg.draw(ellipse(-r * 0.34, -r * 0.42, r * 0.22, r * 0.15), "#ffffff", fill_opacity=0.9)
    bounce = svg.rad([(lighten(skin, 0.55), 0.55), (lighten(skin, 0.55), 0)])
    svg.draw(ellipse(r * 0.22, r * 0.52, r * 0.46, r * 0.24), bounce)


def _ice(svg: Svg, r: float, _colors: Palette) -> None:
    cube = rounded(-r, -r, 2 * r, 2 * r, r=r * 0.24)
    shell: list[Stop] = [
        ("#ffffff", 0.90, 0),
        ("#dcf1fa", 0.46, 0.35),
        ("#a4cfe3", 0.55, 0.7),
        ("#ffffff", 0.80, 1),
    ]
    svg.draw(cube, svg.lin(shell, (0, 0, 1, 1)))
    top = polygon(
        [(-r * 0.78, -r * 0.60), (r * 0.55, -r * 0.80), (r * 0.80, -r * 0.42), (-r * 0.5, -r * 0.2)]
    )
    svg.draw(top, "#ffffff", fill_opacity=0.45)
    core = rounded(-r * 0.58, -r * 0.30, r * 1.2, r * 1.0, r=r * 0.25)
    svg.draw(core, svg.lin([("#6fa9c6", 0.40), ("#ffffff", 0.10)], (0, 0, 1, 1)))
    cracks = polygon([(-r * 0.5, r * 0.7), (-r * 0.1, r * 0.1), (r * 0.35, r * 0.25)], close=False)
    svg.stroke(cracks, "#ffffff", r * 0.035, 0.7)
    svg.stroke(cube, "#ffffff", r * 0.06, 0.85)


def _petal(svg: Svg, size: float, colors: Palette) -> None:
    shape = Path().move(-size * 0.5, 0)
    shape.cubic(0, -size * 0.55, size * 0.6, -size * 0.32, size * 0.5, size * 0.06)
    shape.cubic(size * 0.4, size * 0.42, -size * 0.2, size * 0.38, -size * 0.5, 0).close()
    fill = svg.lin([darken(colors.main, 0.16), colors.main, lighten(colors.soft, 0.3)])
    svg.draw(shape, fill)
    fold = Path().move(-size * 0.45, 0).quad(0, -size * 0.12, size * 0.40, -size * 0.05)
    svg.stroke(fold, lighten(colors.soft, 0.5), size * 0.025, 0.5)


def _pebble(svg: Svg, r: float, _colors: Palette) -> None:
    stone: list[Stop] = [("#9fa4ab", 1, 0), ("#565a61", 1, 0.5), ("#1d1f23", 1, 1)]
    svg.draw(ellipse(0, 0, r, r * 0.46), svg.rad(stone, (0.36, 0.22), 0.85))
    svg.draw(ellipse(-r * 0.28, -r * 0.24, r * 0.36, r * 0.07), "#ffffff", fill_opacity=0.22)


SINGLE: dict[Prop, Callable[[Svg, float, Palette], None]] = {
    Prop.BEANS: _bean,
    Prop.BERRY: _berry,
    Prop.ICE: _ice,
    Prop.PETAL: _petal,
    Prop.PEBBLE: _pebble,
}
"""The drawing function of each small prop, apart from leaves."""
