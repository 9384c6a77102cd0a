"""What lies round the product: citrus, ice, mint, beans, berries, petals, pebbles.

Props are placed one by one; one that would touch the copy, a card or the frame is left out.
"""

from dataclasses import dataclass
from random import Random

from pipeline.imageserver.studio.colors import darken, lighten, mix
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.materials import FRUIT, cylinder, soft_shadow
from pipeline.imageserver.studio.drawing.scenery.backdrop import is_dark
from pipeline.imageserver.studio.drawing.scenery.produce import SINGLE, citrus, leaf
from pipeline.imageserver.studio.scene.product_shapes import PEDESTAL, extent, pedestal
from pipeline.imageserver.studio.scene.scene import Prop, Scene, Surface
from pipeline.imageserver.studio.seeded_random import stream
from pipeline.imageserver.studio.vector.lathe import lathe
from pipeline.imageserver.studio.vector.shapes import ellipse
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box

_AHEAD = 11.0
_TRIES = 5
_DEPTH = 1.15
"""How much a step in depth counts against a step aside when two props keep apart."""
MIRRORS = (Surface.WET, Surface.MIRROR, Surface.MARBLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScatterRule:
    """How one kind of prop is strewn."""

    count: int
    size: float
    lift: float
    turn: tuple[float, float] = (0, 0)
    apart: float = 0.75
    """How close two of a kind may lie, in sizes."""


HABITS = {
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

    prop: Prop
    x: float
    y: float
    size: float
    angle: float


def lying(scene: Scene, stage: Composition) -> list[PlacedProp]:
    """All props of the scene, farthest first."""
    if scene.transparent:
        return []
    found: list[PlacedProp] = []
    slices = _slices(scene) if any(p in FRUIT for p in scene.props) else []
    alone = all(p in FRUIT or p is Prop.PEDESTAL for p in scene.props)
    _lay_slices(found, scene, stage, slices[:1])
    rng = stream(scene.seed, "props")
    for turn in range(max(habit.count for habit in HABITS.values())):
        for kind, habit in HABITS.items():
            if kind in scene.props and turn < habit.count:
                for side in (-1, 1):
                    _lay_one(found, stage, _strewn(scene, stage, (kind, side), rng))
        if turn == 0:
            _lay_slices(found, scene, stage, slices[1 : 5 if alone else 2])
    return sorted(found, key=lambda p: p.y)


def _lay_slices(
    found: list[PlacedProp], scene: Scene, stage: Composition, places: list[list[Place]]
) -> None:
    fruit = [p for p in scene.props if p in FRUIT]
    for place in places:
        kind = fruit[sum(p.prop in FRUIT for p in found) % len(fruit)]
        _lay_one(found, stage, [PlacedProp(kind, x, y, size, angle) for x, y, size, angle in place])


def _lay_one(found: list[PlacedProp], stage: Composition, tried: list[PlacedProp]) -> None:
    """Keep the first of the places that is clear of everything."""
    one = next((one for one in tried if _clear(one, stage, found)), None)
    if one:
        found.append(one)


def _box(one: PlacedProp) -> Box:
    r = one.size * 1.08
    lift = 0.94 if one.prop in FRUIT else HABITS[one.prop].lift
    return Box(one.x - r, one.y - one.size * lift - r, 2 * r, 2 * r)


def footprint(one: PlacedProp, stage: Composition) -> Box:
    """What a prop covers, in pixels."""
    box, k = _box(one), stage.scale
    return Box(stage.cx + box.x * k, stage.floor + box.y * k, box.w * k, box.h * k)


def _clear(one: PlacedProp, stage: Composition, others: list[PlacedProp]) -> bool:
    box, shown = _box(one), footprint(one, stage)
    pad = stage.unit * 0.012
    if not stage.frame.grown(-stage.unit * 0.008).holds(shown, slack=0):
        return False
    if any(piece.box.grown(pad).touches(shown) for piece in stage.copy):
        return False
    left, right = stage.free
    if box.x < -left or box.right > right:
        return False
    return all(_apart(one, other) for other in others)


def _apart(one: PlacedProp, other: PlacedProp) -> bool:
    if one.prop in FRUIT or other.prop in FRUIT:
        close = 0.62 if one.prop in FRUIT and other.prop in FRUIT else 0.42
        need = (one.size + other.size) * close
    else:
        share = HABITS[one.prop].apart if one.prop is other.prop else 0.8
        need = (one.size + other.size) / 2 * share
    return (one.x - other.x) ** 2 + ((one.y - other.y) * _DEPTH) ** 2 > need**2


def _taken(scene: Scene) -> tuple[float, float]:
    """Half widths that the product, or its pedestal, takes left and right."""
    left, right = extent(scene)
    if pedestal(scene):
        return (max(left, right) * 1.28, max(left, right) * 1.28)
    return (left, right)


def _strewn(
    scene: Scene, stage: Composition, what: tuple[Prop, int], rng: Random
) -> list[PlacedProp]:
    """Some places for one thing at one side, to be tried in turn."""
    (kind, side), taken = what, _taken(scene)
    left, right = extent(scene)
    reach = min(stage.free[0] - left, stage.free[1] - right, 125)
    return [_thrown(kind, side, (taken[side > 0], reach), rng) for _ in range(_TRIES)]


def _thrown(kind: Prop, side: int, bounds: tuple[float, float], rng: Random) -> PlacedProp:
    (taken, reach), habit = bounds, HABITS[kind]
    size = habit.size * rng.uniform(0.82, 1.14)
    off = taken + size * 0.72 + rng.random() ** 1.5 * max(8.0, reach - size * 2)
    depth = rng.uniform(4 if kind is Prop.ICE else -13, 22)
    if depth > _AHEAD:  # before the product a thing may hide a little of it
        off -= min(taken * 0.35, size * 0.9)
    angle = rng.uniform(*habit.turn)
    if kind is Prop.PETAL and depth > 0:
        off = (taken + reach) * rng.random()
    if kind is Prop.MINT:
        depth = rng.uniform(9, 22)
        angle = rng.uniform(-40, 12) if side > 0 else rng.uniform(168, 220)
    return PlacedProp(kind, side * off, depth, size, angle)


def _slices(scene: Scene) -> list[list[Place]]:
    """Places for slices, each with closer and smaller ones in case there is little room."""
    taken, way = _taken(scene), 1 if scene.seed % 3 else -1
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
        one = [
            (at * (taken[at > 0] + off), float(y), size, 40.0 * i + 13) for off, y, size in variants
        ]
        found.append(one)
    return found


def scatter(svg: Svg, scene: Scene, some: list[PlacedProp]) -> None:
    """Draw props, in product units about the foot on the table, with their shadows."""
    mirrors = scene.surface in MIRRORS
    for one in some:
        if mirrors and one.prop is not Prop.PETAL:
            _mirrored(svg, scene, one)
        _shadow(svg, one)
    for one in some:
        _drawn(svg, scene, one)


def _shadow(svg: Svg, one: PlacedProp) -> None:
    match one.prop:
        case Prop.PETAL:
            soft_shadow(svg, one.x + 1, one.y + one.size * 0.2, one.size * 0.8, alpha=0.22)
        case Prop.MINT:
            way = 1 if one.x > 0 else -1
            x = one.x + way * one.size * 0.45
            soft_shadow(svg, x, one.y + 2.5, one.size * 0.6, alpha=0.26)
        case _:
            soft_shadow(svg, one.x + one.size * 0.16, one.y, one.size * 1.22)


def _mirrored(svg: Svg, scene: Scene, one: PlacedProp) -> None:
    with svg.group(opacity=0.26), svg.at(0, 2 * one.y, tall=-1.0):
        _drawn(svg, scene, one)


def _drawn(svg: Svg, scene: Scene, one: PlacedProp) -> None:
    if one.prop in FRUIT:
        with svg.at(one.x, one.y - one.size * 0.94):
            citrus(svg, one.prop, one.size, one.angle)
        return
    lift = HABITS[one.prop].lift
    with svg.at(one.x, one.y - one.size * lift, angle=one.angle):
        if one.prop is Prop.MINT:
            leaf(svg, one.size, ("#2f9e5b", "#3fb36c", "#258a4d")[round(one.size * 7) % 3])
        else:
            SINGLE[one.prop](svg, one.size, scene.palette)


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
