"""Props and pedestal: citrus, ice, mint, beans, berries, petals, pebbles round the product.

Props are placed one by one; one that would touch copy, card or frame is left out.
"""

from dataclasses import dataclass
from random import Random

from pipeline.imageserver.studio.colors import darken, lighten, mix
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.materials import FRUIT, cylinder, soft_shadow
from pipeline.imageserver.studio.drawing.repainting import icon_body
from pipeline.imageserver.studio.drawing.scenery.backdrop import is_dark
from pipeline.imageserver.studio.drawing.scenery.produce import SINGLE, citrus, leaf
from pipeline.imageserver.studio.scene.icons import icon
from pipeline.imageserver.studio.scene.product_shapes import (
    PEDESTAL,
    extent,
    pedestal,
    product_shape,
)
from pipeline.imageserver.studio.scene.scene import Camera, Family, Prop, Scene, Surface
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.lathe import lathe
from pipeline.imageserver.studio.vector.shapes import ellipse
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box

_MOST_ICONS = 4
SMALLEST = 0.7
"""The least size of an icon, as a share of the usual one."""
_AHEAD = 11.0
_TRIES = 5
_DEPTH = 1.15
"""Weight of a distance in depth against one across, between two props."""
MIRRORS = (Surface.WET, Surface.MIRROR, Surface.MARBLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScatterRule:
    """How one kind of prop is scattered."""

    count: int
    size: float
    lift: float
    turn: tuple[float, float] = (0, 0)
    apart: float = 0.75
    """Least distance of two props of a kind, in sizes."""


SCATTER_RULES = {
    Prop.MINT: ScatterRule(count=5, size=26, lift=0, apart=0.5),
    Prop.ICE: ScatterRule(count=3, size=16, lift=0.92, turn=(-14, 14), apart=1.5),
    Prop.PEBBLE: ScatterRule(count=3, size=19, lift=0.42, apart=1.3),
    Prop.BERRY: ScatterRule(count=6, size=10.5, lift=0.95, apart=1.5),
    Prop.BEANS: ScatterRule(count=16, size=7.2, lift=0.5, turn=(0, 180), apart=1.25),
    Prop.PETAL: ScatterRule(count=6, size=13, lift=0.1, turn=(0, 360), apart=0.9),
}


Place = tuple[float, float, float, float]
"""A slice's x, y, radius and turn in degrees."""


@dataclass(frozen=True, slots=True)
class PlacedProp:
    """One prop in place, in product units about the product's foot on the table."""

    prop: Prop | str
    """A kind of prop, or the name of an icon."""
    x: float
    y: float
    size: float
    angle: float


def place_props(scene: Scene, composition: Composition) -> list[PlacedProp]:
    """Return the props of a scene in their places, the farthest first."""
    if scene.transparent:
        return []
    found: list[PlacedProp] = []
    _add_icons(found, scene, composition)
    slices = _slices(scene) if any(p in FRUIT for p in scene.props) else []
    alone = all(p in FRUIT or p is Prop.PEDESTAL for p in scene.props)
    _add_slices(found, scene, composition, slices[:1])
    rng = seeded_random(scene.seed, "props")
    for turn in range(max(rule.count for rule in SCATTER_RULES.values())):
        for kind, rule in SCATTER_RULES.items():
            if kind in scene.props and turn < rule.count:
                for side in (-1, 1):
                    _add_prop(
                        found, composition, _candidates(scene, composition, (kind, side), rng)
                    )
        if turn == 0:
            _add_slices(found, scene, composition, slices[1 : 5 if alone else 2])
    return sorted(found, key=lambda p: p.y)


def _add_slices(
    found: list[PlacedProp], scene: Scene, composition: Composition, places: list[list[Place]]
) -> None:
    fruit = [p for p in scene.props if p in FRUIT]
    for place in places:
        kind = fruit[sum(p.prop in FRUIT for p in found) % len(fruit)]
        _add_prop(
            found, composition, [PlacedProp(kind, x, y, size, angle) for x, y, size, angle in place]
        )


def _add_icons(found: list[PlacedProp], scene: Scene, composition: Composition) -> None:
    """Add what goes with the product at both sides of it; flowers stand in their vase instead."""
    if scene.family is Family.VASE or scene.camera is Camera.CLOSE_UP:
        return
    taken = _occupied(scene)
    first = -1 if scene.take % 2 else 1
    for number, name in enumerate(scene.icons[:_MOST_ICONS]):
        for turn, side in enumerate((first, -first)):
            if turn and len(scene.icons) > 1:
                continue
            at = side if number % 2 == 0 else -side
            size = icon_size(scene) - 4 * turn
            half = _half_width(name)
            tried = [
                PlacedProp(
                    name,
                    way * (taken[way > 0] + size * shrink * half * room),
                    depth,
                    size * shrink,
                    0.0,
                )
                for shrink in (1.0, 0.85, SMALLEST)
                for way in ((at, -at) if turn == 0 else (at,))
                for room, depth in ((1.15, 12), (0.95, 15), (0.8, 17))
            ]
            _add_prop(found, composition, tried)


def icon_size(scene: Scene) -> float:
    """Return the usual size of an icon beside the product: half its longest side."""
    return min(58.0, max(28.0, product_shape(scene).height * 0.16))


def _half_width(name: str) -> float:
    """Return half the width of an icon, in sizes."""
    ink = icon(name).ink
    return ink.w / max(ink.w, ink.h)


def _add_prop(found: list[PlacedProp], composition: Composition, tried: list[PlacedProp]) -> None:
    """Add the prop at the first candidate place that is free."""
    prop = next((prop for prop in tried if _clear(prop, composition, found)), None)
    if prop:
        found.append(prop)


def _box(prop: PlacedProp) -> Box:
    r = prop.size * 1.08
    if not isinstance(prop.prop, Prop):
        ink = icon(prop.prop).ink
        wide, high = (side * r / max(ink.w, ink.h) for side in (ink.w, ink.h))
        return Box(prop.x - wide, prop.y - 2 * high, 2 * wide, 2 * high)
    lift = _lift(prop)
    return Box(prop.x - r, prop.y - prop.size * lift - r, 2 * r, 2 * r)


def _lift(prop: PlacedProp) -> float:
    """Return the height of a scattered prop's middle above the table, in sizes."""
    if not isinstance(prop.prop, Prop):
        return 0.98
    return 0.94 if prop.prop in FRUIT else SCATTER_RULES[prop.prop].lift


def footprint(prop: PlacedProp, composition: Composition) -> Box:
    """Return the box that a prop covers, in pixels."""
    box, k = _box(prop), composition.scale
    return Box(composition.cx + box.x * k, composition.floor + box.y * k, box.w * k, box.h * k)


def _clear(prop: PlacedProp, composition: Composition, others: list[PlacedProp]) -> bool:
    box, shown = _box(prop), footprint(prop, composition)
    pad = composition.unit * 0.012
    if not composition.frame.grown(-composition.unit * 0.008).holds(shown, slack=0):
        return False
    if any(piece.box.grown(pad).touches(shown) for piece in composition.copy):
        return False
    left, right = composition.free
    if box.x < -left or box.right > right:
        return False
    return all(_apart(prop, other) for other in others)


def _reach(prop: PlacedProp) -> float:
    """Return the distance that a prop keeps from an icon."""
    return prop.size * (0.75 if isinstance(prop.prop, Prop) else 0.95 * _half_width(prop.prop))


def _apart(prop: PlacedProp, other: PlacedProp) -> bool:
    if not (isinstance(prop.prop, Prop) and isinstance(other.prop, Prop)):
        need = _reach(prop) + _reach(other)
    elif prop.prop in FRUIT or other.prop in FRUIT:
        close = 0.62 if prop.prop in FRUIT and other.prop in FRUIT else 0.42
        need = (prop.size + other.size) * close
    else:
        share = SCATTER_RULES[prop.prop].apart if prop.prop is other.prop else 0.8
        need = (prop.size + other.size) / 2 * share
    return (prop.x - other.x) ** 2 + ((prop.y - other.y) * _DEPTH) ** 2 > need**2


def _occupied(scene: Scene) -> tuple[float, float]:
    """Return how far product or pedestal reaches left and right of the axis."""
    left, right = extent(scene)
    if pedestal(scene):
        return (max(left, right) * 1.28, max(left, right) * 1.28)
    return (left, right)


def _candidates(
    scene: Scene, composition: Composition, what: tuple[Prop, int], rng: Random
) -> list[PlacedProp]:
    """Return places for one prop at one side, to be tried in turn."""
    (kind, side), taken = what, _occupied(scene)
    left, right = extent(scene)
    reach = min(composition.free[0] - left, composition.free[1] - right, 125)
    return [_candidate(kind, side, (taken[side > 0], reach), rng) for _ in range(_TRIES)]


def _candidate(kind: Prop, side: int, bounds: tuple[float, float], rng: Random) -> PlacedProp:
    (taken, reach), rule = bounds, SCATTER_RULES[kind]
    size = rule.size * rng.uniform(0.82, 1.14)
    off = taken + size * 0.72 + rng.random() ** 1.5 * max(8.0, reach - size * 2)
    depth = rng.uniform(4 if kind is Prop.ICE else -13, 22)
    if depth > _AHEAD:  # a prop in front of the product may cover a little of it
        off -= min(taken * 0.35, size * 0.9)
    angle = rng.uniform(*rule.turn)
    if kind is Prop.PETAL and depth > 0:
        off = (taken + reach) * rng.random()
    if kind is Prop.MINT:
        depth = rng.uniform(9, 22)
        angle = rng.uniform(-40, 12) if side > 0 else rng.uniform(168, 220)
    return PlacedProp(kind, side * off, depth, size, angle)


def _slices(scene: Scene) -> list[list[Place]]:
    """Return places for slices, each with closer and smaller alternatives."""
    taken, way = _occupied(scene), 1 if scene.seed % 3 else -1
    places = (
        (-1, ((30, 13, 30.0), (12, 16, 26.0), (2, 17, 22.0))),
        (1, ((30, 15, 27.5), (10, 17, 25.0), (0, 18, 21.0))),
        (1, ((74, -9, 24.5), (40, -12, 22.0), (14, -12, 21.0))),
        (-1, ((74, -10, 23.0), (40, -12, 21.0), (12, -12, 20.0))),
        (1, ((106, 4, 21.0),)),
    )
    found: list[list[Place]] = []
    for i, (side, variants) in enumerate(places):
        at = side * way
        prop = [
            (at * (taken[at > 0] + off), float(y), size, 40.0 * i + 13) for off, y, size in variants
        ]
        found.append(prop)
    return found


def draw_props(svg: Svg, scene: Scene, props: list[PlacedProp]) -> None:
    """Draw props, in product units about the foot on the table, with their shadows."""
    mirrors = scene.surface in MIRRORS
    for prop in props:
        if mirrors and prop.prop is not Prop.PETAL:
            _draw_mirrored(svg, scene, prop)
        _draw_shadow(svg, prop)
    for prop in props:
        _draw_prop(svg, scene, prop)


def _draw_shadow(svg: Svg, prop: PlacedProp) -> None:
    match prop.prop:
        case Prop.PETAL:
            soft_shadow(svg, prop.x + 1, prop.y + prop.size * 0.2, prop.size * 0.8, alpha=0.22)
        case Prop.MINT:
            way = 1 if prop.x > 0 else -1
            x = prop.x + way * prop.size * 0.45
            soft_shadow(svg, x, prop.y + 2.5, prop.size * 0.6, alpha=0.26)
        case _:
            soft_shadow(svg, prop.x + prop.size * 0.16, prop.y, prop.size * 1.22)


def _draw_mirrored(svg: Svg, scene: Scene, prop: PlacedProp) -> None:
    with svg.group(opacity=0.26), svg.at(0, 2 * prop.y, tall=-1.0):
        _draw_prop(svg, scene, prop)


def _draw_prop(svg: Svg, scene: Scene, prop: PlacedProp) -> None:
    if not isinstance(prop.prop, Prop):
        found = icon(prop.prop)
        k = 2 * prop.size / max(found.ink.w, found.ink.h)
        with svg.at(prop.x - found.ink.cx * k, prop.y - found.ink.bottom * k, k):
            svg.raw(icon_body(scene, scene.icons.index(prop.prop)))
        return
    if prop.prop in FRUIT:
        with svg.at(prop.x, prop.y - prop.size * 0.94):
            citrus(svg, prop.prop, prop.size, prop.angle)
        return
    lift = SCATTER_RULES[prop.prop].lift
    with svg.at(prop.x, prop.y - prop.size * lift, angle=prop.angle):
        if prop.prop is Prop.MINT:
            leaf(svg, prop.size, ("#2f9e5b", "#3fb36c", "#258a4d")[round(prop.size * 7) % 3])
        else:
            SINGLE[prop.prop](svg, prop.size, scene.palette)


TILT = 0.15
"""Half height of the pedestal's top as seen, in radii."""


def draw_pedestal(scene: Scene, scale: float) -> Svg:
    """Return the pedestal's document in pixels; the middle of its top is the origin."""
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
