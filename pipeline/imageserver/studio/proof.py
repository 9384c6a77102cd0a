"""The renderer `proof`: paints a scene as vectors and encodes a PNG, always the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from pipeline.imageserver.painting.painter import (
    PaintedPicture,
    PaintOrder,
    PaintQuality,
    UnpaintableError,
)
from pipeline.imageserver.painting.pixels import pixels
from pipeline.imageserver.studio import raster
from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, luminance, mix
from pipeline.imageserver.studio.drawing.composition import Composition, compose, compose_over
from pipeline.imageserver.studio.drawing.copy.draw_copy import (
    InkChoice,
    backing_for,
    draw_copy,
    draw_outlined_copy,
)
from pipeline.imageserver.studio.drawing.products.product import draw_product, foot_line
from pipeline.imageserver.studio.drawing.scenery import backdrop, surfaces
from pipeline.imageserver.studio.drawing.scenery.decor import draw_decor, rays, sunburst
from pipeline.imageserver.studio.drawing.scenery.props import (
    TILT,
    PlacedProp,
    draw_pedestal,
    draw_props,
    place_props,
)
from pipeline.imageserver.studio.drawing.scenery.water import DropPattern, water_drops
from pipeline.imageserver.studio.input_images import (
    InputImage,
    InputUse,
    apply_mask,
    calmest_area,
    first_input,
)
from pipeline.imageserver.studio.raster import Sprite
from pipeline.imageserver.studio.scene.product_shapes import (
    extent,
    line_up,
    pedestal,
    product_shape,
)
from pipeline.imageserver.studio.scene.reading import read_prompt, seed_of
from pipeline.imageserver.studio.scene.scene import Family, Light, Scene, Surface
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.shadows import FloorReflection, ShadowCast, cast_shadow, reflection
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around
from pipeline.lettering.fonts import LetteringError

RENDERER = "proof"
_ICON_PIXELS = 520.0
GLOW_STRENGTH = {PaintQuality.LOW: 0.0, PaintQuality.MEDIUM: 0.9, PaintQuality.HIGH: 1.25}
"""Strength of the glow round lights: none in drafts."""


def paint(order: PaintOrder) -> PaintedPicture:
    """Paint an order. Raises UnpaintableError if its copy or its image cannot be used."""
    try:
        painting = paint_picture(order)
    except LetteringError as error:
        raise UnpaintableError(error.reason, hint=error.hint) from error
    image = painting.image
    notes = {"prompt": order.prompt, "seed": str(seed_of(order)), "engine": RENDERER}
    notes["boxes"] = raster.boxes_text(image.size, painting.copy, painting.product)
    return PaintedPicture(
        png=raster.encode_png(image, notes),
        width=image.width,
        height=image.height,
        renderer=RENDERER,
    )


@dataclass(frozen=True, slots=True)
class Painting:
    """A painted picture, the ink of each piece of copy, and the box of all products."""

    image: Image.Image
    inks: list[InkChoice]
    product: Box | None

    @property
    def copy(self) -> list[Box]:
        """The box of each piece of copy, its plate included."""
        pieces = [ink.piece for ink in self.inks]
        boxes = [
            [one.box, one.path.box(), *([one.plate.box()] if one.plate else [])] for one in pieces
        ]
        return [around(of_piece) for of_piece in boxes]


def paint_picture(order: PaintOrder) -> Painting:
    """Paint an order, and return the picture with what is known of it."""
    scene, input_image = read_prompt(order), first_input(order)
    width, height = pixels(order.ratio, order.quality)
    if input_image and input_image.use is InputUse.BACKDROP:
        image, done = _paint_edit(order, scene, input_image, (width, height))
        product = None
    else:
        if input_image:
            scene = replace(scene, family=Family.INPUT, input_size=input_image.image.size, name="")
        composition = compose(scene, width, height)
        image, product = _paint_scene(scene, composition, input_image)
        glow = GLOW_STRENGTH[order.quality]
        if glow and input_image is None and not scene.transparent:
            image = raster.add_glow(image, glow)
        done = _draw_copy(image, scene, composition)
    if scene.transparent:
        return Painting(image, done, product)
    image = image.convert("RGB")
    fine = order.quality is not PaintQuality.LOW and input_image is None
    return Painting(raster.add_grain(image) if fine else image, done, product)


def _paint_scene(
    scene: Scene, composition: Composition, input_image: InputImage | None = None
) -> tuple[Image.Image, Box | None]:
    """Paint a scene without its copy; returns the picture and the box of its products."""
    image = Image.new("RGBA", (composition.width, composition.height))
    if not scene.transparent:
        _draw_background(image, scene, composition)
    if scene.family is Family.WORDS:
        return image, None
    return image, _draw_products(image, scene, composition, input_image)


def _paint_edit(
    order: PaintOrder, scene: Scene, input_image: InputImage, size: tuple[int, int]
) -> tuple[Image.Image, list[InkChoice]]:
    """Paint an edit: the image, repainted where the mask is transparent, with the copy over it."""
    if scene.transparent:
        raise UnpaintableError(
            "the image to edit has no transparency to keep",
            hint="upload a cut-out, or request an opaque background",
        )
    if order.mask:
        new, _ = _paint_scene(scene, compose(scene, *size))
    else:
        new = Image.new("RGBA", size)
    image = apply_mask(order, input_image, new)
    sheet = Image.new("RGBA", size, scene.backdrop)
    sheet.alpha_composite(image)
    zone, across = calmest_area(sheet)
    composition = compose_over(scene, size, (zone, across))
    return sheet, _draw_copy(sheet, scene, composition)


def _draw_background(image: Image.Image, scene: Scene, composition: Composition) -> None:
    """Draw wall, light and table."""
    soft = Svg(composition.frame)
    backdrop.wall(soft, scene, composition)
    if sunburst(scene, beside=composition.beside):
        rays(soft, scene, composition)
    surfaces.table(soft, scene, composition)
    backdrop.vignette(soft, scene, composition)
    small = raster.rasterise(soft, 1 / raster.SOFT).image.convert("RGB")
    image.paste(small.resize(image.size, Image.Resampling.BICUBIC))
    sharp = Svg(backdrop.area_above_horizon(composition))
    draw_decor(sharp, scene, composition)
    if not sharp.empty:
        raster.paste_sprite(image, raster.rasterise(sharp))
    if surfaces.shows_material(scene) and composition.horizon < composition.height:
        y = int(composition.horizon)
        area = Box(0, y, composition.width, composition.height - y)
        table = Svg(area)
        surfaces.draw_material(table, scene, composition)
        half = raster.rasterise(table, 0.5)
        full = half.image.resize((composition.width, int(area.h)), Image.Resampling.BICUBIC)
        raster.paste_sprite(image, Sprite(full, 0, y))


def _draw_products(
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
    for placed_product in line_up(scene):
        k = composition.scale * placed_product.scale
        sprite = (
            packshot_sprite(input_image, k, scene) if input_image else _product_sprite(scene, k)
        )
        x, y = (
            composition.cx + placed_product.dx * composition.scale,
            composition.base - placed_product.back * composition.scale,
        )
        placed = Sprite(_lit(sprite.image, scene), round(sprite.x + x), round(sprite.y + y))
        _draw_contact(image, scene, composition, PlacedProduct(placed, x, y, k))
        raster.paste_sprite(image, placed)
        boxes += raster.solid_box(placed)
    if scene.surface is Surface.WET and not scene.transparent:
        _draw_drops(image, scene, composition)
    _draw_props(image, scene, composition, [p for p in props if p.y >= 0])
    return around(boxes) if boxes else None


def _product_sprite(scene: Scene, scale: float) -> Sprite:
    """Return the product's pixels; icons are painted small and enlarged, since blurs are slow."""
    svg = draw_product(scene, scale)
    zoom = min(1.0, _ICON_PIXELS / max(svg.frame.w, svg.frame.h))
    if scene.family is not Family.GLYPH or zoom == 1.0:
        return raster.rasterise(svg)
    small = raster.rasterise(svg, zoom)
    size = (round(svg.frame.w), round(svg.frame.h))
    return Sprite(small.image.resize(size, Image.Resampling.BICUBIC), small.x, small.y)


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
            lean=0.75 if hard else 0.48,
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


