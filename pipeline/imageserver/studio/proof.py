"""The renderer `proof`: paints a scene as vectors and encodes a PNG, always the same bytes."""

import json
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
from pipeline.imageserver.studio.colors import luminance
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.copy.draw_copy import (
    InkChoice,
    backing_for,
    draw_copy,
    draw_outlined_copy,
)
from pipeline.imageserver.studio.drawing.layouts import compose, compose_over
from pipeline.imageserver.studio.drawing.scenery import backdrop, surfaces
from pipeline.imageserver.studio.drawing.scenery.decor import draw_decor, rays, sunburst
from pipeline.imageserver.studio.drawing.scenery.props import SMALLEST, icon_size, place_props
from pipeline.imageserver.studio.input_images import (
    InputImage,
    InputUse,
    apply_mask,
    calmest_area,
    first_input,
)
from pipeline.imageserver.studio.product_painting import draw_products
from pipeline.imageserver.studio.raster import Sprite
from pipeline.imageserver.studio.scene.reading import drawn_as, read_prompt, seed_of
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around
from pipeline.lettering.fonts import LetteringError

RENDERER = "proof"
_ICON_PIXELS = 520.0
_NEARNESS = (0.88, 0.76, 0.64)
"""Scales at which a product is tried with what goes with it; the first that has room is taken."""
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
    told = json.dumps(painting.understood, ensure_ascii=False, separators=(",", ":"))
    notes["understood"] = told
    return PaintedPicture(
        png=raster.encode_png(image, notes),
        width=image.width,
        height=image.height,
        renderer=RENDERER,
        understood=told,
    )


@dataclass(frozen=True, slots=True)
class Painting:
    """A painted picture, the ink of each piece of copy, and the box of all products."""

    image: Image.Image
    inks: list[InkChoice]
    product: Box | None
    understood: dict[str, object]
    """What was understood of the prompt, and what was not."""

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
        product, missed = None, []
    else:
        if input_image:
            scene = replace(scene, family=Family.INPUT, input_size=input_image.image.size, name="")
        scene = _with_room(scene, order)
        composition = compose(scene, width, height)
        missed = _without_room(scene, composition)
        image, product = _paint_scene(scene, composition, input_image)
        glow = GLOW_STRENGTH[order.quality]
        if glow and input_image is None and not scene.transparent:
            image = raster.add_glow(image, glow)
        done = _draw_copy(image, scene, composition)
    understood = replace(scene.understood, missed=(*scene.understood.missed, *missed)).record()
    if scene.transparent:
        return Painting(image, done, product, understood)
    image = image.convert("RGB")
    fine = order.quality is not PaintQuality.LOW and input_image is None
    return Painting(raster.add_grain(image) if fine else image, done, product, understood)


def _with_room(scene: Scene, order: PaintOrder) -> Scene:
    """Return the scene with its product so near that what goes with it has room, if it can."""
    size = pixels(order.ratio, PaintQuality.MEDIUM)  # a final is composed like its draft
    found, fewest = scene, _crowding(scene, compose(scene, *size))
    for near in _NEARNESS:
        if not any(fewest):
            break
        tried = replace(scene, nearness=near)
        crowding = _crowding(tried, compose(tried, *size))
        if crowding < fewest:
            found, fewest = tried, crowding
    return found


def _crowding(scene: Scene, composition: Composition) -> tuple[int, int]:
    """Return how many companions have no room, and how many only a small one."""
    missed = _without_room(scene, composition)
    small = icon_size(scene) * (SMALLEST + 0.05)
    icons = [one for one in place_props(scene, composition) if one.prop in scene.icons]
    largest = {one.prop: max(o.size for o in icons if o.prop == one.prop) for one in icons}
    return len(missed), sum(size < small for size in largest.values())


def _without_room(scene: Scene, composition: Composition) -> list[str]:
    """Return what goes with the product and has no place in the picture, one sentence each."""
    if scene.family in (Family.VASE, Family.WORDS):  # flowers stand in their vase
        return []
    named = {noun: drawn_as(noun, scene.props) for noun in scene.understood.props}
    if not any(named.values()):
        return []
    shown = {one.prop for one in place_props(scene, composition)}
    return [f"not shown: {noun}" for noun, kind in named.items() if kind and kind not in shown]


def _paint_scene(
    scene: Scene, composition: Composition, input_image: InputImage | None = None
) -> tuple[Image.Image, Box | None]:
    """Paint a scene without its copy; returns the picture and the box of its products."""
    image = Image.new("RGBA", (composition.width, composition.height))
    if not scene.transparent:
        _draw_background(image, scene, composition)
    if scene.family is Family.WORDS:
        return image, None
    return image, draw_products(image, scene, composition, input_image)


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
