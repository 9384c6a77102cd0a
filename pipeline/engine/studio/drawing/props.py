"""What lies round the product: citrus, ice, mint, beans, berries, petals, pebbles, water drops."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import darken, lighten, mix
from pipeline.engine.studio.drawing.marks import FRUIT, leaf_path, soft_shadow, wedge
from pipeline.engine.studio.scene.nouns import Palette, Prop, Scene
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.engine.studio.vector.svg import Stop, Svg

BEAD = "bead"


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Half widths either side of the product's axis, in product units."""

    taken: tuple[float, float]
    """By the product, left and right."""
    free: tuple[float, float]
    """To what must stay clear: an edge, the copy, a price card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How one kind of prop is strewn."""

    count: int
    size: float
    lift: float
    turn: tuple[float, float] = (0, 0)


HABITS = {
    Prop.BEANS: Habit(count=13, size=8, lift=0.45, turn=(0, 180)),
    Prop.BERRY: Habit(count=4, size=10.5, lift=1.0),
    Prop.ICE: Habit(count=2, size=17, lift=0.95, turn=(-16, 16)),
    Prop.PETAL: Habit(count=7, size=20, lift=0, turn=(0, 360)),
    Prop.PEBBLE: Habit(count=2, size=20, lift=0.45),
    Prop.MINT: Habit(count=4, size=27, lift=0),
}
_NARROW = 34


def citrus(svg: Svg, fruit: Prop, r: float, turn: float) -> None:
    """A slice that stands on edge, its centre at the origin."""
    rind, flesh, pith = FRUIT[fruit]
    svg.draw(ellipse(r * 0.10, 0, r), svg.lin([darken(rind, 0.10), darken(rind, 0.45)]))
    svg.draw(ellipse(0, 0, r), svg.lin([lighten(rind, 0.25), rind], (0, 0, 1, 1)))
    svg.draw(ellipse(0, 0, r * 0.93), pith)
    juicy: list[Stop] = [lighten(flesh, 0.40), (flesh, 1.0, 0.55), mix(flesh, rind, 0.65)]
    fill = svg.rad(juicy, (0, 0), r * 0.9, user=True)
    rng = stream(round(r * 100), f"fibres of {fruit}")
    sweep = 2 * math.pi / 10
    segments, fibres = Path(), Path()
    for i in range(10):
        start = turn + sweep * i
        segments.extend(wedge(r, start, sweep))
        for _ in range(12):
            a, d = start + rng.uniform(0.14, 0.48), rng.uniform(0.25, 0.72) * r
            end = d + r * rng.uniform(0.04, 0.11)
            fibres.move(math.cos(a) * d, math.sin(a) * d)
            fibres.line(math.cos(a) * end, math.sin(a) * end)
    svg.draw(segments, fill)
    svg.stroke(fibres, lighten(flesh, 0.65), r * 0.013, 0.55)
    svg.draw(ellipse(0, 0, r * 0.06), pith)
    gloss = [("#ffffff", 0.38, 0), ("#ffffff", 0, 0.5), ("#301000", 0.16, 1)]
    svg.draw(ellipse(0, 0, r), svg.lin(gloss, (0, 0, 1, 1)))


def leaf(svg: Svg, length: float, color: str) -> None:
    """A leaf from the origin to the right, with its veins."""
    lit = [lighten(color, 0.40), color, mix(color, "#003020", 0.5)]
    svg.draw(leaf_path(length), svg.lin(lit, (0, 0, 0, 1)))
    veins = Path().move(0, 0).line(length * 0.95, 0)
    for i in range(1, 6):
        for side in (-1, 1):
            veins.move(length * 0.14 * i, 0)
            veins.line(length * (0.14 * i + 0.13), side * length * (0.20 - 0.018 * i))
    svg.stroke(veins, lighten(color, 0.6), length * 0.018, 0.6)


def _bean(svg: Svg, size: float, _colors: Palette) -> None:
    roast = svg.rad(["#a06a45", ("#6b3d22", 1, 0.45), "#2a150a"], (0.35, 0.28), 0.75)
    svg.draw(ellipse(0, 0, size, size * 0.66), roast)
    crack = Path().move(-size * 0.92, 0)
    crack.cubic(-size * 0.35, size * 0.38, size * 0.35, -size * 0.38, size * 0.92, 0)
    svg.stroke(crack, "#1a0d06", size * 0.13)
    svg.draw(ellipse(-size * 0.3, -size * 0.32, size * 0.3, size * 0.09), "#ffffff", opacity=0.28)


def _berry(svg: Svg, r: float, _colors: Palette) -> None:
    skin = svg.rad(["#ff9aae", ("#d21f45", 1, 0.35), "#57061a"], (0.35, 0.30), 0.75)
    svg.draw(ellipse(0, 0, r), skin)
    svg.draw(ellipse(-r * 0.34, -r * 0.42, r * 0.20, r * 0.14), "#ffffff", opacity=0.85)
    bounce = svg.rad([("#ff7a94", 0.6), ("#ff7a94", 0)])
    svg.draw(ellipse(r * 0.22, r * 0.5, r * 0.42, r * 0.2), bounce)


