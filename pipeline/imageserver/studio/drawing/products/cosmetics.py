"""Cosmetics: pump bottle and lipstick."""

import math

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import GOLD, brushed, cylinder, lacquer, sheen
from pipeline.imageserver.studio.drawing.products.glassware import TINTS
from pipeline.imageserver.studio.drawing.products.labels import label_color
from pipeline.imageserver.studio.drawing.products.wrapped_labels import wrapped_label
from pipeline.imageserver.studio.scene.product_shapes import product_shape
from pipeline.imageserver.studio.scene.scene import Family, Scene, Style
from pipeline.imageserver.studio.vector.lathe import lathe, strip
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

_PALE = 0.6
_BLACK = "#1b1a1d"
_CAP = 54.0
"""Distance of the cap to the right of the lipstick."""


def pump(svg: Svg, scene: Scene) -> Path:
    """Draw a bottle for shampoo or lotion, its label round it, a pump on top."""
    shape = product_shape(scene)
    outline = lathe(shape.profile)
    tint = TINTS.get(scene.glass)
    base = tint.body if tint else label_color(scene)
    svg.draw(outline, cylinder(svg, 37, base, edge=0.42, shine=0.48))
    low: list[Stop] = [(NEAR_BLACK, 0, 0.55), (NEAR_BLACK, 0.20, 1)]
    svg.draw(outline, svg.lin(low, (0, 0, 0, 1)))
    if tint:
        glow = svg.rad([(tint.spark, 0.75, 0), (tint.glow, 0.35, 0.5), (tint.glow, 0, 1)])
        with svg.group(clip_path=svg.clip(outline)):
            svg.draw(ellipse(8, -18, 27, 24), glow)
    wrapped_label(svg, scene, shape)
    with svg.group(clip_path=svg.clip(outline)):
        sheen(svg, strip(shape.profile, (5, 158), (-0.83, -0.64)), 0.42)
        sheen(svg, strip(shape.profile, (5, 150), (0.87, 0.94)), 0.34)
    svg.stroke(outline, "#ffffff", 0.5, 0.35)
    _spout(svg, scene, base)
    return outline


def _spout(svg: Svg, scene: Scene, base: str) -> None:
    """Draw collar, stem and head: gold in the style `lux`, else black or white."""
    if asked := scene.part("pump", "cap", "lid"):
        color = asked
    elif scene.style is Style.LUX:
        color = GOLD
    else:
        color = _BLACK if luminance(base) > _PALE or scene.glass in TINTS else "#f4f2ee"
    stem = lathe(((5, 176), (5, 194)), bottom=0.05)
    svg.draw(stem, cylinder(svg, 5, mix(color, "#8f8f94", 0.35), edge=0.5))
    head = Path().move(13, -193).line(13, -203).quad(12, -209, 4, -209.5).line(-20, -209.5)
    head.cubic(-36, -209.5, -44, -204, -45, -194).line(-39.5, -193.4)
    head.cubic(-38, -199, -33, -200.4, -22, -200.2).cubic(-15, -200, -13, -197, -12, -193).close()
    svg.draw(head, svg.lin([lighten(color, 0.5), color, darken(color, 0.34)], (0, 0, 0.25, 1)))
    gleam = Path().move(-39, -201).cubic(-33, -206.6, -24, -207.4, -16, -207.4).line(6, -207.4)
    svg.stroke(gleam, "#ffffff", 1.3, 0.65)
    svg.draw(ellipse(0.5, -193, 12.5, 1.7), darken(color, 0.55))
    svg.draw(lathe(((14, 158), (15.4, 160)), bottom=0.09), NEAR_BLACK, fill_opacity=0.30)
    collar = lathe(((15.4, 160), (15.8, 162), (15.8, 174), (14.2, 177)), top=0.05)
    metal = color == GOLD
    svg.draw(collar, brushed(svg, 15.8, color) if metal else lacquer(svg, 15.8, color))
    ribs = Path()
    for i in range(23):
        x = 15.5 * math.sin(-1.42 + 2.84 * i / 22)
        sag = 1.5 * (1 - (x / 15.8) ** 2)
        ribs.extend(polygon([(x, -162 + sag), (x, -173.4 + sag)], close=False))
    svg.stroke(ribs, darken(color, 0.7), 0.4, 0.28)


