"""Opaque goods: can, mug, cup, candle, tube, pouch, carton."""

import math
from collections.abc import Callable

import numpy as np

from pipeline.engine.studio.colors import darken, mix
from pipeline.engine.studio.contrast import luminance
from pipeline.engine.studio.drawing.labels import Panel, field_for
from pipeline.engine.studio.scene.nouns import Family, Scene
from pipeline.engine.studio.scene.products import product
from pipeline.engine.studio.traced import skins
from pipeline.engine.studio.traced.body import Body, Lamp
from pipeline.engine.studio.traced.labels import printed
from pipeline.engine.studio.traced.meshes import (
    disc,
    lathe,
    panel,
    placed,
    rounded_box,
    sheet,
    superellipsoid,
)
from pipeline.engine.studio.traced.vessels import UNIT, glass_tint, scaled, wrap
from pipeline.engine.studio.vector.lathe import radius_at, smooth

_ALUMINIUM = "#d5d8dc"
_PALE = 0.2
_MUG = ((0.0, 0.0), (36, 0), (42, 2.2), (44.5, 10), (45, 60), (45, 98))
"""The outside of a mug, without its lip."""
_FLAME = (
    (1.020, 0.018, (26.0, 11.0, 3.0)),
    (1.055, 0.026, (60.0, 30.0, 9.0)),
    (1.095, 0.023, (70.0, 38.0, 13.0)),
    (1.130, 0.016, (60.0, 34.0, 12.0)),
    (1.158, 0.010, (44.0, 24.0, 8.0)),
    (1.180, 0.005, (30.0, 16.0, 5.0)),
)
"""Balls of light: height, radius, radiance."""


def can(scene: Scene) -> Body:
    """A drinks can, printed all over."""
    shape, body = product(scene), Body()
    metal = skins.solid(_ALUMINIUM, 0.20, metal=1.0)
    foot = scaled(((0, 6), (27, 5), (31.5, 0), (33.5, 1.2), (38.5, 6), (42, 12)))
    body.add(lathe(foot), metal)
    wrap(body, scene, shape, rough=0.24, lift=0.0)
    rim = ((42, 164.5), (40.2, 170), (36, 179), (34.8, 182), (35.8, 185.2), (34.6, 186.4))
    body.add(lathe(scaled((*rim, (33, 185), (32.2, 180.5), (29, 180), (0, 180.4)))), metal)
    tab = superellipsoid(0.10, 0.055, 0.010, edge=0.6, steps=20)
    body.add(tab.moved(placed(y=-0.07, z=1.83, tilt=3)), metal)
    return body


def mug(scene: Scene) -> Body:
    """A glazed mug with coffee in it."""
    body = Body()
    glaze = mix(scene.palette.soft, "#ffffff", 0.45)
    skin = skins.solid(glaze, 0.16, coat=1.0)
    body.add(lathe(scaled((*_MUG, (44, 100.4), (42, 99), (41, 92), (41, 60)))), skin)
    body.add(lathe([(0.412, 0.90), (0, 0.90)]), skins.solid("#34190c", 0.08, coat=1.0))
    _printed_on(body, scene, glaze)
    turn = np.linspace(-1.95, 1.95, 48)[:, None]
    ring = np.linspace(0, 2 * math.pi, 25)[None, :]
    out, thick = 0.27, 0.058
    points = np.stack(
        [
            0.40 + (out + thick * np.cos(ring)) * np.cos(turn),
            thick * 1.15 * np.sin(ring) + 0 * turn,
            0.53 + (out * 1.15 + thick * np.cos(ring)) * np.sin(turn),
        ],
        -1,
    )
    handle = sheet(points, closed=True).flipped()
    body.add(handle.moved(placed(turn=-12)), skin)
    return body


def _printed_on(body: Body, scene: Scene, glaze: str) -> None:
    """Words straight on the glaze."""
    shape = product(scene)
    if shape.label is None:
        return
    face = Panel(
        top=-shape.label.high,
        height=shape.label.high - shape.label.low,
        front=45 * shape.label.front,
        half=45 * shape.label.arc,
        paper=glaze,
        plain=True,
    )
    curve = tuple(smooth(_MUG))
    heights = [float(z) for z in np.linspace(shape.label.low, shape.label.high, 24)]
    glazed = [(radius_at(z, curve) * UNIT + 0.0012, z * UNIT) for z in heights]
    mesh = lathe(glazed, sides=96, half=shape.label.arc)
    art = skins.texture(printed(scene, face), wrap="clamp")
    body.add(mesh, skins.solid(art, 0.16, coat=1.0))


def cup(scene: Scene) -> Body:
    """A paper cup to go, with its lid."""
    shape, body = product(scene), Body()
    wrap(body, scene, shape, rough=0.5, lift=0.0)
    color = "#f6f2ea" if luminance(scene.palette.main) > _PALE else "#26211f"
    rim = ((46.6, 133), (50.2, 134), (50.4, 139), (48.6, 141.5), (46.6, 143), (45.4, 150.4))
    lid = scaled((*rim, (44, 151.6), (41.6, 151), (40.6, 147.5), (0, 147.5)))
    body.add(lathe(lid), skins.solid(color, 0.34, coat=0.4))
    return body


