"""Painting the products of a scene with their shadows, reflections, pedestal and props."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from pipeline.imageserver.studio import raster
from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, mix
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.products.product import draw_product, foot_line
from pipeline.imageserver.studio.drawing.scenery import backdrop, surfaces
from pipeline.imageserver.studio.drawing.scenery.props import (
    TILT,
    PlacedProp,
    draw_pedestal,
    draw_props,
    place_props,
)
from pipeline.imageserver.studio.drawing.scenery.water import DropPattern, water_drops
from pipeline.imageserver.studio.input_images import InputImage
from pipeline.imageserver.studio.raster import Sprite
from pipeline.imageserver.studio.scene.coloring import palette_of
from pipeline.imageserver.studio.scene.parts import ROUND_FROM_ABOVE
from pipeline.imageserver.studio.scene.product_shapes import (
    extent,
    line_up,
    pedestal,
    product_shape,
)
from pipeline.imageserver.studio.scene.scene import (
    Camera,
    Copy,
    Family,
    Light,
    Role,
    Scene,
    Surface,
)
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.shadows import FloorReflection, ShadowCast, cast_shadow, reflection
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around

_ICON_PIXELS = 1100.0
"""The longest side at which an icon is painted; a larger one is enlarged, since blurs are slow."""
_TILTS = (0.0, -6.0, 5.0, -3.5)
"""Degrees by which a cut-out leans, in four neighbouring takes."""
_TURNS = (-11.0, 9.0, 13.0, -7.0)
"""Degrees by which a product seen from above is turned, in four neighbouring takes."""
_TAPER = 0.085
"""How much narrower the top of a product is seen from below, in widths at either side."""


def draw_products(
    image: Image.Image,
    scene: Scene,
    composition: Composition,
    input_image: InputImage | None = None,
) -> Box | None:
    """Draw the products with shadows and reflections, and the props round them.

    Returns the box of the products' own pixels, without shadows and reflections.
    """
    boxes: list[Box] = []
    props = place_props(scene, composition)
    _draw_props(image, scene, composition, [p for p in props if p.y < 0])
    if pedestal(scene):
        _draw_pedestal(image, scene, composition)
    painted: dict[tuple[Scene, float], Sprite] = {}
    for place in line_up(scene):
        k = composition.scale * place.scale
        one = item_scene(scene, place.item)
        if (one, k) not in painted:
            flat = (
                packshot_sprite(input_image, k, scene) if input_image else _product_sprite(one, k)
            )
            painted[one, k] = _seen(Sprite(_lit(flat.image, scene), flat.x, flat.y), scene)
        sprite = painted[one, k]
        x, y = (
            composition.cx + place.dx * composition.scale,
            composition.base - place.back * composition.scale,
        )
        placed = Sprite(sprite.image, round(sprite.x + x), round(sprite.y + y))
        _draw_contact(image, scene, composition, PlacedProduct(placed, x, y, k))
        raster.paste_sprite(image, placed)
        boxes += [_inside(box, image) for box in raster.solid_box(placed)]
    if scene.surface is Surface.WET and not scene.transparent:
        _draw_drops(image, scene, composition)
    _draw_props(image, scene, composition, [p for p in props if p.y >= 0])
    return around(boxes) if boxes else None


def _product_sprite(scene: Scene, scale: float) -> Sprite:
    """Return the product's pixels; icons are painted small and enlarged, since blurs are slow."""
    svg = draw_product(scene, scale)
    zoom = min(1.0, _ICON_PIXELS / max(svg.frame.w, svg.frame.h))
    zoom = 1.0 if scene.camera is Camera.CLOSE_UP else zoom
    if scene.family is not Family.GLYPH or zoom == 1.0:
        return raster.rasterise(svg)
    small = raster.rasterise(svg, zoom)
    size = (round(svg.frame.w), round(svg.frame.h))
    return Sprite(small.image.resize(size, Image.Resampling.BICUBIC), small.x, small.y)


def item_scene(scene: Scene, item: int) -> Scene:
    """Return the scene of one of several products: its own colour, its own label."""
    if scene.count == 1:
        return scene
    labels = scene.texts(Role.LABEL)
    if len(labels) == scene.count:
        kept = tuple(c for c in scene.copy if c.role is not Role.LABEL)
        scene = replace(scene, copy=(*kept, Copy(text=labels[item], role=Role.LABEL)))
    if len(scene.item_colors) == scene.count:
        color = scene.item_colors[item]
        tint = color if scene.glyph else ""
        scene = replace(scene, own=color, tint=tint, palette=palette_of(color, ""))
    return scene


