"""The product of a scene as a document of its own."""

from collections.abc import Callable

from pipeline.imageserver.studio.drawing.products.candle import candle
from pipeline.imageserver.studio.drawing.products.cosmetics import COSMETICS
from pipeline.imageserver.studio.drawing.products.glassware import glassware
from pipeline.imageserver.studio.drawing.products.other_products import OTHER_PRODUCTS
from pipeline.imageserver.studio.drawing.products.packs import PACKS
from pipeline.imageserver.studio.drawing.products.things.clothes_and_bags import CLOTHES_AND_BAGS
from pipeline.imageserver.studio.drawing.products.things.food import FOOD
from pipeline.imageserver.studio.drawing.products.things.from_above import FROM_ABOVE
from pipeline.imageserver.studio.drawing.products.things.furniture import FURNITURE
from pipeline.imageserver.studio.drawing.products.things.printed import PRINTED
from pipeline.imageserver.studio.drawing.products.things.small_things import SMALL_THINGS
from pipeline.imageserver.studio.drawing.products.vessels import VESSELS
from pipeline.imageserver.studio.drawing.products.wearables import WEARABLES
from pipeline.imageserver.studio.drawing.scenery.water import DropPattern, water_drops
from pipeline.imageserver.studio.scene.product_shapes import ProductShape, product_shape
from pipeline.imageserver.studio.scene.scene import Camera, Family, Prop, Scene, Surface
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path

Draw = Callable[[Svg, Scene], Path]
DRAWINGS: dict[Family, Draw] = {
    Family.BOTTLE: glassware,
    Family.WINE: glassware,
    Family.DROPPER: glassware,
    Family.CANDLE: candle,
    **VESSELS,
    **PACKS,
    **OTHER_PRODUCTS,
    **COSMETICS,
    **WEARABLES,
    **CLOTHES_AND_BAGS,
    **FURNITURE,
    **FOOD,
    **PRINTED,
    **SMALL_THINGS,
}
MARGIN = 8.0
"""Margin round the product in its document, in product units."""


def product_frame(scene: Scene) -> Box:
    """Return the frame of the product's document, in product units; the foot is the origin."""
    shape = product_shape(scene)
    return Box(
        -shape.left - MARGIN,
        -shape.height - MARGIN,
        shape.width + 2 * MARGIN,
        shape.height + 2 * MARGIN,
    )


def foot_line(scene: Scene) -> Callable[[float], float]:
    """Return a function of x: how far below its sides the product meets the table, in its units."""
    shape = product_shape(scene)
    if scene.family is Family.BOX:
        return lambda x: -(x - 58) * 12 / 26 if x > 58 else 0.0  # noqa: PLR2004 - the carton's edge
    r = shape.profile[0][0] if shape.profile else 31.0 if scene.family is Family.TUBE else 0.0
    if not r:
        return lambda _: 0.0
    return lambda x: 0.10 * r * max(0.0, 1 - (x / r) ** 2)


def _words(shape: ProductShape) -> Box | None:
    """Return the area of a label's text, which must stay free of drops."""
    label = shape.label
    if label is None:
        return None
    wide, high = shape.width * 0.78, (label.high - label.low) * 0.58
    return Box(-wide / 2, -label.high + (label.high - label.low) * 0.10, wide, high)


def draw_product(scene: Scene, scale: float) -> Svg:
    """Return the product's document, with `scale` pixels in a unit."""
    shape, frame = product_shape(scene), product_frame(scene)
    svg = Svg(Box(frame.x * scale, frame.y * scale, frame.w * scale, frame.h * scale))
    cold = scene.surface is Surface.WET or Prop.ICE in scene.props
    with svg.at(0, 0, scale):
        draw = DRAWINGS[scene.family]
        if scene.camera is Camera.OVERHEAD:
            draw = FROM_ABOVE.get(scene.family, draw)
        outline = draw(svg, scene)
        if cold and shape.condensation and scene.camera is not Camera.OVERHEAD:
            field = Box(-shape.left, -shape.height * 0.84, shape.width, shape.height * 0.82)
            with svg.group(clip_path=svg.clip(outline)):
                pattern = DropPattern(size=0.95, count=260, dry=_words(shape))
                water_drops(svg, seeded_random(scene.seed, "sweat"), field, pattern)
    return svg
