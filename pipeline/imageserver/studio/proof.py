"""The proof renderer: a scene becomes vectors, vectors become a PNG; the same bytes every time."""

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
from pipeline.imageserver.studio.colors import DEEP, darken, luminance, mix
from pipeline.imageserver.studio.drawing.composition import Composition, laid_over, staged
from pipeline.imageserver.studio.drawing.copy.draw_copy import InkChoice, inked, outlined, quieted
from pipeline.imageserver.studio.drawing.products.product import foot_line, goods
from pipeline.imageserver.studio.drawing.scenery import backdrop, surfaces
from pipeline.imageserver.studio.drawing.scenery.decor import draw_decor, rays, sunburst
from pipeline.imageserver.studio.drawing.scenery.props import (
    TILT,
    PlacedProp,
    lying,
    podium,
    scatter,
)
from pipeline.imageserver.studio.drawing.scenery.water import Wetness, water_drops
from pipeline.imageserver.studio.input_images import GivenImage, GivenUse, calmest, masked, received
from pipeline.imageserver.studio.raster import Sprite
from pipeline.imageserver.studio.scene.product_shapes import extent, line_up, pedestal, product
from pipeline.imageserver.studio.scene.reading import read, seed_of
from pipeline.imageserver.studio.scene.scene import Family, Light, Scene, Surface
from pipeline.imageserver.studio.seeded_random import stream
from pipeline.imageserver.studio.shadows import FloorReflection, ShadowCast, cast_shadow, reflection
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around
from pipeline.lettering.typefaces import LetteringError

RENDERER = "proof"
_ICON_PIXELS = 520.0
SPILL = {PaintQuality.LOW: 0.0, PaintQuality.MEDIUM: 0.9, PaintQuality.HIGH: 1.25}
"""How much of the lights a lens spills: a draft is plain, a final is finished."""


def paint(order: PaintOrder) -> PaintedPicture:
    """Paint an order. Raises UnpaintableError where its copy or its image cannot be used."""
    try:
        image, _ = painted(order)
    except LetteringError as error:
        raise UnpaintableError(error.reason, hint=error.hint) from error
    notes = {"prompt": order.prompt, "seed": str(seed_of(order)), "engine": RENDERER}
    return PaintedPicture(
        png=raster.encoded(image, notes),
        width=image.width,
        height=image.height,
        renderer=RENDERER,
    )


def painted(order: PaintOrder) -> tuple[Image.Image, list[InkChoice]]:
    """The picture, and how each piece of copy was inked."""
    scene, given = read(order), received(order)
    width, height = pixels(order.ratio, order.quality)
    if given and given.use is GivenUse.BACKDROP:
        image, done = _edited(order, scene, given, (width, height))
    else:
        if given:
            scene = replace(scene, family=Family.GIVEN, given=given.image.size, name="")
        stage = staged(scene, width, height)
        image = _scenery(scene, stage, given)
        spill = SPILL[order.quality]
        if spill and given is None and not scene.transparent:
            image = raster.glowing(image, spill)
        done = _copy(image, scene, stage)
    if scene.transparent:
        return image, done
    image = image.convert("RGB")
    fine = order.quality is not PaintQuality.LOW and given is None
    return (raster.grained(image) if fine else image), done


def _scenery(scene: Scene, stage: Composition, given: GivenImage | None = None) -> Image.Image:
    """Everything but the copy."""
    image = Image.new("RGBA", (stage.width, stage.height))
    if not scene.transparent:
        _set(image, scene, stage)
    if scene.family is not Family.WORDS:
        _still_life(image, scene, stage, given)
    return image


def _edited(
    order: PaintOrder, scene: Scene, given: GivenImage, size: tuple[int, int]
) -> tuple[Image.Image, list[InkChoice]]:
    """A given picture kept, painted anew only where its mask is clear, with the copy laid over."""
    if scene.transparent:
        raise UnpaintableError(
            "the image to edit has no transparency to keep",
            hint="hand in a cut-out, or ask for an opaque background",
        )
    new = _scenery(scene, staged(scene, *size)) if order.mask else Image.new("RGBA", size)
    image = masked(order, given, new)
    sheet = Image.new("RGBA", size, scene.backdrop)
    sheet.alpha_composite(image)
    zone, across = calmest(sheet)
    stage = laid_over(scene, size, (zone, across))
    return sheet, _copy(sheet, scene, stage)


