"""Ring and loudspeaker."""

import math

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, luminance
from pipeline.imageserver.studio.drawing.materials import GOLD
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

_DIAMOND = "#dff1fa"


def ring(svg: Svg, scene: Scene) -> Path:
    """Draw a ring that stands upright, a cut stone in its claws."""
    metal, gem = scene.own or GOLD, scene.part("gem") or _DIAMOND
    cy, r, thick = -52.0, 46.0, 11.0
    for width, tone, dy in (
        (thick + 1.4, darken(metal, 0.62), 0.6),
        (thick, darken(metal, 0.18), 0.0),
        (thick * 0.66, lighten(metal, 0.22), -0.9),
        (thick * 0.22, lighten(metal, 0.75), -2.2),
    ):
        svg.stroke(ellipse(0, cy + dy, r), tone, width)
    inside = Path().move(-r + 7, cy + 8).cubic(-r + 8, cy + 34, r - 8, cy + 34, r - 7, cy + 8)
    svg.stroke(inside, darken(metal, 0.5), 2.0, 0.5)
    lit: list[Stop] = [(lighten(metal, 0.7), 1, 0), (metal, 1, 0.5), (darken(metal, 0.5), 1, 1)]
    for x in (-13, 13):
        claw = polygon([(x * 0.5, cy - r + 2), (x * 1.5, cy - r - 17), (x * 1.2, cy - r - 18)])
        svg.stroke(claw, metal, 3.4)
    head = polygon([(-10, cy - r + 4), (10, cy - r + 4), (15, cy - r - 9), (-15, cy - r - 9)])
    svg.draw(head, svg.lin(lit))
    return Path().extend(ellipse(0, cy, r + thick / 2)).extend(_stone(svg, gem, cy - r - 12))


def _stone(svg: Svg, gem: str, y: float) -> Path:
    """Draw a brilliant: its crown above the girdle, its pavilion below."""
    half, crown, deep = 27.0, 14.0, 22.0
    edge = [
        (-half, y),
        (-half * 0.58, y - crown),
        (half * 0.58, y - crown),
        (half, y),
        (0.0, y + deep),
    ]
    outline = polygon(edge)
    svg.draw(outline.moved(1, 2), NEAR_BLACK, fill_opacity=0.25)
    svg.draw(outline, svg.lin([lighten(gem, 0.5), gem, darken(gem, 0.35)], (0, 0, 1, 1)))
    knots = [-half, -half * 0.45, 0.0, half * 0.45, half]
    tables = [-half * 0.58, -half * 0.2, half * 0.2, half * 0.58]
    for i in range(4):
        tone = (lighten(gem, 0.55), darken(gem, 0.30), lighten(gem, 0.30), darken(gem, 0.15))[i]
        svg.draw(
            polygon([(knots[i], y), (knots[i + 1], y), (0, y + deep)]), tone, fill_opacity=0.75
        )
        top = polygon([(knots[i], y), (tables[i], y - crown), (knots[i + 1], y)])
        svg.draw(top, lighten(gem, 0.75 - 0.2 * i), fill_opacity=0.8)
    for i in range(3):
        facet = polygon([(tables[i], y - crown), (tables[i + 1], y - crown), (knots[i + 1], y)])
        svg.draw(
            facet, (darken(gem, 0.1), lighten(gem, 0.8), darken(gem, 0.2))[i], fill_opacity=0.6
        )
    svg.stroke(outline, lighten(gem, 0.85), 0.7, 0.8)
    for x, dy, size in ((-13, -8, 5.0), (15, 2, 3.4)):
        star = Path()
        for turn in range(4):
            a = math.tau * turn / 4
            star.extend(
                polygon(
                    [
                        (x + size * math.cos(a), y + dy + size * math.sin(a)),
                        (
                            x + size * 0.18 * math.cos(a + 0.8),
                            y + dy + size * 0.18 * math.sin(a + 0.8),
                        ),
                        (
                            x + size * 0.18 * math.cos(a - 0.8),
                            y + dy + size * 0.18 * math.sin(a - 0.8),
                        ),
                    ]
                )
            )
        svg.draw(star, "#ffffff")
    return outline


def speaker(svg: Svg, scene: Scene) -> Path:
    """Draw a portable loudspeaker: a rounded body, a woven grille, two end caps, a strap."""
    color = scene.own or scene.palette.main
    body = rounded(-104, -92, 208, 92, r=42)
    strap = Path().move(98, -62).cubic(122, -60, 122, -22, 98, -26)
    svg.stroke(strap, darken(color, 0.6), 6.0)
    svg.draw(body, svg.lin([lighten(color, 0.30), color, darken(color, 0.48)], (0, 0, 0, 1)))
    with svg.group(clip_path=svg.clip(body)):
        dots = Path()
        for row in range(19):
            for column in range(44):
                x = -104 + column * 4.8 + (2.4 if row % 2 else 0)
                dots.extend(ellipse(x, -90 + row * 4.8, 1.15))
        svg.draw(dots, NEAR_BLACK, fill_opacity=0.42)
        gloss: list[Stop] = [("#ffffff", 0.34, 0), ("#ffffff", 0.04, 0.3), (NEAR_BLACK, 0.36, 1)]
        svg.draw(body, svg.lin(gloss, (0, 0, 0, 1)))
        for side in (-1, 1):
            cap = rounded(side * 104 - 20, -96, 40, 100, r=18)
            tone = darken(color, 0.42) if luminance(color) > 0.1 else lighten(color, 0.2)  # noqa: PLR2004 - a cap must show
            svg.draw(cap, svg.lin([lighten(tone, 0.25), darken(tone, 0.4)], (0, 0, 0, 1)))
            svg.stroke(cap, lighten(color, 0.35), 1.0, 0.5)
    plate = rounded(-30, -60, 60, 26, r=13)
    svg.draw(plate.moved(0, 1.4), NEAR_BLACK, fill_opacity=0.3)
    svg.draw(plate, svg.lin([lighten(color, 0.16), darken(color, 0.22)], (0, 0, 0, 1)))
    for x, mark in ((-15, "-"), (15, "+")):
        svg.stroke(polygon([(x - 4, -47), (x + 4, -47)], close=False), "#ffffff", 1.8, 0.9)
        if mark == "+":
            svg.stroke(polygon([(x, -51), (x, -43)], close=False), "#ffffff", 1.8, 0.9)
    svg.stroke(body, darken(color, 0.6), 0.8, 0.5)
    return Path().extend(body)


SMALL_THINGS = {Family.RING: ring, Family.SPEAKER: speaker}
"""The drawing function of each family."""
