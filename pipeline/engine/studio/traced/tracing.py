"""The tracer: the scene modelled, lit, traced in ordered passes, denoised, graded, lettered."""

import gc
from dataclasses import dataclass, replace

import mitsuba as mi
import mitsuba_oidn
import numpy as np
from PIL import Image

from pipeline.engine.order import Order, Picture, Quality
from pipeline.engine.pixels import pixels
from pipeline.engine.studio import darkroom
from pipeline.engine.studio.colors import mix
from pipeline.engine.studio.darkroom import Sprite
from pipeline.engine.studio.drawing.inking import inked, outlined, quieted
from pipeline.engine.studio.drawing.props import lying
from pipeline.engine.studio.drawing.stage import Stage, staged
from pipeline.engine.studio.proof import grounds
from pipeline.engine.studio.scene.nouns import Scene, Surface
from pipeline.engine.studio.scene.products import extent, line_up, pedestal
from pipeline.engine.studio.scene.reading import read, seed_of
from pipeline.engine.studio.traced.body import Body
from pipeline.engine.studio.traced.camera import Camera, framed, sensor
from pipeline.engine.studio.traced.dewdrops import condensation, is_cold, puddles
from pipeline.engine.studio.traced.grading import exposure, graded
from pipeline.engine.studio.traced.meshes import Mesh, placed
from pipeline.engine.studio.traced.packs import PACKS, podium
from pipeline.engine.studio.traced.rigs import rig
from pipeline.engine.studio.traced.skins import Skin
from pipeline.engine.studio.traced.strewn import strewn
from pipeline.engine.studio.traced.surroundings import surroundings
from pipeline.engine.studio.traced.vessels import UNIT, VESSELS
from pipeline.engine.studio.vector.box import around
from pipeline.engine.studio.vector.svg import Svg

RENDERER = "studio"
_MODELS = VESSELS | PACKS
_GLASSY = frozenset(VESSELS)
_BRIGHTEST = 40.0
"""Brighter samples are chance hits that the denoiser would smear."""


@dataclass(frozen=True, slots=True)
class Finish:
    """How finely a picture is traced: passes are averaged in order, so that sums repeat."""

    samples: int
    """In one pass, at each pixel: above 16 sums depend on the threads; 8 at 2 Mpx fill 1.5 GB."""
    passes: int
    depth: int


FINISHES = {
    Quality.LOW: Finish(8, 1, 14),
    Quality.MEDIUM: Finish(10, 2, 16),
    Quality.HIGH: Finish(8, 6, 18),
}


def finish(quality: Quality, *, cut_out: bool) -> Finish:
    """How finely this is traced; a cut-out's sharp edge asks for twice the passes."""
    found = FINISHES[quality]
    return replace(found, passes=found.passes * 2) if cut_out else found


def paint(order: Order) -> Picture:
    """Trace an order. Raises UnpaintableError where its copy cannot be set."""
    scene = read(order)
    stage = staged(scene, *pixels(order.ratio, order.quality))
    image = traced(scene, stage, finish(order.quality, cut_out=scene.transparent))
    if not scene.transparent and order.quality is not Quality.LOW:
        image = darkroom.grained(image.convert("RGB"))
    image = lettered(image.convert("RGBA"), scene, stage)
    if not scene.transparent:
        image = image.convert("RGB")
    words = {"prompt": order.prompt, "seed": str(seed_of(order)), "engine": RENDERER}
    return Picture(
        png=darkroom.encoded(image, words),
        width=image.width,
        height=image.height,
        renderer=RENDERER,
    )


def traced(scene: Scene, stage: Stage, fineness: Finish) -> Image.Image:
    """The picture without its copy."""
    camera = framed(scene, stage)
    described = _described(scene, stage, camera, fineness)
    layers = _exposed(mi.load_dict(described), scene.seed, fineness)
    del described
    gc.collect()
    color = np.ascontiguousarray(np.nan_to_num(np.minimum(layers[..., :3], _BRIGHTEST)))
    albedo = np.ascontiguousarray(np.clip(np.nan_to_num(layers[..., 4:7]), 0, 1))
    normals = np.ascontiguousarray(np.nan_to_num(layers[..., 7:10]))
    # what lies out of focus has noisy guides: unless they are cleaned first, edges stay ragged
    guides = (np.asarray(mitsuba_oidn.denoise(noisy)) for noisy in (albedo, normals))
    clean = np.asarray(mitsuba_oidn.denoise(color, *guides, hdr=True, clean_aux=True))
    clean = clean * exposure(clean, stage.goods)
    if scene.transparent:
        return _cut_out(clean, np.clip(layers[..., 3], 0, 1))
    return Image.fromarray(_bytes(graded(clean, cut_out=False)))


def _exposed(scene: object, seed: int, fineness: Finish) -> np.ndarray:
    """The mean of ordered passes: red, green, blue, alpha, albedo, normals."""
    total: np.ndarray | None = None
    for number in range(fineness.passes):
        chance = (seed & 0xFFFF) * 64 + number
        one = np.array(mi.render(scene, spp=fineness.samples, seed=chance), dtype=np.float64)
        total = one if total is None else total + one
    assert total is not None  # noqa: S101 - every finish has a pass
    return (total / fineness.passes).astype(np.float32)


