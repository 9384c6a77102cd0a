"""Glassware: bottle, wine bottle and dropper, each with content, label and closure."""

import math
from dataclasses import dataclass

from pipeline.imageserver.studio.colors import darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import GOLD, brushed, lacquer, sheen
from pipeline.imageserver.studio.drawing.products.wrapped_labels import wrapped_label
from pipeline.imageserver.studio.scene.product_shapes import ProductShape, product_shape
from pipeline.imageserver.studio.scene.scene import Family, Glass, Scene
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.lathe import inset, lathe, radius_at, strip
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

WALL = 2.4
"""Thickness of the glass."""
FLOOR = 8.0
"""Thickness of the bottom."""


@dataclass(frozen=True, slots=True)
class Tint:
    """Colours of tinted glass, from its dark edges to the light that shines through."""

    edge: str
    body: str
    glow: str
    spark: str


TINTS = {
    Glass.AMBER: Tint("#2e0f03", "#8a3c0d", "#dd7f22", "#ffbf66"),
    Glass.GREEN: Tint("#07190f", "#1c4a2d", "#3b7f4c", "#a6e0a4"),
    Glass.BLUE: Tint("#071335", "#153a8c", "#2f68cf", "#9cc4ff"),
    Glass.BLACK: Tint("#060607", "#17171a", "#2b2b30", "#85858e"),
}


def tint_of(color: str) -> Tint:
    """Return glass or glaze of any colour."""
    deep = luminance(color) < _DEEP
    return Tint(
        darken(color, 0.72),
        darken(color, 0.18),
        lighten(color, 0.20 if deep else 0.06),
        lighten(color, 0.55 if deep else 0.75),
    )


_DEEP = 0.25
_WINE = Tint("#040b07", "#10291a", "#2b5a39", "#93c79c")
"""Green glass filled with wine or oil."""


def glassware(svg: Svg, scene: Scene) -> Path:
    """Draw the vessel with its foot at the origin; returns its silhouette."""
    shape = product_shape(scene)
    outline = lathe(shape.profile)
    dark = scene.family is Family.WINE and scene.glass is Glass.GREEN
    tint = tint_of(scene.own) if scene.own else _WINE if dark else TINTS.get(scene.glass)
    if tint:
        _tinted(svg, tint, shape, outline)
    else:
        _clear(svg, scene, shape, outline)
    with svg.group(clip_path=svg.clip(outline)):
        _softboxes(svg, shape, strong=0.62 if tint else 0.85)
    wrapped_label(svg, scene, shape)
    with svg.group(clip_path=svg.clip(outline)):
        _over_label(svg, shape)
    svg.stroke(outline, "#ffffff", 0.5, 0.35)
    _closure(svg, scene)
    return outline


def _clear(svg: Svg, scene: Scene, shape: ProductShape, outline: Path) -> None:
    main = scene.palette.main
    radius, level = shape.profile[3][0], shape.level
    shell: list[Stop] = [
        ("#5f7a80", 0.62, 0),
        ("#d7e6e8", 0.42, 0.08),
        ("#ffffff", 0.20, 0.25),
        ("#ffffff", 0.10, 0.55),
        ("#e6f0f1", 0.34, 0.90),
        ("#5f7a80", 0.62, 1),
    ]
    svg.draw(outline, svg.lin(shell, (-radius, 0, radius, 0), user=True))
    inner = lathe(inset(shape.profile, WALL, FLOOR), FLOOR, level, bottom=0.10, top=0.10)
    veil = 0.93
    through: list[Stop] = [
        (darken(main, 0.52), veil, 0),
        (darken(main, 0.30), veil, 0.06),
        (darken(main, 0.10), veil, 0.16),
        (lighten(main, 0.10), veil, 0.34),
        (lighten(main, 0.24), veil, 0.56),
        (lighten(main, 0.06), veil, 0.74),
        (darken(main, 0.20), veil, 0.90),
        (darken(main, 0.46), veil, 1),
    ]
    svg.draw(inner, svg.lin(through, (-radius, 0, radius, 0), user=True))
    depth: list[Stop] = [
        ("#ffffff", 0.34, 0),
        ("#ffffff", 0.10, 0.22),
        ("#2a0800", 0.0, 0.55),
        ("#2a0800", 0.30, 1),
    ]
    svg.draw(inner, svg.lin(depth, (0, 0, 0, 1)))
    pale = lighten(scene.palette.soft, 0.35)
    with svg.group(clip_path=svg.clip(inner)):
        svg.draw(ellipse(radius * 0.15, -22, radius * 0.75, 19), svg.rad([(pale, 0.85), (pale, 0)]))
        _bubbles(svg, scene, shape)
    _meniscus(svg, shape, main)
    _thick_base(svg, shape, main)