def _draw_copy(image: Image.Image, scene: Scene, composition: Composition) -> list[InkChoice]:
    """Draw the copy in inks that can be read on the picture."""
    if not composition.copy:
        return []
    box = around([p.box for p in composition.copy]).grown(composition.unit * 0.03)
    svg = Svg(raster.pixel_aligned(box, composition.frame))
    if scene.transparent:
        done = draw_outlined_copy(svg, scene, composition.copy)
    else:
        quiet = backing_for(scene, composition.copy, lambda area: backgrounds(image, area))
        if quiet:
            raster.veil(image, _side(quiet.box, composition), color=quiet.color, alpha=quiet.alpha)
        done = draw_copy(svg, scene, composition.copy, lambda area: backgrounds(image, area))
    raster.paste_sprite(image, raster.rasterise(svg))
    return done


def _side(box: Box, composition: Composition) -> Box:
    """Return the copy's side of the picture, extended beyond its edges."""
    far = composition.unit
    if not composition.beside:
        top = -far if box.cy < composition.height / 2 else box.y
        bottom = box.bottom if box.cy < composition.height / 2 else composition.height + far
        return Box(-far, top, composition.width + 2 * far, bottom - top)
    left = -far if box.cx < composition.width / 2 else box.x
    right = box.right if box.cx < composition.width / 2 else composition.width + far
    return Box(left, -far, right - left, composition.height + 2 * far)


def backgrounds(image: Image.Image, box: Box) -> list[float]:
    """Return the darkest and the lightest luminance of the picture under a box."""
    area = raster.pixel_aligned(box, Box(0, 0, image.width, image.height))
    crop = image.crop((int(area.x), int(area.y), int(area.right), int(area.bottom)))
    raw = crop.convert("RGB").resize((40, 40), Image.Resampling.BOX).tobytes()
    found = sorted(
        luminance(f"#{raw[i]:02x}{raw[i + 1]:02x}{raw[i + 2]:02x}") for i in range(0, len(raw), 3)
    )
    return [found[int((len(found) - 1) * q)] for q in (0.02, 0.98)]