def _inside(box: Box, image: Image.Image) -> Box:
    """Return the part of a box that the picture shows."""
    x, y = max(0.0, box.x), max(0.0, box.y)
    right, bottom = min(image.width, box.right), min(image.height, box.bottom)
    return Box(x, y, max(0.0, right - x), max(0.0, bottom - y))


def _wears_words(scene: Scene) -> bool:
    """Return whether the product shows words, which must not be mirrored."""
    return bool(
        scene.texts(Role.LABEL)
        or scene.name
        or scene.family in (Family.NOUN, Family.BOARD, Family.INPUT)
    )


def _seen(sprite: Sprite, scene: Scene) -> Sprite:
    """Return a product as the camera sees it in this take, its foot still at the origin."""
    if scene.take % 2 and not _wears_words(scene):
        image = sprite.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        sprite = Sprite(image, sprite.x, sprite.y)
    if scene.family is Family.BOARD:
        return sprite
    if (
        scene.camera is Camera.OVERHEAD
        and scene.count == 1
        and scene.family not in ROUND_FROM_ABOVE
    ):
        return _turned(sprite, _TURNS[(scene.seed + scene.take) % len(_TURNS)])
    if scene.camera is Camera.LOW_ANGLE:
        return _tapered(sprite)
    if scene.transparent and scene.count == 1 and _TILTS[scene.take % len(_TILTS)]:
        return _turned(sprite, _TILTS[scene.take % len(_TILTS)])
    return sprite


def _turned(sprite: Sprite, degrees: float) -> Sprite:
    """Return a sprite turned round its middle."""
    turned = sprite.image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    x = sprite.x - (turned.width - sprite.image.width) // 2
    y = sprite.y - (turned.height - sprite.image.height) // 2
    return Sprite(turned, x, y)