def lipstick(svg: Svg, scene: Scene) -> Path:
    """Draw a lipstick turned out of its case, with its cap beside it."""
    color = scene.palette.main
    dark = luminance(scene.backdrop) < 0.02  # noqa: PLR2004 - black on black
    case = scene.part("cap", "lid") or ("#34323a" if dark else _BLACK)
    cap = lathe(((20, 0), (20.8, 2), (20.8, 84), (19.6, 87)), top=0.05).moved(_CAP, 4)
    with svg.at(_CAP, 4):
        svg.draw(cap.moved(-_CAP, -4), brushed(svg, 20.8, case))
        svg.draw(ellipse(0, -87, 19.6, 2.0), lighten(case, 0.22))
        svg.draw(lathe(((21, 6), (21, 9))), brushed(svg, 21, GOLD))
    stick = _bullet()
    svg.draw(stick, lacquer(svg, 13.2, color))
    with svg.group(clip_path=svg.clip(stick)):
        face = Path().move(-13.4, -141).cubic(-10, -158, 6, -167, 11.5, -163)
        face.cubic(15, -158, 2, -140, -6, -136).cubic(-11, -134, -13.4, -137, -13.4, -141).close()
        cut = svg.lin([lighten(color, 0.46), lighten(color, 0.14)], (0.2, 0, 0.8, 1))
        svg.draw(face, cut)
        svg.stroke(face, lighten(color, 0.6), 0.7, 0.6)
    collar = lathe(((16.2, 64), (16.2, 104), (15.2, 106)), top=0.06)
    svg.draw(collar, brushed(svg, 16.2, GOLD))
    svg.draw(ellipse(0, -106, 15.0, 1.9), darken(GOLD, 0.42))
    svg.draw(lathe(((13.2, 105), (13.2, 111))), lacquer(svg, 13.2, darken(color, 0.25)))
    for z in (72.0, 97.0):
        line = Path().move(-16.1, -z).quad(0, -z + 3.2, 16.1, -z)
        svg.stroke(line, darken(GOLD, 0.6), 0.5, 0.45)
    base = lathe(((20, 0), (20.8, 2), (20.8, 64), (19.6, 66)), top=0.06)
    svg.draw(base, brushed(svg, 20.8, case))
    svg.draw(ellipse(0, -66, 19.6, 2.3), svg.lin([lighten(case, 0.30), darken(case, 0.2)]))
    svg.draw(ellipse(0, -66, 16.4, 1.8), darken(GOLD, 0.55))
    svg.draw(lathe(((16.2, 64.6), (16.2, 70))), brushed(svg, 16.2, GOLD))
    svg.draw(lathe(((21, 55), (21, 58.5))), brushed(svg, 21, GOLD))
    _monogram(svg)
    return Path().extend(base).extend(collar).extend(stick).extend(cap)


def _bullet() -> Path:
    """Return the outline of the stick with its slanted tip."""
    stick = Path().move(-13.2, -104).line(-13.2, -141).cubic(-11, -157, 4, -168, 10.6, -164.5)
    stick.cubic(13.2, -163, 13.2, -158, 13.2, -152).line(13.2, -104)
    return stick.quad(0, -101.4, -13.2, -104).close()


def _monogram(svg: Svg) -> None:
    """Draw a gilt lozenge on the case."""
    for r, width in ((6.4, 0.7), (3.9, 0.45)):
        svg.stroke(polygon([(0, -30 - r), (r, -30), (0, -30 + r), (-r, -30)]), GOLD, width, 0.95)
    svg.draw(rounded(-0.9, -30.9, 1.8, 1.8, r=0.9), GOLD)


COSMETICS = {Family.PUMP: pump, Family.LIPSTICK: lipstick}
"""The drawing function of each family."""
