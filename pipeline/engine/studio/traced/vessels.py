"""Glass with something in it: bottle, wine bottle, dropper, jar, perfume."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.engine.studio.colors import mix
from pipeline.engine.studio.contrast import luminance
from pipeline.engine.studio.drawing.labels import Panel
from pipeline.engine.studio.drawing.marks import GOLD
from pipeline.engine.studio.scene.nouns import Family, Glass, Light, Scene
from pipeline.engine.studio.scene.products import Product, product
from pipeline.engine.studio.traced import skins
from pipeline.engine.studio.traced.body import Body
from pipeline.engine.studio.traced.labels import printed
from pipeline.engine.studio.traced.meshes import lathe, panel, placed, rounded_box
from pipeline.engine.studio.traced.skins import GLASS, WATER
from pipeline.engine.studio.vector.lathe import radius_at, smooth

UNIT = 0.01
"""A product unit in the length of meshes."""
_WALL, _FLOOR = 0.034, 0.10
_LIFT = 0.003
"""How far paper lies above glass: two surfaces in one place flicker."""
_BODIES = {
    Glass.AMBER: ("#9a4a12", 0.45),
    Glass.GREEN: ("#2f6b3c", 0.50),
    Glass.BLUE: ("#2450b8", 0.45),
    Glass.BLACK: ("#17171b", 0.55),
}
"""The tint of coloured glass, and how strongly one crossing colours."""
_CONTENTS = {
    Glass.AMBER: "#a5611f",
    Glass.GREEN: "#b9c98a",
    Glass.BLUE: "#cfdcea",
    Glass.BLACK: "#a5611f",
}
"""What is drunk from coloured bottles: its own colour would only darken the glass."""
_PALE = 0.2


def scaled(profile: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A profile of the product table, smoothed, as lengths of meshes."""
    return [(r * UNIT, z * UNIT) for r, z in smooth(tuple(profile))]


def glass_tint(scene: Scene) -> list[float] | None:
    """The tint of the scene's glass; None for clear."""
    found = _BODIES.get(scene.glass)
    return skins.through(*found) if found else None


def wrap(
    body: Body, scene: Scene, shape: Product, *, rough: float = 0.42, paper: str = "", lift: float
) -> None:
    """Put the product's label round it."""
    label = shape.label
    if label is None:
        return
    radius = max(radius_at(label.low, shape.profile), radius_at(label.high, shape.profile))
    full = label.high - label.low > 0.75 * shape.profile[-1][1]
    face = Panel(
        top=-label.high,
        height=label.high - label.low,
        front=radius * label.front,
        half=radius * label.arc,
        paper=paper,
        pack=full,
    )
    heights = np.linspace(label.low, label.high, 24)
    curve = tuple(smooth(shape.profile))
    profile = [(radius_at(float(z), curve) * UNIT + lift, float(z) * UNIT) for z in heights]
    whole = label.arc > math.pi / 2 - 0.01
    half = math.pi if whole else label.arc
    mesh = lathe(profile, sides=144, half=half)
    assert mesh.places is not None  # noqa: S101 - turned solids have them
    # the print covers the front; what is behind continues its edges
    mesh.places[:, 0] = (mesh.places[:, 0] - 0.5) * (half / label.arc) + 0.5
    art = skins.texture(printed(scene, face), wrap="clamp")
    body.add(mesh, skins.solid(art, rough, coat=0.30))


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """What a glass holds, and how the two colour light."""

    level: float
    liquid: list[float]
    wall: list[float] | None = None


def filled(body: Body, outer: Sequence[tuple[float, float]], fill: Filling) -> None:
    """A glass wall, what it holds up to a level, and the air above."""
    level, (_, top) = fill.level, outer[-1]
    body.add(lathe([(0, 0.05), (outer[0][0] * 0.7, 0.04), *outer]), skins.glass(tint=fill.wall))
    inner = _hollow(outer)
    radius = float(np.interp(level, [z for _, z in inner], [r for r, _ in inner]))
    below = [(0.0, _FLOOR), (inner[0][0] * 0.82, _FLOOR), *(p for p in inner if p[1] < level)]
    above = [p for p in inner if p[1] > level]
    juice = skins.glass(inside=WATER, outside=GLASS, tint=fill.liquid)
    body.add(lathe([*below, (radius, level)]), juice)
    meniscus = skins.glass(inside=WATER, outside=1.0, tint=fill.liquid)
    body.add(lathe([(radius, level), (0, level)]), meniscus)
    cavity = skins.glass(inside=1.0, outside=GLASS)
    body.add(lathe([(radius, level), *above, (0, top - 0.02)]), cavity)


