"""Bottle, wine bottle and dropper: a glass shell, what is in it, a label, a closure."""

import math
from dataclasses import dataclass

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import lighten
from pipeline.engine.studio.drawing.marks import GOLD, cylinder, glare
from pipeline.engine.studio.drawing.wraps import wrapped_label
from pipeline.engine.studio.scene.nouns import Family, Glass, Scene
from pipeline.engine.studio.scene.products import Product, product
from pipeline.engine.studio.vector.lathe import lathe, radius_at
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon
from pipeline.engine.studio.vector.svg import Svg


@dataclass(frozen=True, slots=True)
class Tint:
    """How coloured glass looks: its body, and the light that comes through it."""

    body: str
    glow: str


TINTS = {
    Glass.AMBER: Tint("#7a3b12", "#ffad52"),
    Glass.GREEN: Tint("#1f4a30", "#8fd69a"),
    Glass.BLUE: Tint("#173a86", "#7fb2ff"),
    Glass.BLACK: Tint("#17161a", "#6b6670"),
}


def glassware(svg: Svg, scene: Scene) -> Path:
    """Draw the vessel with its foot at the origin; returns its silhouette."""
    shape = product(scene)
    outline = lathe(shape.profile)
    radius = shape.profile[3][0]
    if scene.glass in TINTS:
        _tinted(svg, TINTS[scene.glass], shape, outline)
    else:
        _clear(svg, scene, shape, outline)
    svg.stroke(outline, "#ffffff", 0.7, 0.6)
    wrapped_label(svg, scene, shape)
    clear = scene.glass not in TINTS
    with svg.group(clip_path=svg.clip(outline)):
        glare(
            svg,
            -radius * 0.70,
            radius * 0.22,
            (9, shape.level * 1.03),
            alpha=0.75 if clear else 0.6,
        )
        glare(svg, radius * 0.80, radius * 0.12, (9, shape.level * 0.98), alpha=0.5)
        if scene.family is not Family.DROPPER:
            neck = shape.profile[-1][1]
            glare(svg, -radius * 0.27, 3.4, (shape.level * 0.96, neck), alpha=0.6)
    _closure(svg, scene)
    return outline


def _clear(svg: Svg, scene: Scene, shape: Product, outline: Path) -> None:
    colors = scene.palette
    radius, level = shape.profile[3][0], shape.level
    inner = lathe(tuple((x * 0.925, z) for x, z in shape.profile), 5, level)
    svg.draw(
        outline,
        svg.lin(
            [
                ("#8fa9ad", 0.65),
                ("#f4fbfb", 0.30),
                ("#ffffff", 0.55),
                ("#e8f2f2", 0.25),
                ("#86a0a4", 0.70),
            ]
        ),
    )
    svg.draw(inner, cylinder(svg, radius, colors.main, edge=0.42, alpha=0.96))
    svg.draw(
        inner,
        svg.lin(
            [
                ("#ffffff", 0.42, 0),
                ("#ffffff", 0.10, 0.25),
                ("#2a0800", 0.02, 0.6),
                ("#2a0800", 0.34, 1),
            ],
            (0, 0, 0, 1),
        ),
    )
    pale = lighten(colors.soft, 0.35)
    svg.draw(ellipse(0, -26, 30, 20), svg.rad([(pale, 0.75), (colors.soft, 0)]))
    rng = stream(scene.seed, "bubbles")
    with svg.group(clip_path=svg.clip(inner), fill_opacity=".38"):
        bubbles = Path()
        for _ in range(80):
            x, y = rng.uniform(-32, 32), -rng.uniform(6, level)
            bubbles.extend(ellipse(x, y, rng.uniform(0.4, 1.3)))
        svg.draw(bubbles, "#ffffff")
    top = [(lighten(colors.main, 0.3), 0.9), (lighten(colors.soft, 0.6), 0.9)]
    svg.draw(ellipse(0, -level, radius_at(level, shape.profile) * 0.91, 1.8), svg.lin(top))


def _tinted(svg: Svg, tint: Tint, shape: Product, outline: Path) -> None:
    radius = shape.profile[3][0]
    inner = lathe(tuple((x * 0.925, z) for x, z in shape.profile), 5, shape.level)
    svg.draw(outline, cylinder(svg, radius, tint.body, edge=0.72, shine=0.30))
    svg.draw(
        inner,
        svg.lin([(tint.glow, 0.30, 0), ("#000000", 0.10, 0.5), ("#000000", 0.5, 1)], (0, 0, 0, 1)),
    )
    svg.draw(
        ellipse(radius * 0.42, -24, radius * 0.5, 22), svg.rad([(tint.glow, 0.55), (tint.glow, 0)])
    )


def _closure(svg: Svg, scene: Scene) -> None:
    match scene.family:
        case Family.WINE:
            _capsule(svg, scene.palette.accent)
        case Family.DROPPER:
            _pipette(svg)
        case _:
            _crown_cap(svg, scene.palette.main)


def _crown_cap(svg: Svg, color: str) -> None:
    cap = lathe(((17.6, 221), (18.2, 225), (17.2, 234), (14.5, 239), (8, 240.5)), top=0.02)
    svg.draw(cap, cylinder(svg, 18, color, edge=0.55, shine=0.60))
    for i in range(13):
        angle = -1.35 + 2.7 * i / 12
        flute = [(17.6 * math.sin(angle), -222.0), (15.9 * math.sin(angle), -234.0)]
        svg.stroke(polygon(flute, close=False), "#1a0a00", 0.55, 0.28)
    svg.draw(ellipse(-4, -237, 8, 1.7), "#ffffff", opacity=0.45)


def _capsule(svg: Svg, color: str) -> None:
    foil = lathe(((14, 222), (14.2, 260), (15.6, 263), (15.6, 274)))
    svg.draw(foil, cylinder(svg, 15, color, edge=0.5, shine=0.4))
    svg.draw(lathe(((14.1, 226), (14.1, 229))), cylinder(svg, 15, GOLD, edge=0.5, shine=0.6))


def _pipette(svg: Svg) -> None:
    collar = lathe(((17, 110), (17.8, 113), (17.8, 136), (15.5, 138)))
    svg.draw(collar, cylinder(svg, 17.5, GOLD, edge=0.55, shine=0.62))
    for i in range(17):
        x = 17.2 * math.sin(-1.4 + 2.8 * i / 16)
        svg.stroke(polygon([(x, -112), (x, -135)], close=False), "#4a3208", 0.4, 0.25)
    teat = lathe(((9.5, 138), (10, 145), (11, 160), (9, 170), (3, 176)))
    svg.draw(teat, cylinder(svg, 11, "#1d1d21", edge=0.55, shine=0.40))
