"""Drops of water: condensation on cold goods, and what lies on a wet table."""

import math
from random import Random

import numpy as np

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.scene.nouns import Prop, Scene, Surface
from pipeline.engine.studio.scene.products import product
from pipeline.engine.studio.traced import skins
from pipeline.engine.studio.traced.body import Body
from pipeline.engine.studio.traced.meshes import Mesh, lathe, merged, placed
from pipeline.engine.studio.traced.skins import WATER
from pipeline.engine.studio.traced.vessels import scaled

_ON_GOODS, _ON_TABLE = 1100, 320
_COPY = 0.85
"""How far round copy runs on a label: no bead sits on it."""
_OPEN_DOME = 1.77
"""A dome without a floor is entered and never left: this undoes the squeeze of radiance."""


def is_cold(scene: Scene) -> bool:
    """Whether the product sweats."""
    return product(scene).beads and (scene.surface is Surface.WET or Prop.ICE in scene.props)


def condensation(scene: Scene, *, glass: bool) -> Body:
    """Beads on the front of a cold product; few on its label, where copy must be read."""
    rng, shape, body = stream(scene.seed, "condensation"), product(scene), Body()
    profile = scaled(shape.profile)
    heights, radii = [z for _, z in profile], [r for r, _ in profile]
    label = shape.label
    paper = (label.low / 100, label.high / 100) if label and glass else (9.0, 9.0)
    on_glass: list[Mesh] = []
    on_paper: list[Mesh] = []
    dome = _dome()
    for _ in range(_ON_GOODS):
        size = (0.0045 + min(0.021, rng.expovariate(1 / 0.0055))) * 0.8
        z = rng.uniform(0.06, 0.92 * heights[-1])
        r = float(np.interp(z, heights, radii))
        ahead, behind = (float(np.interp(z + d, heights, radii)) for d in (0.01, -0.01))
        angle = rng.uniform(-math.pi / 2, math.pi / 2)
        bead = dome.moved(_seat(r + 0.002, z, angle, ((ahead - behind) / 0.02, size, rng)))
        if not glass or paper[0] < z < paper[1]:
            if not glass or abs(angle) > _COPY:
                on_paper.append(bead)
        else:
            on_glass.append(bead)
    for beads, tint in ((on_paper, None), (on_glass, _OPEN_DOME)):
        if beads:
            body.add(merged(beads), skins.glass(inside=WATER, outside=1.0, tint=tint))
    return body


def _seat(r: float, z: float, angle: float, bead: tuple[float, float, Random]) -> np.ndarray:
    """Where a bead sits on a turned surface of this slope, flattened and a little hung."""
    slope, size, rng = bead
    normal = np.array([math.sin(angle), -math.cos(angle), -slope])
    normal /= np.linalg.norm(normal)
    aside = np.array([math.cos(angle), math.sin(angle), 0.0])
    upward = np.cross(normal, aside)
    matrix = np.eye(4)
    hung = size * rng.uniform(1, 1.35)
    matrix[:3, :3] = np.stack([aside * size, upward * hung, normal * size * 0.5], 1)
    matrix[:3, 3] = (r * math.sin(angle), -r * math.cos(angle), z)
    return matrix


def puddles(scene: Scene, clear: float) -> Body:
    """Drops on the table, none nearer to the axis than `clear`."""
    rng, body, dome = stream(scene.seed, "puddles"), Body(), _dome()
    drops: list[Mesh] = []
    for _ in range(_ON_TABLE):
        size = 0.008 + min(0.055, rng.expovariate(1 / 0.014))
        x, y = rng.gauss(0, 1.5), rng.uniform(-1.9, 1.3)
        if math.hypot(x, y) < clear + 0.03:
            continue
        flat = (size * rng.uniform(1, 1.7), size * rng.uniform(1, 1.4), size * 0.42)
        drops.append(dome.moved(placed(x, y, turn=rng.uniform(0, 180), size=flat)))
    if drops:
        body.add(merged(drops), skins.glass(inside=WATER, outside=1.0))
    return body


def _dome() -> Mesh:
    quarter = np.linspace(0, math.pi / 2, 7)
    return lathe([(math.cos(t), math.sin(t)) for t in quarter], sides=14)