def candle(scene: Scene) -> Body:
    """A lit candle in a tumbler of tinted or glazed glass."""
    shape, body = product(scene), Body()
    dark = luminance(scene.backdrop) < _PALE and glass_tint(scene) is not None
    pot = "#1d1b1f" if dark else mix(scene.palette.soft, scene.palette.main, 0.12)
    outer = ((0, 0), (42, 0), (46.5, 2.5), (48, 9), (48, 60), (48, 105), (47.2, 106), (45.8, 105))
    body.add(lathe(scaled((*outer, (45.2, 98), (45.2, 70)))), skins.solid(pot, 0.24, coat=0.9))
    wax = skins.solid(mix("#f8ecd2", scene.palette.soft, 0.25), 0.5)
    body.add(lathe(scaled(((45.2, 94), (40, 92.6), (10, 92), (0, 92)))), wax)
    wrap(body, scene, shape, rough=0.5, paper="#fbf5e8", lift=0.003)
    wick = lathe([(0.011, 0.91), (0.012, 0.99), (0.008, 1.02)], sides=20)
    body.add(wick, skins.solid("#1c1512", 0.9))
    body.lamps.extend(Lamp(0, 0, z, r, radiance) for z, r, radiance in _FLAME)
    return body


def tube(scene: Scene) -> Body:
    """A tube that stands on its cap."""
    body = Body()
    across, rows, low, high = 97, 48, 0.31, 1.96
    angles = np.linspace(-math.pi, math.pi, across)[None, :]
    rise = np.linspace(0, 1, rows)[:, None]
    wide, deep = 0.34 + 0.08 * rise, 0.34 * np.maximum(1 - rise, 0) ** 0.8 + 0.008
    heights = low + rise * (high - low) + 0 * angles
    points = np.stack([wide * np.sin(angles), -deep * np.cos(angles), heights], -1)
    face = Panel(top=-196, height=165, front=62, half=43, pack=True)
    # flat art on the front, seen straight on
    places = np.stack([points[..., 0] / 0.86 + 0.5, 1 - rise + 0 * angles], -1)
    art = skins.texture(printed(scene, face), wrap="clamp")
    body.add(sheet(points, places, closed=True), skins.solid(art, 0.34, coat=0.6))
    cap = scaled(((0, 0), (31, 0), (34, 2), (34.6, 29), (33, 31.5), (20, 32)))
    body.add(lathe(cap, flute=_ribs), skins.solid(field_for(scene), 0.3, coat=0.6))
    return body


def _ribs(angles: np.ndarray) -> np.ndarray:
    """The grip of a cap."""
    return 0.005 * np.cos(60 * angles)


def pouch(scene: Scene) -> Body:
    """A stand-up pouch, sealed at the top, full at the foot."""
    body, across, rows, high = Body(), 121, 64, 1.80
    angles = np.linspace(-math.pi, math.pi, across)[None, :]
    rise = np.linspace(0, 1, rows)[:, None]
    full = np.sin(math.pi * np.minimum(1, 0.12 + rise * 0.88)) ** 0.55
    deep = 0.27 * np.maximum(full, 0) * (1 - 0.25 * rise) + 0.004
    wide = 0.61 - 0.03 * np.sin(math.pi * rise)
    x = np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** 0.75
    y = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** 0.9
    points = np.stack([wide * x, -deep * y, rise * high + 0 * angles], -1)
    crease = np.clip(1 - np.abs(points[..., 2] / high - 0.5) * 1.2, 0, 1)
    points[..., 1] += 0.012 * np.sin(points[..., 0] * 9 + points[..., 2] * 5) * crease
    face = Panel(top=-180, height=180, front=94, half=62, pack=True)
    places = np.stack([points[..., 0] / 1.24 + 0.5, 1 - rise + 0 * angles], -1)
    art = skins.texture(printed(scene, face), wrap="clamp")
    body.add(sheet(points, places, closed=True), skins.solid(art, 0.38, metal=0.12, coat=0.2))
    return body


def carton(scene: Scene) -> Body:
    """A carton seen a little from its left front."""
    body = Body()
    half, deep, high = 0.58, 0.25, 0.85
    around = placed(turn=17, z=high)
    side = skins.solid(darken(field_for(scene), 0.10), 0.42)
    body.add(rounded_box(half, deep, high, 0.010).moved(around), side)
    face = Panel(top=-170, height=170, front=98, half=58, pack=True)
    front = panel(half - 0.009, high - 0.009).moved(around @ placed(y=-deep - 0.0012))
    art = skins.texture(printed(scene, face), wrap="clamp")
    body.add(front, skins.solid(art, 0.40, coat=0.25))
    return body


def podium(radius: float, height: float, color: str) -> Body:
    """What lifts a product off the table."""
    body = Body()
    edge = ((radius, 0), (radius, height - 0.02), (radius - 0.006, height - 0.006))
    body.add(lathe([(0, 0), *edge, (radius - 0.02, height)]), skins.solid(color, 0.5))
    body.add(disc(radius - 0.02).moved(placed(z=height)), skins.solid(color, 0.5))
    return body


PACKS: dict[Family, Callable[[Scene], Body]] = {
    Family.CAN: can,
    Family.MUG: mug,
    Family.CUP: cup,
    Family.CANDLE: candle,
    Family.TUBE: tube,
    Family.POUCH: pouch,
    Family.BOX: carton,
}
"""How each opaque family is modelled."""