def _set(image: Image.Image, scene: Scene, stage: Composition) -> None:
    """Wall, light, table: everything that the product stands in."""
    soft = Svg(stage.frame)
    backdrop.wall(soft, scene, stage)
    if sunburst(scene, beside=stage.beside):
        rays(soft, scene, stage)
    surfaces.table(soft, scene, stage)
    backdrop.vignette(soft, scene, stage)
    small = raster.rasterised(soft, 1 / raster.SOFT).image.convert("RGB")
    image.paste(small.resize(image.size, Image.Resampling.BICUBIC))
    sharp = Svg(backdrop.sky(stage))
    draw_decor(sharp, scene, stage)
    if not sharp.empty:
        raster.lay(image, raster.rasterised(sharp))
    if surfaces.grainy(scene) and stage.horizon < stage.height:
        y = int(stage.horizon)
        area = Box(0, y, stage.width, stage.height - y)
        table = Svg(area)
        surfaces.grain(table, scene, stage)
        half = raster.rasterised(table, 0.5)
        full = half.image.resize((stage.width, int(area.h)), Image.Resampling.BICUBIC)
        raster.lay(image, Sprite(full, 0, y))


def _still_life(
    image: Image.Image, scene: Scene, stage: Composition, given: GivenImage | None = None
) -> None:
    """The product with its shadow and reflection, and the props round it."""
    props = lying(scene, stage)
    _props(image, scene, stage, [p for p in props if p.y < 0])
    if pedestal(scene):
        _podium(image, scene, stage)
    for one in line_up(scene):
        k = stage.scale * one.scale
        sprite = packshot(given, k, scene) if given else _product(scene, k)
        x, y = stage.cx + one.dx * stage.scale, stage.base - one.back * stage.scale
        placed = Sprite(_lit(sprite.image, scene), round(sprite.x + x), round(sprite.y + y))
        _grounded(image, scene, stage, PlacedProduct(placed, x, y, k))
        raster.lay(image, placed)
    if scene.surface is Surface.WET and not scene.transparent:
        _drops(image, scene, stage)
    _props(image, scene, stage, [p for p in props if p.y >= 0])


def _product(scene: Scene, scale: float) -> Sprite:
    """The product's pixels; an icon's many blurs are painted small, since they are soft anyway."""
    svg = goods(scene, scale)
    zoom = min(1.0, _ICON_PIXELS / max(svg.frame.w, svg.frame.h))
    if scene.family is not Family.GLYPH or zoom == 1.0:
        return raster.rasterised(svg)
    small = raster.rasterised(svg, zoom)
    size = (round(svg.frame.w), round(svg.frame.h))
    return Sprite(small.image.resize(size, Image.Resampling.BICUBIC), small.x, small.y)


