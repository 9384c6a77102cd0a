"""The product of a scene, whatever its family."""

from collections.abc import Callable

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.drawing.glassware import glassware
from pipeline.engine.studio.drawing.packs import PACKS
from pipeline.engine.studio.drawing.props import beads
from pipeline.engine.studio.drawing.things import THINGS
from pipeline.engine.studio.drawing.vessels import ROUND
from pipeline.engine.studio.scene.nouns import Family, Prop, Scene, Surface
from pipeline.engine.studio.scene.products import product
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.svg import Svg

Draw = Callable[[Svg, Scene], Path]
DRAWINGS: dict[Family, Draw] = {
    Family.BOTTLE: glassware,
    Family.WINE: glassware,
    Family.DROPPER: glassware,
    **ROUND,
    **PACKS,
    **THINGS,
}
SYMBOL = "product"


def product_symbol(svg: Svg, scene: Scene) -> None:
    """Define the product, foot at the origin, for `use`."""
    shape = product(scene)
    cold = scene.surface is Surface.WET or Prop.ICE in scene.props
    with svg.symbol(SYMBOL):
        outline = DRAWINGS[scene.family](svg, scene)
        if cold and shape.beads:
            field = Box(-shape.left, -shape.height * 0.88, shape.width, shape.height * 0.86)
            with svg.group(clip_path=svg.clip(outline)):
                beads(svg, stream(scene.seed, "sweat"), field, size=0.82, count=230)