def _ice(svg: Svg, r: float, _colors: Palette) -> None:
    cube = rounded(-r, -r, 2 * r, 2 * r, r=r * 0.26)
    shell = [("#ffffff", 0.92), ("#d3ecf6", 0.50), ("#a9d3e6", 0.62), ("#ffffff", 0.85)]
    svg.draw(cube, svg.lin(shell, (0, 0, 1, 1)))
    core = rounded(-r * 0.62, -r * 0.58, r * 1.24, r * 1.2, r=r * 0.3)
    svg.draw(core, svg.lin([("#7fb6d0", 0.38), ("#ffffff", 0.40)], (0, 0, 1, 1)))
    svg.stroke(cube, "#ffffff", r * 0.06, 0.85)
    glint = polygon([(-r * 0.75, -r * 0.75), (-r * 0.1, -r * 0.8), (-r * 0.75, r * 0.1)])
    svg.draw(glint, "#ffffff", opacity=0.7)


def _petal(svg: Svg, size: float, colors: Palette) -> None:
    shape = Path().move(0, 0)
    shape.cubic(size * 0.5, -size * 0.55, size * 1.1, -size * 0.25, size, size * 0.1)
    shape.cubic(size * 0.9, size * 0.45, size * 0.3, size * 0.4, 0, 0).close()
    fill = svg.lin([darken(colors.main, 0.12), colors.main, lighten(colors.soft, 0.4)])
    svg.draw(shape, fill)


def _pebble(svg: Svg, r: float, _colors: Palette) -> None:
    stone = svg.rad(["#a9aeb5", ("#565a61", 1, 0.5), "#1d1f23"], (0.36, 0.22), 0.85)
    svg.draw(ellipse(0, 0, r, r * 0.48), stone)


SINGLE: dict[Prop, Callable[[Svg, float, Palette], None]] = {
    Prop.BEANS: _bean,
    Prop.BERRY: _berry,
    Prop.ICE: _ice,
    Prop.PETAL: _petal,
    Prop.PEBBLE: _pebble,
}


def bead_symbol(svg: Svg) -> None:
    """Define one water bead of radius 10, for `beads`."""
    with svg.symbol(BEAD):
        svg.draw(ellipse(0.8, 1.4, 10, 7.6), "#000000", opacity=0.20)
        lens = [("#000000", 0.16, 0), ("#ffffff", 0.10, 0.35), ("#ffffff", 0.62, 1)]
        svg.draw(ellipse(0, 0, 9.6, 7), svg.lin(lens, (0, 0, 0, 1)))
        svg.draw(ellipse(-3.2, -3, 2.3, 1.6), "#ffffff", opacity=0.95)


def beads(svg: Svg, rng: Random, field: Box, *, size: float, count: int) -> None:
    """Strew water beads over a field; most are small."""
    for _ in range(count):
        k = size * (0.35 + min(2.2, rng.expovariate(1.6))) / 10
        x, y = field.x + rng.random() * field.w, field.y + rng.random() * field.h
        svg.use(BEAD, transform=f"translate({x:.1f} {y:.1f}) scale({k:.3f})")


def scatter(svg: Svg, scene: Scene, room: Room, *, front: bool) -> None:
    """Strew the scene's props, in product units, before or behind the product."""
    rng = stream(scene.seed, f"props {'before' if front else 'behind'}")
    fruit = [p for p in scene.props if p in FRUIT]
    if fruit:
        _citrus_row(svg, fruit, room, front=front)
    for kind, habit in HABITS.items():
        if kind not in scene.props or (kind is Prop.MINT and not front):
            continue
        for side in (0, 1):
            reach = room.free[side] - room.taken[side]
            if reach < _NARROW:
                continue
            for _ in range(habit.count):
                off = room.taken[side] + 8 + rng.random() ** 1.3 * min(reach - 30, 105)
                y = rng.uniform(4, 27) if front else rng.uniform(-11, 0)
                _place(svg, (kind, scene.palette), (off if side else -off, y), rng)


def _citrus_row(svg: Svg, fruit: list[Prop], room: Room, *, front: bool) -> None:
    places = (
        (0, 40, 10, 1.0, True),
        (1, 38, 14, 0.92, True),
        (1, 84, -9, 0.80, False),
        (0, 86, -8, 0.74, False),
    )
    for index, (side, offset, dy, size, ahead) in enumerate(places):
        x, r = room.taken[side] + offset, 31 * size
        if ahead != front or x + r > room.free[side] + 4:
            continue
        x = x if side else -x
        soft_shadow(svg, x + 3, dy, r * 1.25)
        with svg.at(x, dy - r * 0.92):
            citrus(svg, fruit[index % len(fruit)], r, index * 0.7 + side)


def _place(svg: Svg, kind: tuple[Prop, Palette], at: tuple[float, float], rng: Random) -> None:
    (prop, colors), (x, y) = kind, at
    habit = HABITS[prop]
    size = habit.size * rng.uniform(0.85, 1.15)
    if prop is Prop.MINT:
        soft_shadow(svg, x, y + 3, size * 0.6, alpha=0.25)
        angle = rng.choice((rng.uniform(-70, 10), rng.uniform(170, 250)))
        with svg.at(x, y, angle=angle):
            leaf(svg, size, rng.choice(("#2f9e5b", "#3fb36c", "#258a4d")))
        return
    if prop is not Prop.PETAL:
        soft_shadow(svg, x + 1, y, size * 1.2)
    with svg.at(x, y - size * habit.lift, angle=rng.uniform(*habit.turn)):
        SINGLE[prop](svg, size, colors)