def packshot(given: GivenImage, scale: float, scene: Scene) -> Sprite:
    """A given cut-out as large as its scene wants it, its foot's middle at the origin."""
    shape = product(scene)
    size = (max(1, round(shape.width * scale)), max(1, round(shape.height * scale)))
    image = given.image.resize(size, Image.Resampling.LANCZOS)
    return Sprite(image, -size[0] // 2, -size[1])


def _lit(image: Image.Image, scene: Scene) -> Image.Image:
    """The product in the light of its scene."""
    stops = {
        Light.NEON: [
            (backdrop.MAGENTA, 0.62, 0),
            (backdrop.MAGENTA, 0.10, 0.42),
            (backdrop.CYAN, 0.10, 0.6),
            (backdrop.CYAN, 0.62, 1),
        ],
        Light.DRAMATIC: [(DEEP, 0.10, 0), (DEEP, 0.0, 0.3), (DEEP, 0.12, 0.55), (DEEP, 0.46, 1)],
        Light.GOLDEN: [("#ffb44a", 0.20, 0), ("#ffb44a", 0.04, 0.5), ("#5a2a10", 0.20, 1)],
    }.get(scene.light)
    if not stops or scene.transparent:
        return image
    return raster.washed(image, stops)


@dataclass(frozen=True, slots=True)
class PlacedProduct:
    """A placed product: its pixels, where its foot's middle is, its scale."""

    sprite: Sprite
    x: float
    y: float
    scale: float


def _grounded(image: Image.Image, scene: Scene, stage: Composition, one: PlacedProduct) -> None:
    """Tie the product to what it stands on: reflection, cast shadow, contact."""
    if scene.transparent:
        raster.contact_shadow(image, one.sprite, alpha=0.55, color="#120a06")
        return
    shade = _shade_color(scene)
    glossy = scene.surface in (Surface.WET, Surface.MIRROR) and not pedestal(scene)
    if not pedestal(scene):
        _reflected(image, scene, stage, one)
        hard = scene.light in (Light.GOLDEN, Light.BRIGHT)
        room = max(stage.unit * 0.02, one.y - stage.horizon)
        rise = 0.20 if backdrop.is_sweep(scene) else min(0.22, 0.92 * room / stage.goods.h)
        cast = ShadowCast(
            floor=one.y,
            lean=0.75 if hard else 0.48,
            rise=rise,
            blur=stage.unit * (0.010 if hard else 0.022),
            alpha=(0.22 if glossy else 0.42) * (0.8 if scene.light is Light.NEON else 1),
            color=shade,
        )
        cast_shadow(image, one.sprite, cast)
    raster.contact_shadow(image, one.sprite, alpha=0.55 if glossy else 0.85, color=shade)


def _shade_color(scene: Scene) -> str:
    """Shadows keep a breath of the backdrop's hue."""
    return mix(darken(scene.backdrop, 0.86), DEEP, 0.4)


def _reflected(image: Image.Image, scene: Scene, stage: Composition, one: PlacedProduct) -> None:
    strength, blur = surfaces.REFLECTION[scene.surface]
    if not strength:
        return
    line, middle = foot_line(scene), one.x - one.sprite.x
    mirror = FloorReflection(
        floor=one.y,
        strength=strength,
        blur=blur * stage.unit / 1000,
        foot=lambda x: line((x - middle) / one.scale) * one.scale,
    )
    reflection(image, one.sprite, mirror)


def _podium(image: Image.Image, scene: Scene, stage: Composition) -> None:
    left, right = extent(scene)
    r = max(left, right) * 1.30 * stage.scale
    sprite = raster.rasterised(podium(scene, stage.scale))
    # the product stands in the middle of the top, which is seen as an ellipse
    placed = Sprite(sprite.image, round(sprite.x + stage.cx), round(sprite.y + stage.base))
    floor = stage.floor + r * TILT
    shade = _shade_color(scene)
    if not scene.transparent:
        cast = ShadowCast(
            floor=floor, lean=0.9, rise=0.25, blur=stage.unit * 0.02, alpha=0.4, color=shade
        )
        cast_shadow(image, placed, cast)
    raster.contact_shadow(image, placed, alpha=0.75, color=shade)
    raster.lay(image, placed)


def _drops(image: Image.Image, scene: Scene, stage: Composition) -> None:
    y = stage.horizon + stage.unit * 0.02
    field = Box(0, y, stage.width, max(1.0, stage.height - y))
    svg = Svg(raster.whole(field, stage.frame))
    rng = stream(scene.seed, "drops")
    size = stage.unit * 0.0042
    far = Box(0, field.y, field.w, field.h * 0.4)
    water_drops(svg, rng, far, Wetness(size=size * 0.6, count=60, flat=0.45))
    near = Box(0, field.y + field.h * 0.3, field.w, field.h * 0.7)
    water_drops(svg, rng, near, Wetness(size=size, count=80, flat=0.5))
    raster.lay(image, raster.rasterised(svg))


def _props(
    image: Image.Image, scene: Scene, stage: Composition, some: Sequence[PlacedProp]
) -> None:
    if not some:
        return
    k = stage.scale
    reach = around(
        [Box(p.x - p.size * 1.6, p.y - p.size * 2.2, p.size * 3.4, p.size * 4.4) for p in some]
    )
    area = Box(stage.cx + reach.x * k, stage.floor + reach.y * k, reach.w * k, reach.h * k)
    svg = Svg(raster.whole(area, stage.frame))
    with svg.at(stage.cx, stage.floor, k):
        scatter(svg, scene, list(some))
    raster.lay(image, raster.rasterised(svg))


def _copy(image: Image.Image, scene: Scene, stage: Composition) -> list[InkChoice]:
    """Set the copy in inks that are read on the picture as it is by now."""
    if not stage.copy:
        return []
    box = around([p.box for p in stage.copy]).grown(stage.unit * 0.03)
    svg = Svg(raster.whole(box, stage.frame))
    if scene.transparent:
        done = outlined(svg, scene, stage.copy)
    else:
        quiet = quieted(scene, stage.copy, lambda area: grounds(image, area))
        if quiet:
            raster.veil(image, _side(quiet.box, stage), color=quiet.color, alpha=quiet.alpha)
        done = inked(svg, scene, stage.copy, lambda area: grounds(image, area))
    raster.lay(image, raster.rasterised(svg))
    return done


def _side(box: Box, stage: Composition) -> Box:
    """The copy's whole side of the picture, beyond its edges, so that only one edge fades."""
    far = stage.unit
    if not stage.beside:
        top = -far if box.cy < stage.height / 2 else box.y
        bottom = box.bottom if box.cy < stage.height / 2 else stage.height + far
        return Box(-far, top, stage.width + 2 * far, bottom - top)
    left = -far if box.cx < stage.width / 2 else box.x
    right = box.right if box.cx < stage.width / 2 else stage.width + far
    return Box(left, -far, right - left, stage.height + 2 * far)


def grounds(image: Image.Image, box: Box) -> list[float]:
    """The dark and the light end of what lies under a box, as luminances."""
    area = raster.whole(box, Box(0, 0, image.width, image.height))
    crop = image.crop((int(area.x), int(area.y), int(area.right), int(area.bottom)))
    raw = crop.convert("RGB").resize((40, 40), Image.Resampling.BOX).tobytes()
    found = sorted(
        luminance(f"#{raw[i]:02x}{raw[i + 1]:02x}{raw[i + 2]:02x}") for i in range(0, len(raw), 3)
    )
    return [found[int((len(found) - 1) * q)] for q in (0.02, 0.98)]
