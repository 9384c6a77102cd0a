"""What the product stands in: a table or a sweep, and a wall that is lit from behind."""

import math

import mitsuba as mi
import numpy as np

from pipeline.engine.studio.colors import darken, mix
from pipeline.engine.studio.darkroom import SOFT, rasterised
from pipeline.engine.studio.drawing import backdrop
from pipeline.engine.studio.drawing.stage import Stage
from pipeline.engine.studio.scene.nouns import Light, Scene, Surface
from pipeline.engine.studio.traced import noise, skins
from pipeline.engine.studio.traced.body import Body
from pipeline.engine.studio.traced.camera import Camera
from pipeline.engine.studio.traced.meshes import Mesh, sheet
from pipeline.engine.studio.traced.rigs import falling_on_table
from pipeline.engine.studio.traced.skins import Skin
from pipeline.engine.studio.vector.svg import Svg

_WALL_AT = 18.0
_TABLE = (24.0, 10.0)
"""Half width and half depth."""
_TABLE_END = 5.2
_BEND = 2.6
_BEND_AT = 1.8


def is_sweep(scene: Scene) -> bool:
    """Whether floor and wall are one sheet, lit by the rig itself."""
    return scene.surface is Surface.MATTE and scene.light in (Light.SOFT, Light.BRIGHT)


def surroundings(scene: Scene, stage: Stage, camera: Camera, sky: np.ndarray) -> tuple[Body, Skin]:
    """Modelled parts, and entries for the tracer's scene by name."""
    body = Body()
    bright = max(falling_on_table(sky), 0.05)
    airy = scene.light is Light.BRIGHT and not backdrop.is_dark(scene)
    ground = mix(scene.backdrop, "#ffffff", 0.35 if airy else 0.0)
    albedo = np.clip(noise.linear(ground) * 0.92 / bright, 0.02, 0.85)
    if is_sweep(scene):
        # walls get less light than floors: paper that is paler keeps the picture airy
        paler = 1.35 if scene.light is Light.BRIGHT else 1.1
        body.add(_sweep(), skins.solid(np.clip(albedo * paler, 0.02, 0.9), 0.6, specular=0.2))
        return body, {"halo": _halo(scene, stage)}
    skin = _table_skin(scene, albedo)
    shift = mi.ScalarTransform4f().translate([0, _TABLE_END - _TABLE[1], 0])
    table: Skin = {
        "type": "rectangle",
        "to_world": shift.scale([_TABLE[0], _TABLE[1], 1]),
        "skin": skin,
    }
    return body, {"table": table, "wall": _wall(scene, stage, camera)}


def _wall(scene: Scene, stage: Stage, camera: Camera) -> Skin:
    """The proof renderer's wall as a light: it fills the picture behind everything."""
    svg = Svg(stage.frame)
    backdrop.wall(svg, scene, stage)
    small = np.asarray(rasterised(svg, 1 / SOFT).image.convert("RGB"), float) / 255
    high, wide = small.shape[:2]
    # three times as large: what glass and wet tables show from beyond the picture's edge
    around = np.pad(small, ((high, high), (wide, wide), (0, 0)), "edge") ** 2.2
    matrix = camera.screen(_WALL_AT) @ np.diag([3.0, 3.0, 1.0, 1.0])
    radiance = skins.texture(around[::-1].astype(np.float32), wrap="clamp")
    return {
        "type": "rectangle",
        "to_world": mi.ScalarTransform4f(matrix),
        "skin": {"type": "diffuse", "reflectance": skins.tone("#000000")},
        "light": {"type": "area", "radiance": radiance},
    }


def _sweep() -> Mesh:
    """Paper that runs from before the camera up behind the product."""
    bend = np.linspace(0, math.pi / 2, 24)
    flat = np.linspace(-14, _BEND_AT, 20)
    y = np.concatenate([flat, _BEND_AT + _BEND * np.sin(bend)[1:], [_BEND_AT + _BEND]])
    z = np.concatenate([0 * flat, _BEND * (1 - np.cos(bend))[1:], [16.0]])
    x = np.array([-26.0, 26.0])
    points = np.stack(
        [np.broadcast_to(x, (len(y), 2)), np.repeat(y[:, None], 2, 1), np.repeat(z[:, None], 2, 1)],
        -1,
    )
    return sheet(points)


def _halo(scene: Scene, stage: Stage) -> Skin:
    """A spot on the paper behind the product."""
    tall, bright = stage.goods.h / stage.scale / 100, scene.light is Light.BRIGHT
    strong = 13.0 if bright else 9.0
    return {
        "type": "spot",
        "intensity": skins.tone([strong, strong, strong * 0.955]),
        "cutoff_angle": 34 if bright else 26,
        "beam_width": 4,
        "to_world": mi.ScalarTransform4f().look_at(
            origin=[0, -2.5, 6.5], target=[0, 4.2, tall * 0.9], up=[0, 0, 1]
        ),
    }


def _table_skin(scene: Scene, albedo: np.ndarray) -> Skin:
    dark, seed = backdrop.is_dark(scene), scene.seed % 9973
    match scene.surface:
        case Surface.WET:
            return _wet(albedo * 0.34 if not dark else noise.linear("#0d0d12"), seed)
        case Surface.MIRROR:
            return skins.solid(albedo * 0.5, 0.05, specular=0.9, coat=1.0)
        case Surface.MARBLE:
            art = skins.texture(_floats(noise.marble(seed, dark=dark)), repeat=(4, 4))
            return skins.solid(art, 0.10, coat=0.5)
        case Surface.WOOD:
            art = skins.texture(_floats(noise.wood(seed, dark=dark)), repeat=(2, 5))
            return skins.solid(art, 0.36)
        case Surface.STONE:
            art = skins.texture(_floats(noise.stone(seed, dark=dark)), repeat=(4, 4))
            relief = noise.fractal((10, 40, 160), seed)
            return skins.bumped(skins.solid(art, 0.6), relief, scale=0.15, repeat=(4, 4))
        case Surface.SAND:
            art = skins.texture(_floats(noise.sand(seed, dark=dark)), repeat=(4, 4))
            relief = noise.fractal((10, 40, 160), seed)
            return skins.bumped(skins.solid(art, 0.9), relief, scale=0.5, repeat=(4, 4))
        case Surface.FABRIC:
            tone = darken(mix(scene.backdrop, scene.palette.soft, 0.4), 0.05)
            art = skins.texture(_floats(noise.cloth(seed, tone)), repeat=(12, 6))
            relief = noise.fractal((4, 7), seed)
            return skins.bumped(skins.solid(art, 0.8), relief, scale=0.25, repeat=(4, 2))
        case Surface.MATTE:
            return skins.solid(albedo, 0.5 if not dark else 0.22, specular=0.3)


def _wet(base: np.ndarray, seed: int) -> Skin:
    """A film of water of uneven depth over a dark ground."""
    patches = noise.fractal((3, 7, 15, 40), seed)
    rough = np.clip((patches - 0.5) * 2.2, 0, 1) * 0.22 + 0.02
    dull = skins.texture(rough[..., None].astype(np.float32), raw=True, repeat=(5, 5))
    skin = skins.solid(base, dull, specular=1.0, coat=1.0)
    ripples = noise.fractal((8, 20, 60), seed + 1)
    return skins.bumped(skin, ripples, scale=0.018, repeat=(5, 5))


def _floats(texture: np.ndarray) -> np.ndarray:
    return texture.astype(np.float32)
