"""Labels as pixels: the same vector designs that the proof renderer bends round its products."""

import numpy as np
from PIL import Image

from pipeline.engine.studio.darkroom import rasterised
from pipeline.engine.studio.drawing.designs import draw_label
from pipeline.engine.studio.drawing.labels import Panel
from pipeline.engine.studio.scene.nouns import Scene
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.svg import Svg

_PIXELS = 11
"""Pixels in a product unit: a label fills about a third of the finest picture."""


def printed(scene: Scene, panel: Panel) -> np.ndarray:
    """The label as opaque pixels (h, w, 3), over its own paper where the design leaves it bare."""
    svg = Svg(Box(-panel.half, panel.top, 2 * panel.half, panel.height))
    draw_label(svg, scene, panel).letter()
    image = rasterised(svg, _PIXELS).image
    paper = Image.new("RGBA", image.size, panel.paper or "#ffffff")
    paper.alpha_composite(image)
    return np.asarray(paper.convert("RGB"))
