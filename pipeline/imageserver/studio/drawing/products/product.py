"""The product of a scene, whatever its family, as a document of its own."""

from collections.abc import Callable

from pipeline.imageserver.studio.drawing.products.candle import candle
from pipeline.imageserver.studio.drawing.products.cosmetics import COSMETICS
from pipeline.imageserver.studio.drawing.products.glassware import glassware
from pipeline.imageserver.studio.drawing.products.other_products import THINGS
from pipeline.imageserver.studio.drawing.products.packs import PACKS
from pipeline.imageserver.studio.drawing.products.vessels import ROUND
from pipeline.imageserver.studio.drawing.products.wearables import WEARABLES
from pipeline.imageserver.studio.drawing.scenery.water import Wetness, water_drops
from pipeline.imageserver.studio.scene.product_shapes import Product, product
from pipeline.imageserver.studio.scene.scene import Family, Prop, Scene, Surface
from pipeline.imageserver.studio.seeded_random import stream
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path

Draw = Callable[[Svg, Scene], Path]
DRAWINGS: dict[Family, Draw] = {
    Family.BOTTLE: glassware,
    Family.WINE: glassware,
    Family.DROPPER: glassware,
    Family.CANDLE: candle,
    **ROUND,
    **PACKS,
    **THINGS,
    **COSMETICS,
    **WEARABLES,
}
MARGIN = 8.0
"""Room round the product in its document, in product units."""


def goods_frame(scene: Scene) -> Box:
    """The part of the product's plane that its document shows; the foot is the origin."""
    shape = product(scene)
    return Box(
        -shape.left - MARGIN,
        -shape.height - MARGIN,
        shape.width + 2 * MARGIN,
        shape.height + 2 * MARGIN,
    )


def foot_line(scene: Scene) -> Callable[[float], float]:
    """How far below the foot's sides the product meets the table, across; in product units."""
    shape = product(scene)
    if scene.family is Family.BOX:
        return lambda x: -(x - 58) * 12 / 26 if x > 58 else 0.0  # noqa: PLR2004 - the carton's edge
    r = shape.profile[0][0] if shape.profile else 31.0 if scene.family is Family.TUBE else 0.0
    if not r:
        return lambda _: 0.0
    return lambda x: 0.10 * r * max(0.0, 1 - (x / r) ** 2)


def _words(shape: Product) -> Box | None:
    """Where a label's words are: what must stay dry to be read."""
    label = shape.label
    if label is None:
        return None
    wide, high = shape.width * 0.78, (label.high - label.low) * 0.58
    return Box(-wide / 2, -label.high + (label.high - label.low) * 0.10, wide, high)


def goods(scene: Scene, scale: float) -> Svg:
    """The product's document, in pixels: `scale` of them to a unit."""
    shape, frame = product(scene), goods_frame(scene)
    svg = Svg(Box(frame.x * scale, frame.y * scale, frame.w * scale, frame.h * scale))
    cold = scene.surface is Surface.WET or Prop.ICE in scene.props
    with svg.at(0, 0, scale):
        outline = DRAWINGS[scene.family](svg, scene)
        if cold and shape.beads:
            field = Box(-shape.left, -shape.height * 0.84, shape.width, shape.height * 0.82)
            with svg.group(clip_path=svg.clip(outline)):
                wet = Wetness(size=0.95, count=260, dry=_words(shape))
                water_drops(svg, stream(scene.seed, "sweat"), field, wet)
    return svg
