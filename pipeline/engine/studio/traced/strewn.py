"""Props in three dimensions, where the flat picture has them."""

import math
from collections.abc import Callable
from random import Random

import numpy as np

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import mix
from pipeline.engine.studio.darkroom import rasterised
from pipeline.engine.studio.drawing.marks import FRUIT, slice_parts
from pipeline.engine.studio.drawing.produce import leaf
from pipeline.engine.studio.drawing.props import Lying
from pipeline.engine.studio.scene.coloring import ripe
from pipeline.engine.studio.scene.nouns import Prop, Scene
from pipeline.engine.studio.traced import noise, skins
from pipeline.engine.studio.traced.body import Body
from pipeline.engine.studio.traced.meshes import (
    Mesh,
    disc,
    lathe,
    merged,
    placed,
    sheet,
    superellipsoid,
)
from pipeline.engine.studio.traced.skins import Skin
from pipeline.engine.studio.traced.vessels import UNIT
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.svg import Stop, Svg

_DEEPER = 2.6
"""The flat picture's steps down are foreshortened depth."""
_FACE = 640
_DEEPEN, _WET = 2.7, 0.78
"""More than to linear light, and darker: wet flesh is richer than paint."""


def strewn(scene: Scene, some: list[Lying]) -> Body:
    """All props, standing on the table."""
    body = Body()
    fruit = [one for one in some if one.prop in FRUIT]
    for i, one in enumerate(sorted(fruit, key=lambda p: abs(p.x))):
        _fruit(body, one, i)
    for kind in (Prop.BEANS, Prop.BERRY, Prop.PEBBLE, Prop.ICE, Prop.PETAL):
        found = [one for one in some if one.prop is kind]
        if found:
            rng = stream(scene.seed, f"strewn {kind}")
            body.add(merged([_LOOSE[kind](one, rng) for one in found]), _skin(kind, scene))
    for i, one in enumerate(p for p in some if p.prop is Prop.MINT):
        _leaf(body, one, i)
    return body


def _at(one: Lying) -> tuple[float, float]:
    return one.x * UNIT, -one.y * UNIT * _DEEPER


def _fruit(body: Body, one: Lying, index: int) -> None:
    """Halves nearest to the product, slices leaning, whole fruit farther off."""
    x, y = _at(one)
    r, inward = one.size * UNIT, -math.copysign(1, one.x)
    if one.y < 0 and index % 2:
        _whole(body, one, (x, y))
    elif index % 2 == 0:
        at = placed(x, y, r * 0.97, turn=-22 * inward, tilt=64)
        _half(body, one, at)
    else:
        leaning = placed(x, y, r * 0.955, turn=-28 * inward, tilt=74)
        _slice(body, one, leaning)
        lying = placed(x - 0.16 * inward, y - r * 1.25, 0.040, turn=40 * index)
        _slice(body, one, lying, size=0.82)


def _half(body: Body, one: Lying, at: np.ndarray) -> None:
    r = one.size * UNIT
    quarter = np.linspace(-math.pi / 2, 0, 24)
    rind = lathe([(r * math.cos(t), r * math.sin(t)) for t in quarter], sides=96)
    body.add(rind.moved(at), _peel(one.prop))
    body.add(disc(r).moved(at @ placed(z=0.0005)), _flesh(one))


def _slice(body: Body, one: Lying, at: np.ndarray, *, size: float = 1.0) -> None:
    r, thick = one.size * UNIT * size, 0.035
    for side in (thick, -thick):
        body.add(disc(r).moved(at @ placed(z=side)), _flesh(one))
    edge = [(r, -thick), (r * 1.015, -thick / 2), (r * 1.015, thick / 2), (r, thick)]
    body.add(lathe(edge, sides=96).moved(at), skins.solid(FRUIT[one.prop][0], 0.35, coat=0.6))


def _whole(body: Body, one: Lying, at: tuple[float, float]) -> None:
    r = one.size * UNIT
    wide, tall = (0.92, 1.2) if one.prop is Prop.LEMON else (1.0, 0.97)
    turn = np.linspace(0, math.pi, 48)
    ball = lathe([(r * wide * math.sin(t), -r * tall * math.cos(t)) for t in turn], sides=96)
    body.add(ball.moved(placed(*at, r * wide, tilt=68, turn=one.angle)), _peel(one.prop))


def _peel(fruit: Prop) -> Skin:
    pores = noise.fractal((70, 110), 3, size=256)
    skin = skins.solid(FRUIT[fruit][0], 0.36, coat=0.5)
    return skins.bumped(skin, pores, scale=0.05, repeat=(3, 2))


