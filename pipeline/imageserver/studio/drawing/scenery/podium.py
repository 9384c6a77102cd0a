"""A round pedestal of plaster for products that deserve one."""

from pipeline.imageserver.studio.colors import darken, lighten, mix
from pipeline.imageserver.studio.drawing.marks import cylinder
from pipeline.imageserver.studio.drawing.scenery.backdrop import is_dark
from pipeline.imageserver.studio.scene.nouns import Scene
from pipeline.imageserver.studio.scene.products import PEDESTAL, extent
from pipeline.imageserver.studio.vector.lathe import lathe
from pipeline.imageserver.studio.vector.shapes import ellipse
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box

TILT = 0.15
"""How open its top is seen, in radii."""


def podium(scene: Scene, scale: float) -> Svg:
    """The pedestal's document in pixels: the middle of its top edge's front is the origin."""
    left, right = extent(scene)
    r = max(left, right) * 1.30
    base = mix(scene.backdrop, scene.palette.soft, 0.35)
    base = lighten(base, 0.10) if is_dark(scene) else lighten(base, 0.30)
    top, pad = r * TILT, 4.0
    svg = Svg(
        Box(
            -(r + pad) * scale,
            -(top + pad) * scale,
            2 * (r + pad) * scale,
            (PEDESTAL + 2 * top + 2 * pad) * scale,
        )
    )
    with svg.at(0, 0, scale):
        body = lathe(((r, -PEDESTAL), (r, 0)), bottom=TILT * 0.98, top=TILT * 0.98)
        svg.draw(body, cylinder(svg, r, darken(base, 0.10), edge=0.30, shine=0.35))
        lit: list[Stop] = [(lighten(base, 0.45), 1, 0), (lighten(base, 0.15), 1, 0.6), (base, 1, 1)]
        svg.draw(ellipse(0, 0, r, top), svg.lin(lit, (0, 0, 0.7, 1)))
        svg.stroke(ellipse(0, 0, r - 0.3, top - 0.2), "#ffffff", 0.5, 0.45)
    return svg