def _bubbles(svg: Svg, scene: Scene, shape: ProductShape) -> None:
    rng = seeded_random(scene.seed, "bubbles")
    bubbles = Path()
    for _ in range(90):
        z = 10 + (shape.level - 12) * rng.random() ** 0.8
        r = radius_at(z, shape.profile) - WALL
        bubbles.extend(ellipse(rng.uniform(-0.94, 0.94) * r, -z, rng.uniform(0.35, 1.15)))
    svg.draw(bubbles, "#ffffff", fill_opacity=0.36)


def _meniscus(svg: Svg, shape: ProductShape, color: str) -> None:
    r = radius_at(shape.level, shape.profile) - WALL
    y = -shape.level
    surface = svg.lin([darken(color, 0.15), lighten(color, 0.45), darken(color, 0.10)])
    svg.draw(ellipse(0, y, r, r * 0.12), surface)
    svg.stroke(ellipse(0, y, r, r * 0.12), lighten(color, 0.6), 0.5, 0.7)


def _thick_base(svg: Svg, shape: ProductShape, color: str) -> None:
    r = shape.profile[2][0]
    base = lathe(shape.profile, 0, FLOOR + 1)
    lens: list[Stop] = [
        (darken(color, 0.6), 0.55, 0),
        ("#ffffff", 0.75, 0.14),
        (lighten(color, 0.5), 0.55, 0.34),
        (darken(color, 0.25), 0.40, 0.58),
        ("#ffffff", 0.60, 0.84),
        (darken(color, 0.6), 0.60, 1),
    ]
    svg.draw(base, svg.lin(lens, (-r, 0, r, 0), user=True))
    rim = Path().move(-r * 0.82, -1.2).quad(0, 5.4, r * 0.82, -1.2)
    svg.stroke(rim, "#ffffff", 0.9, 0.75)


def _tinted(svg: Svg, tint: Tint, shape: ProductShape, outline: Path) -> None:
    radius = shape.profile[3][0]
    across: list[Stop] = [
        (tint.edge, 1, 0),
        (mix(tint.edge, tint.body, 0.6), 1, 0.07),
        (tint.body, 1, 0.18),
        (mix(tint.body, tint.glow, 0.55), 1, 0.36),
        (tint.glow, 1, 0.52),
        (mix(tint.body, tint.glow, 0.5), 1, 0.66),
        (tint.body, 1, 0.80),
        (mix(tint.edge, tint.body, 0.45), 1, 0.93),
        (tint.edge, 1, 1),
    ]
    svg.draw(outline, svg.lin(across, (-radius, 0, radius, 0), user=True))
    neck = strip(shape.profile, (shape.level, shape.profile[-1][1]), (-0.86, 0.86))
    empty: list[Stop] = [
        (tint.spark, 0.0, 0),
        (tint.spark, 0.34, 0.3),
        (tint.spark, 0.42, 0.6),
        (tint.spark, 0.0, 1),
    ]
    svg.draw(neck, svg.lin(empty))
    inner = lathe(inset(shape.profile, WALL, FLOOR), FLOOR, shape.level, top=0.10)
    depth: list[Stop] = [
        (tint.edge, 0.55, 0),
        (tint.edge, 0.22, 0.10),
        (tint.edge, 0.0, 0.40),
        (tint.edge, 0.12, 0.62),
        (tint.edge, 0.42, 1),
    ]
    svg.draw(inner, svg.lin(depth, (0, 0, 0, 1)))
    r = radius_at(shape.level, shape.profile) - WALL
    svg.stroke(ellipse(0, -shape.level, r, r * 0.12), tint.spark, 0.7, 0.55)
    with svg.group(clip_path=svg.clip(outline)):
        svg.draw(
            ellipse(radius * 0.22, -14, radius * 0.72, 22),
            svg.rad([(tint.spark, 0.85, 0), (tint.spark, 0.30, 0.5), (tint.spark, 0, 1)]),
        )
        shoulder = shape.level * 0.78
        svg.draw(
            ellipse(radius * 0.25, -shoulder, radius * 0.50, 34),
            svg.rad([(tint.spark, 0.38), (tint.spark, 0)]),
        )
    lip = Path().move(-radius * 0.78, -1.4).quad(0, 5.2, radius * 0.78, -1.4)
    svg.stroke(lip, tint.spark, 1.0, 0.65)


def _softboxes(svg: Svg, shape: ProductShape, *, strong: float) -> None:
    """Draw the softbox reflections at the left and the right, along the profile of the glass."""
    profile = shape.profile
    top = profile[-1][1]
    shoulder = min(top, shape.level * 1.02)
    sheen(svg, strip(profile, (9, shoulder), (-0.84, -0.60)), strong)
    sheen(svg, strip(profile, (12, shoulder), (-0.545, -0.50)), strong * 0.5)
    sheen(svg, strip(profile, (9, shoulder), (0.84, 0.93)), strong * 0.62)
    sheen(svg, strip(profile, (shoulder, top - 1), (-0.62, -0.34)), strong * 0.75)
    sheen(svg, strip(profile, (shoulder, top - 1), (0.66, 0.80)), strong * 0.45)