def _hollow(outer: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The inside of a wall: a rounded floor, then only points higher than all before them."""
    found: list[tuple[float, float]] = []
    for r, z in outer:
        if z > _FLOOR + 0.05 and (not found or z > found[-1][1] + 1e-4):
            found.append((max(0.045, r - _WALL), z))
    foot = found[0][0]
    corner = [
        (foot * (0.90 + 0.10 * math.sin(t)), _FLOOR + 0.05 * (1 - math.cos(t)))
        for t in np.linspace(0.2, math.pi / 2, 6)
    ]
    return [*corner, *found]


def bottle(scene: Scene) -> Body:
    """A bottle with a crown cap."""
    shape, body = product(scene), Body()
    liquid = skins.through(_CONTENTS.get(scene.glass, scene.palette.main), 0.27)
    fill = Filling(level=shape.level * UNIT, liquid=liquid, wall=glass_tint(scene))
    filled(body, scaled(shape.profile), fill)
    wrap(body, scene, shape, lift=_LIFT)
    cap = skins.solid(mix(scene.palette.main, "#ffffff", 0.05), 0.28, metal=0.55, coat=0.6)
    skirt = [(0.176, 2.235), (0.181, 2.26), (0.170, 2.31), (0.158, 2.36)]
    body.add(lathe(skirt, sides=168, flute=_crimp), cap)
    dome = scaled(((15.8, 236), (14.5, 240), (6, 242.6), (0, 243)))
    body.add(lathe(dome), cap)
    return body


def _crimp(angles: np.ndarray) -> np.ndarray:
    """The 21 teeth of a crown cap."""
    return 0.035 * np.cos(21 * angles)


def wine(scene: Scene) -> Body:
    """A wine bottle with a capsule."""
    shape, body = product(scene), Body()
    fill = Filling(
        level=shape.level * UNIT, liquid=skins.through("#5a1020", 0.5), wall=glass_tint(scene)
    )
    filled(body, scaled(shape.profile), fill)
    wrap(body, scene, shape, lift=_LIFT)
    capsule = scaled(
        ((14.8, 224), (14.0, 250), (13.9, 262), (15.4, 264), (15.4, 272), (13.5, 275), (0, 276))
    )
    body.add(lathe(capsule), skins.solid(scene.palette.accent, 0.30, metal=0.6, coat=0.3))
    return body


def dropper(scene: Scene) -> Body:
    """A serum bottle with a pipette's collar and bulb."""
    shape, body = product(scene), Body()
    serum = skins.through("#d9a066", 0.4)
    fill = Filling(level=shape.level * UNIT * 0.86, liquid=serum, wall=glass_tint(scene))
    filled(body, scaled(shape.profile), fill)
    wrap(body, scene, shape, lift=_LIFT)
    pale = scene.light in (Light.BRIGHT, Light.SOFT) and luminance(scene.backdrop) > _PALE
    metal = skins.solid("#f1eee8", 0.25, coat=0.5) if pale else skins.solid(GOLD, 0.22, metal=1.0)
    collar = scaled(((16.5, 118), (17.3, 120), (17.3, 146), (16.6, 147.5), (9, 148)))
    body.add(lathe(collar), metal)
    bulb = scaled(((9.5, 147), (10.2, 156), (11, 172), (10.4, 184), (8, 192), (4, 195.4), (0, 196)))
    body.add(lathe(bulb), skins.solid("#1a1a1d", 0.42))
    return body


def jar(scene: Scene) -> Body:
    """A jar with a screw lid: opal for creams, clear for preserves."""
    shape, body = product(scene), Body()
    wall = scaled(shape.profile)
    if scene.glass is Glass.FROSTED:
        opal = mix(scene.palette.soft, "#ffffff", 0.72)
        body.add(lathe([(0, 0), *wall]), skins.solid(opal, 0.22, coat=1.0))
        wrap(body, scene, shape, paper=opal, rough=0.3, lift=_LIFT)
    else:
        body_tint = glass_tint(scene)
        liquid = skins.through(scene.palette.main, 0.42)
        filled(body, wall, Filling(level=shape.level * UNIT, liquid=liquid, wall=body_tint))
        wrap(body, scene, shape, lift=_LIFT)
    dark = scene.glass is Glass.BLACK or (
        luminance(scene.backdrop) < _PALE and scene.glass in _BODIES
    )
    skin = skins.solid("#232327", 0.35, coat=0.6) if dark else skins.solid(GOLD, 0.24, metal=0.95)
    side = [(0.565, 0.70), (0.585, 0.705), (0.59, 0.73), (0.59, 1.0)]
    body.add(lathe(side, sides=240, flute=_knurl), skin)
    lid = scaled(((59, 100), (58.6, 103), (57, 104.6), (54, 105.2), (0, 105.2)))
    body.add(lathe(lid), skin)
    return body


def _knurl(angles: np.ndarray) -> np.ndarray:
    """The fine grip of a screw lid."""
    return 0.004 * np.cos(120 * angles)


def perfume(scene: Scene) -> Body:
    """A flacon of thick glass with a metal collar and a heavy cap."""
    body = Body()
    stand = placed(z=0.52)
    body.add(rounded_box(0.48, 0.22, 0.52, 0.05).moved(stand), skins.glass())
    juice = skins.through(mix(scene.palette.main, "#ffffff", 0.25), 0.5)
    inside = rounded_box(0.40, 0.15, 0.41, 0.04).moved(placed(z=0.51))
    body.add(inside, skins.glass(inside=1.36, outside=GLASS, tint=juice))
    face = Panel(top=-74, height=46, front=58, half=29)
    paper = panel(0.29, 0.23).moved(placed(y=-0.2225, z=0.51))
    body.add(paper, skins.solid(skins.texture(printed(scene, face), wrap="clamp"), 0.45))
    gold = skins.solid(GOLD, 0.2, metal=1.0)
    body.add(lathe(scaled(((17, 103.5), (17, 110.6), (15, 111.4), (10, 111.4)))), gold)
    cap = rounded_box(0.21, 0.19, 0.20, 0.03).moved(placed(z=1.32))
    dark = skins.solid("#17171b", 0.18, metal=0.1, coat=1.0)
    body.add(cap, gold if scene.light is Light.DRAMATIC else dark)
    return body


VESSELS: dict[Family, Callable[[Scene], Body]] = {
    Family.BOTTLE: bottle,
    Family.WINE: wine,
    Family.DROPPER: dropper,
    Family.JAR: jar,
    Family.PERFUME: perfume,
}
"""How each family of glass is modelled."""