def _flesh(one: Lying) -> Skin:
    """The cut face without light of its own: rind, pith, segments that are paler inside."""
    rind, flesh, _ = FRUIT[one.prop]
    half = _FACE / 2
    svg = Svg(Box(-half, -half, _FACE, _FACE))
    juicy: list[Stop] = [(flesh, 1, 0), (mix(flesh, rind, 0.5), 1, 0.5), (rind, 1, 1)]
    fill = svg.rad(juicy, (0, 0), half * 0.9, user=True)
    for path, color in slice_parts(half, one.prop, math.radians(one.angle), 10):
        svg.draw(path, fill if color == flesh else color)
    fibres = stream(round(one.size * 100), "fibres")
    strokes = Path()
    for _ in range(130):
        angle, near = fibres.uniform(0, math.tau), fibres.uniform(0.2, 0.72) * half
        far = near + half * fibres.uniform(0.04, 0.11)
        strokes.move(math.cos(angle) * near, math.sin(angle) * near)
        strokes.line(math.cos(angle) * far, math.sin(angle) * far)
    svg.stroke(strokes, mix(flesh, "#ffffff", 0.5), half * 0.012, 0.6)
    pixels = np.asarray(rasterised(svg).image.convert("RGB"), float) / 255
    art = skins.texture((_WET * pixels**_DEEPEN).astype(np.float32))
    return skins.solid(art, 0.42, coat=0.25, specular=0.15)


def _leaf(body: Body, one: Lying, index: int) -> None:
    """A mint leaf on the table, its tip raised."""
    color = ("#2f9e5b", "#3fb36c", "#258a4d")[index % 3]
    u, v = np.meshgrid(np.linspace(0, 1, 25), np.linspace(-1, 1, 13))
    width = np.sin(np.pi * u**0.8) * 0.34
    rise = 0.16 * np.sin(u * 2.6) + 0.30 * np.abs(v) * width
    rise = rise + 0.012 * np.sin(u * 40) * np.abs(v) + 0.01
    length = one.size * UNIT * 1.15
    points = np.stack([u, v * width, rise], -1) * length
    svg = Svg(Box(0, -128, 512, 256))
    leaf(svg, 512, color)
    art = np.asarray(rasterised(svg).image.convert("RGB"))
    places = np.stack([u, v * width * 0.5 / 0.34 * 0.8 + 0.5], -1)
    x, y = _at(one)
    at = placed(x, y, 0.004, turn=-one.angle, tilt=7 * (index % 3 - 1))
    body.add(sheet(points, places).moved(at), skins.solid(skins.texture(art), 0.4, coat=0.3))


def _bean(one: Lying, rng: Random) -> Mesh:
    r = one.size * UNIT
    mesh = superellipsoid(r, r * 0.68, r * 0.52, edge=0.95, steps=20)
    cleft = np.exp(-((mesh.vertices[:, 1] / (r * 0.14)) ** 2)) * (mesh.vertices[:, 2] > 0)
    mesh.vertices[:, 2] -= 0.26 * r * cleft
    x, y = _at(one)
    tilt, roll = rng.uniform(-12, 40), rng.uniform(-12, 12)
    return mesh.moved(placed(x, y, r * 0.50, turn=one.angle, tilt=tilt, roll=roll))


def _berry(one: Lying, _rng: Random) -> Mesh:
    r = one.size * UNIT
    return superellipsoid(r, r, r * 0.96, edge=1.0, steps=24).moved(placed(*_at(one), r * 0.96))


def _pebble(one: Lying, rng: Random) -> Mesh:
    r = one.size * UNIT
    mesh = superellipsoid(r, r * 0.74, r * 0.36, edge=0.9, steps=24)
    return mesh.moved(placed(*_at(one), r * 0.34, turn=rng.uniform(0, 180)))


def _ice(one: Lying, rng: Random) -> Mesh:
    r = one.size * UNIT
    mesh = superellipsoid(r, r, r * 0.95, edge=0.26, steps=28)
    return mesh.moved(placed(*_at(one), r * 0.95, turn=rng.uniform(0, 90)))


def _petal(one: Lying, rng: Random) -> Mesh:
    r = one.size * UNIT * 0.62
    mesh = superellipsoid(r, r * 0.76, r * 0.05, edge=0.9, steps=20)
    mesh.vertices[:, 2] += 0.55 / r * (mesh.vertices[:, 0] ** 2 + mesh.vertices[:, 1] ** 2)
    tilt = rng.uniform(-10, 10)
    return mesh.moved(placed(*_at(one), r * 0.06, turn=one.angle, tilt=tilt))


_LOOSE: dict[Prop, Callable[[Lying, Random], Mesh]] = {
    Prop.BEANS: _bean,
    Prop.BERRY: _berry,
    Prop.PEBBLE: _pebble,
    Prop.ICE: _ice,
    Prop.PETAL: _petal,
}


def _skin(kind: Prop, scene: Scene) -> Skin:
    match kind:
        case Prop.BEANS:
            return skins.solid("#3b2114", 0.35, coat=0.4)
        case Prop.BERRY:
            return skins.solid(ripe(scene.palette), 0.2, coat=1.0)
        case Prop.PEBBLE:
            return skins.solid("#33363a", 0.5)
        case Prop.ICE:
            return skins.glass(inside=1.31)
        case _:
            return skins.solid(mix(scene.palette.soft, scene.palette.main, 0.35), 0.6)