def _described(scene: Scene, stage: Stage, camera: Camera, fineness: Finish) -> Skin:
    sky = rig(scene.light, cut_out=scene.transparent)
    described: Skin = {
        "type": "scene",
        "sensor": sensor(camera, samples=fineness.samples, sharp=scene.transparent),
        "sky": {
            "type": "envmap",
            "bitmap": mi.Bitmap(sky),
            "to_world": mi.ScalarTransform4f().rotate([1, 0, 0], 90),
        },
        "integrator": {
            "type": "aov",
            "aovs": "al:albedo,nn:sh_normal",
            "image": {
                "type": "path",
                "max_depth": fineness.depth,
                "rr_depth": 10,
                "hide_emitters": scene.transparent,
            },
        },
    }
    bodies = [_goods(scene)]
    if not scene.transparent:
        around_it, entries = surroundings(scene, stage, camera, sky)
        described |= entries
        bodies += [around_it, *_dressing(scene, stage)]
    for b, body in enumerate(bodies):
        for p, part in enumerate(body.parts):
            described[f"part{b}_{p}"] = _loaded(part.mesh, part.skin, f"part{b}_{p}")
        for k, lamp in enumerate(body.lamps):
            described[f"lamp{b}_{k}"] = {
                "type": "sphere",
                "center": [lamp.x, lamp.y, lamp.z],
                "radius": lamp.radius,
                "light": {"type": "area", "radiance": {"type": "rgb", "value": lamp.radiance}},
            }
    return described


def _goods(scene: Scene) -> Body:
    """The product, or all of its line-up, on its pedestal."""
    one = _MODELS[scene.family](scene)
    if is_cold(scene):
        one.parts.extend(condensation(scene, glass=scene.family in _GLASSY).parts)
    lift, together = pedestal(scene) * UNIT, Body()
    for stand in line_up(scene):
        # what the flat picture sets higher stands farther back
        back = stand.back * UNIT * 4
        k = stand.scale
        copy = one.moved(placed(stand.dx * UNIT, back, lift, size=(k, k, k)))
        together.parts.extend(copy.parts)
        together.lamps.extend(copy.lamps)
    if lift and not scene.transparent:
        color = mix(scene.palette.soft, scene.backdrop, 0.5)
        together.parts.extend(podium(max(extent(scene)) * 1.28 * UNIT, lift, color).parts)
    return together


def _dressing(scene: Scene, stage: Stage) -> list[Body]:
    """Props and drops."""
    dressing = [strewn(scene, lying(scene, stage))]
    if scene.surface is Surface.WET:
        dressing.append(puddles(scene, max(extent(scene)) * UNIT))
    return dressing


def _loaded(mesh: Mesh, skin: Skin, name: str) -> object:
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(skin)
    loaded = mi.Mesh(
        name,
        len(mesh.vertices),
        len(mesh.faces),
        has_vertex_normals=mesh.normals is not None,
        has_vertex_texcoords=mesh.places is not None,
        props=properties,
    )
    held = mi.traverse(loaded)
    held["vertex_positions"] = np.asarray(mesh.vertices, np.float32).ravel()
    held["faces"] = np.asarray(mesh.faces, np.uint32).ravel()
    if mesh.places is not None:
        held["vertex_texcoords"] = np.asarray(mesh.places, np.float32).ravel()
    if mesh.normals is not None:
        held["vertex_normals"] = np.asarray(mesh.normals, np.float32).ravel()
    held.update()
    return loaded


def _cut_out(radiance: np.ndarray, alpha: np.ndarray) -> Image.Image:
    """The product alone, with the soft shadow of its foot."""
    thick = np.ascontiguousarray(np.repeat(alpha[..., None], 3, 2).astype(np.float32))
    soft = np.asarray(mitsuba_oidn.denoise(thick))[..., 0]
    soft = np.clip((soft - 0.02) / 0.96, 0, 1)
    shown = graded(radiance / np.maximum(soft, 0.05)[..., None], cut_out=True)
    product = Image.fromarray(_bytes(np.dstack([shown, soft])))
    image = Image.new("RGBA", product.size)
    placed_at = Sprite(product, 0, 0)
    darkroom.contact_shadow(image, placed_at, alpha=0.55, color="#120a06")
    darkroom.lay(image, placed_at)
    return image


def _bytes(values: np.ndarray) -> np.ndarray:
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)


def lettered(image: Image.Image, scene: Scene, stage: Stage) -> Image.Image:
    """The picture with its copy laid over it, in inks that can be read on what was traced."""
    if not stage.copy:
        return image
    box = around([piece.box for piece in stage.copy]).grown(stage.unit * 0.03)
    svg = Svg(darkroom.whole(box, stage.frame))
    if scene.transparent:
        outlined(svg, scene, stage.copy)
    else:
        quiet = quieted(scene, stage.copy, lambda area: grounds(image, area))
        if quiet:
            darkroom.veil(image, quiet.box, color=quiet.color, alpha=quiet.alpha)
        inked(svg, scene, stage.copy, lambda area: grounds(image, area))
    darkroom.lay(image, darkroom.rasterised(svg))
    return image