def _tapered(sprite: Sprite) -> Sprite:
    """Return a sprite whose top recedes, as seen from below."""
    w, h = sprite.image.size
    d = w * _TAPER
    # the corners of the source, from the upper left one against the clock
    corners = (-d, 0.0, 0.0, float(h), float(w), float(h), w + d, 0.0)
    image = sprite.image.transform((w, h), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    return Sprite(image, sprite.x, sprite.y)


def packshot_sprite(input_image: InputImage, scale: float, scene: Scene) -> Sprite:
    """Return a cut-out in the size of the scene's product, its foot at the origin."""
    shape = product_shape(scene)
    size = (max(1, round(shape.width * scale)), max(1, round(shape.height * scale)))
    image = input_image.image.resize(size, Image.Resampling.LANCZOS)
    return Sprite(image, -size[0] // 2, -size[1])


def _lit(image: Image.Image, scene: Scene) -> Image.Image:
    """Return the product in the light of its scene."""
    stops = {
        Light.NEON: [
            (backdrop.MAGENTA, 0.62, 0),
            (backdrop.MAGENTA, 0.10, 0.42),
            (backdrop.CYAN, 0.10, 0.6),
            (backdrop.CYAN, 0.62, 1),
        ],
        Light.DRAMATIC: [
            (NEAR_BLACK, 0.10, 0),
            (NEAR_BLACK, 0.0, 0.3),
            (NEAR_BLACK, 0.12, 0.55),
            (NEAR_BLACK, 0.46, 1),
        ],
        Light.GOLDEN: [("#ffb44a", 0.20, 0), ("#ffb44a", 0.04, 0.5), ("#5a2a10", 0.20, 1)],
    }.get(scene.light)
    if not stops or scene.transparent:
        return image
    return raster.add_light(image, stops)


@dataclass(frozen=True, slots=True)
class PlacedProduct:
    """A placed product: its pixels, the middle of its foot, its scale."""

    sprite: Sprite
    x: float
    y: float
    scale: float


def _draw_contact(
    image: Image.Image, scene: Scene, composition: Composition, placed_product: PlacedProduct
) -> None:
    """Draw reflection, cast shadow and contact shadow of a product."""
    if scene.transparent:
        raster.contact_shadow(image, placed_product.sprite, alpha=0.55, color="#120a06")
        return
    shade = _shade_color(scene)
    if scene.camera is Camera.OVERHEAD:
        raster.drop_shadow(image, placed_product.sprite, composition.unit * 0.018, shade)
        return
    glossy = scene.surface in (Surface.WET, Surface.MIRROR) and not pedestal(scene)
    if not pedestal(scene):
        _draw_reflection(image, scene, composition, placed_product)
        hard = scene.light in (Light.GOLDEN, Light.BRIGHT)
        room = max(composition.unit * 0.02, placed_product.y - composition.horizon)
        rise = (
            0.20 if backdrop.is_sweep(scene) else min(0.22, 0.92 * room / composition.product_box.h)
        )
        cast = ShadowCast(
            floor=placed_product.y,
            lean=(0.75 if hard else 0.48) * (1, -1, 0.5, -0.7)[scene.take % 4],
            rise=rise,
            blur=composition.unit * (0.010 if hard else 0.022),
            alpha=(0.22 if glossy else 0.42) * (0.8 if scene.light is Light.NEON else 1),
            color=shade,
        )
        cast_shadow(image, placed_product.sprite, cast)
    raster.contact_shadow(image, placed_product.sprite, alpha=0.55 if glossy else 0.85, color=shade)


def _shade_color(scene: Scene) -> str:
    """Return the colour of shadows, with a little of the backdrop's hue."""
    return mix(darken(scene.backdrop, 0.86), NEAR_BLACK, 0.4)


def _draw_reflection(
    image: Image.Image, scene: Scene, composition: Composition, placed_product: PlacedProduct
) -> None:
    strength, blur = surfaces.REFLECTION[scene.surface]
    if not strength:
        return
    line, middle = foot_line(scene), placed_product.x - placed_product.sprite.x
    mirror = FloorReflection(
        floor=placed_product.y,
        strength=strength,
        blur=blur * composition.unit / 1000,
        foot=lambda x: line((x - middle) / placed_product.scale) * placed_product.scale,
    )
    reflection(image, placed_product.sprite, mirror)


def _draw_pedestal(image: Image.Image, scene: Scene, composition: Composition) -> None:
    left, right = extent(scene)
    r = max(left, right) * 1.30 * composition.scale
    sprite = raster.rasterise(draw_pedestal(scene, composition.scale))
    # the product stands in the middle of the top, which is seen as an ellipse
    placed = Sprite(
        sprite.image, round(sprite.x + composition.cx), round(sprite.y + composition.base)
    )
    floor = composition.floor + r * TILT
    shade = _shade_color(scene)
    if not scene.transparent:
        cast = ShadowCast(
            floor=floor, lean=0.9, rise=0.25, blur=composition.unit * 0.02, alpha=0.4, color=shade
        )
        cast_shadow(image, placed, cast)
    raster.contact_shadow(image, placed, alpha=0.75, color=shade)
    raster.paste_sprite(image, placed)


def _draw_drops(image: Image.Image, scene: Scene, composition: Composition) -> None:
    y = composition.horizon + composition.unit * 0.02
    field = Box(0, y, composition.width, max(1.0, composition.height - y))
    svg = Svg(raster.pixel_aligned(field, composition.frame))
    rng = seeded_random(scene.seed, "drops")
    size = composition.unit * 0.0042
    far = Box(0, field.y, field.w, field.h * 0.4)
    water_drops(svg, rng, far, DropPattern(size=size * 0.6, count=60, flat=0.45))
    near = Box(0, field.y + field.h * 0.3, field.w, field.h * 0.7)
    water_drops(svg, rng, near, DropPattern(size=size, count=80, flat=0.5))
    raster.paste_sprite(image, raster.rasterise(svg))


def _draw_props(
    image: Image.Image, scene: Scene, composition: Composition, props: Sequence[PlacedProp]
) -> None:
    if not props:
        return
    k = composition.scale
    reach = around(
        [Box(p.x - p.size * 1.6, p.y - p.size * 2.2, p.size * 3.4, p.size * 4.4) for p in props]
    )
    area = Box(
        composition.cx + reach.x * k, composition.floor + reach.y * k, reach.w * k, reach.h * k
    )
    svg = Svg(raster.pixel_aligned(area, composition.frame))
    with svg.at(composition.cx, composition.floor, k):
        draw_props(svg, scene, list(props))
    raster.paste_sprite(image, raster.rasterise(svg))
