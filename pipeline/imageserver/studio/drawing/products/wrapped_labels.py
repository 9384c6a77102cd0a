"""Labels wrapped round a profile: their outline, and the bend of flat paths onto it."""

import math

from pipeline.imageserver.studio.colors import NEAR_BLACK
from pipeline.imageserver.studio.drawing.products.label_designs import draw_label
from pipeline.imageserver.studio.drawing.products.labels import LabelPanel
from pipeline.imageserver.studio.scene.product_shapes import Label, ProductShape
from pipeline.imageserver.studio.scene.scene import Scene
from pipeline.imageserver.studio.vector.lathe import Profile, radius_at
from pipeline.imageserver.studio.vector.shapes import polygon
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Bend, Path, Point

PAPER: tuple[Stop, ...] = (
    (NEAR_BLACK, 0.50, 0),
    (NEAR_BLACK, 0.20, 0.09),
    (NEAR_BLACK, 0.04, 0.20),
    ("#ffffff", 0.16, 0.30),
    ("#ffffff", 0.05, 0.42),
    (NEAR_BLACK, 0.0, 0.54),
    (NEAR_BLACK, 0.10, 0.72),
    (NEAR_BLACK, 0.26, 0.88),
    (NEAR_BLACK, 0.16, 0.95),
    (NEAR_BLACK, 0.46, 1),
)
"""Light on paper round a cylinder, from its left edge to its right."""
METAL: tuple[Stop, ...] = (
    (NEAR_BLACK, 0.62, 0),
    (NEAR_BLACK, 0.30, 0.05),
    ("#ffffff", 0.10, 0.11),
    ("#ffffff", 0.50, 0.19),
    ("#ffffff", 0.42, 0.23),
    ("#ffffff", 0.06, 0.30),
    (NEAR_BLACK, 0.0, 0.45),
    (NEAR_BLACK, 0.10, 0.62),
    (NEAR_BLACK, 0.36, 0.80),
    (NEAR_BLACK, 0.30, 0.86),
    ("#ffffff", 0.26, 0.92),
    ("#ffffff", 0.10, 0.95),
    (NEAR_BLACK, 0.60, 1),
)
"""Light on printed metal: harder, with a bright strip and a rim."""


def label_outline(profile: Profile, label: Label) -> Path:
    """Return the outline of a label wrapped round a profile."""

    def point(angle: float, z: float) -> Point:
        r = radius_at(z, profile)
        return (r * math.sin(angle), -z + label.bend * r * (math.cos(angle) - 1))

    arc, low, high = label.arc, label.low, label.high
    angles = [arc * (i / 12 - 1) for i in range(25)]
    sides = [low + (high - low) * i / 12 for i in range(13)]
    return polygon(
        [
            *(point(a, high) for a in angles),
            *(point(arc, z) for z in reversed(sides)),
            *(point(a, low) for a in reversed(angles)),
            *(point(-arc, z) for z in sides),
        ]
    )


def _bend_round(profile: Profile, label: Label, radius: float) -> Bend:
    sag = label.bend * radius

    def bend(u: float, v: float) -> Point:
        angle = max(-math.pi / 2, min(math.pi / 2, u / radius))
        here = radius_at(-v, profile) / radius
        return (radius * math.sin(angle) * here, v + sag * (math.cos(angle) - 1))

    return bend


def wrapped_label(
    svg: Svg, scene: Scene, shape: ProductShape, *, paper: str = "", plain: bool = False
) -> None:
    """Draw the product's label, lit like the cylinder under it."""
    label = shape.label
    if label is None:
        return
    radius = max(radius_at(label.low, shape.profile), radius_at(label.high, shape.profile))
    region = label_outline(shape.profile, label)
    full = label.high - label.low > 0.75 * shape.profile[-1][1]
    panel = LabelPanel(
        top=-label.high - label.bend * radius * 0.1,
        height=label.high - label.low + label.bend * radius * 0.2,
        front=radius * label.front,
        half=radius * label.arc,
        bend=_bend_round(shape.profile, label, radius),
        paper=paper,
        plain=plain,
        pack=full,
    )
    if not plain and not full:
        svg.draw(region.moved(0.5, 0.9), "#000000", fill_opacity=0.20)
    with svg.group(clip_path=svg.clip(region)):
        canvas = draw_label(svg, scene, panel)
    if not plain:
        lit = METAL if full else PAPER
        svg.draw(region, svg.lin(lit, (-radius, 0, radius, 0), user=True))
    canvas.draw_text()