def _over_label(svg: Svg, shape: ProductShape) -> None:
    label = shape.label
    if label is None:
        return
    span = (label.low, label.high)
    sheen(svg, strip(shape.profile, span, (-0.84, -0.62)), 0.16)


def _closure(svg: Svg, scene: Scene) -> None:
    match scene.family:
        case Family.WINE:
            _capsule(svg, scene.part("cap", "lid", "stopper") or scene.palette.accent)
        case Family.DROPPER:
            _pipette(svg, scene.part("cap", "lid"))
        case _:
            _crown_cap(svg, scene.part("cap", "lid", "stopper") or scene.palette.main)


def _crown_cap(svg: Svg, color: str) -> None:
    """Draw a crown cap: a fluted skirt that flares, a shallow dome."""
    skirt = Path().move(-18.2, -224.5)
    flutes = 15
    for i in range(flutes):
        a0, a1 = math.pi * i / flutes, math.pi * (i + 1) / flutes
        x0, x1 = -18.2 * math.cos(a0), -18.2 * math.cos(a1)
        sag = 2.0 * math.sin((a0 + a1) / 2)
        skirt.quad((x0 + x1) / 2, -221.6 + sag, x1, -224.5 + 2.0 * math.sin(a1))
    skirt.line(15.6, -236).quad(15, -239.6, 10, -241).quad(0, -243.4, -10, -241)
    skirt.quad(-15, -239.6, -15.6, -236).close()
    svg.draw(skirt, lacquer(svg, 18, color))
    for i in range(flutes):
        angle = math.pi * (i + 0.5) / flutes - math.pi / 2
        x0, x1 = 17.4 * math.sin(angle), 15.2 * math.sin(angle)
        groove = polygon([(x0, -224.6 + 1.6 * math.cos(angle)), (x1, -235.6)], close=False)
        svg.stroke(groove, darken(color, 0.75), 0.9, 0.38)
        svg.stroke(groove.moved(0.8, 0), lighten(color, 0.6), 0.5, 0.45)
    dome: list[Stop] = [(lighten(color, 0.45), 0.9, 0), (color, 0.0, 1)]
    svg.draw(ellipse(-3, -238.8, 10, 2.6), svg.rad(dome))
    svg.stroke(
        Path().move(-15.2, -236.2).quad(0, -233.2, 15.2, -236.2), darken(color, 0.5), 0.5, 0.4
    )


def _capsule(svg: Svg, color: str) -> None:
    foil = lathe(((14.6, 216), (14.2, 226), (14, 258), (15.4, 261), (15.4, 275)))
    svg.draw(foil, lacquer(svg, 15, color))
    svg.draw(lathe(((14.5, 229), (14.4, 232.5))), brushed(svg, 15, GOLD))
    svg.stroke(Path().move(-15.3, -261).quad(0, -259.6, 15.3, -261), darken(color, 0.6), 0.5, 0.5)


def _pipette(svg: Svg, color: str) -> None:
    """Draw a collar and a rubber teat: gilt and black, or in the requested colour."""
    collar = lathe(((18, 119), (18.6, 121), (18.6, 148), (16.8, 150.5)), top=0.03)
    svg.draw(collar, brushed(svg, 18.6, lighten(color, 0.12) if color else GOLD))
    grooves = Path()
    for i in range(25):
        x = 18.3 * math.sin(-1.45 + 2.9 * i / 24)
        grooves.extend(polygon([(x, -121.5), (x, -147.5)], close=False))
    svg.stroke(grooves, "#4a3208", 0.35, 0.30)
    svg.stroke(Path().move(-18.6, -120.4).quad(0, -117.6, 18.6, -120.4), "#3a2606", 0.6, 0.5)
    teat = lathe(
        ((10.5, 149), (10.8, 153), (12.4, 162), (12.0, 176), (9.5, 188), (5.5, 194), (1.5, 196))
    )
    if color:
        svg.draw(teat, lacquer(svg, 12, color))
        return
    rubber: list[Stop] = [
        ("#08080a", 1, 0),
        ("#1c1c20", 1, 0.12),
        ("#5b5b63", 1, 0.27),
        ("#2a2a2f", 1, 0.42),
        ("#17171a", 1, 0.70),
        ("#3c3c43", 1, 0.90),
        ("#0b0b0d", 1, 1),
    ]
    svg.draw(teat, svg.lin(rubber, (-12, 0, 12, 0), user=True))
