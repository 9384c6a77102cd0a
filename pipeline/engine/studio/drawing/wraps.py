"""Labels round a profile: the region that shows, and the bend that lays flat art on it."""

import math

from pipeline.engine.studio.drawing.labels import Panel, draw_label
from pipeline.engine.studio.drawing.marks import shade
from pipeline.engine.studio.scene.nouns import Scene
from pipeline.engine.studio.scene.products import Label, Product, Profile
from pipeline.engine.studio.vector.lathe import radius_at
from pipeline.engine.studio.vector.path import Bend, Path, Point
from pipeline.engine.studio.vector.shapes import polygon
from pipeline.engine.studio.vector.svg import Svg


def band(profile: Profile, label: Label) -> Path:
    """The outline of a label wrapped round a profile."""

    def point(angle: float, z: float) -> Point:
        r = radius_at(z, profile)
        return (r * math.sin(angle), -z + label.bend * r * (math.cos(angle) - 1))

    arc, low, high = label.arc, label.low, label.high
    angles = [arc * (i / 12 - 1) for i in range(25)]
    sides = [low + (high - low) * i / 8 for i in range(9)]
    return polygon(
        [
            *(point(a, high) for a in angles),
            *(point(arc, z) for z in reversed(sides)),
            *(point(a, low) for a in reversed(angles)),
            *(point(-arc, z) for z in sides),
        ]
    )


def _onto(profile: Profile, label: Label, radius: float) -> Bend:
    sag = label.bend * radius

    def bend(u: float, v: float) -> Point:
        angle = max(-math.pi / 2, min(math.pi / 2, u / radius))
        here = radius_at(-v, profile) / radius
        return (radius * math.sin(angle) * here, v + sag * (math.cos(angle) - 1))

    return bend


def wrapped_label(
    svg: Svg, scene: Scene, shape: Product, *, paper: str = "", plain: bool = False
) -> None:
    """Draw the product's label, lit as the cylinder is that it lies on."""
    label = shape.label
    if label is None:
        return
    radius = max(radius_at(label.low, shape.profile), radius_at(label.high, shape.profile))
    region = band(shape.profile, label)
    panel = Panel(
        top=-label.high,
        height=label.high - label.low,
        front=radius * label.front,
        half=radius * label.arc,
        bend=_onto(shape.profile, label, radius),
        paper=paper,
        plain=plain,
    )
    with svg.group(clip_path=svg.clip(region)):
        draw_label(svg, scene, panel)
    if not plain:
        svg.draw(region, shade(svg, radius))
        svg.stroke(region, "#1a1008", 0.35, 0.25)
