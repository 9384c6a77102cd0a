"""Boxes in the metadata of a picture: where it shows copy and products.

The image server that ships with the pipeline writes them: a PNG has a text chunk `boxes`, JPEG and
WebP have the same text in their XMP. Reading them decodes no pixel.
"""

import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from pipeline.lettering.box import Box

_TEXT_CHUNK = "boxes"
_IN_XMP = re.compile(rb"""\bpicture:boxes=(?:"([^"]*)"|'([^']*)')""")
_SIDES = 4
_MOST = 200
"""Most boxes in a list; a longer one is ignored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureBoxes:
    """The parts of a picture that must not be cut, in pixels of the picture."""

    copy: tuple[Box, ...] = ()
    """Every block of text outside the product."""
    product: Box | None = None
    """All products together; `None` if the picture shows none."""

    def scaled(self, x: float, y: float) -> "PictureBoxes":
        """Return the boxes of the picture in another size."""
        return PictureBoxes(
            copy=tuple(_scaled(box, x, y) for box in self.copy),
            product=None if self.product is None else _scaled(self.product, x, y),
        )


def read_boxes(image: Image.Image) -> PictureBoxes | None:
    """Return the boxes in the metadata of an opened picture; `None` if it has no valid ones."""
    written = _written(image)
    if written is None:
        return None
    try:
        fields = json.loads(written)
        if not isinstance(fields, Mapping):
            return None
        width, height = (float(side) for side in fields["size"])
        copy = [_box(sides) for sides in fields["copy"][:_MOST]]
        product = None if fields["product"] is None else _box(fields["product"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if min(width, height) < 1 or len(fields["copy"]) > _MOST:
        return None
    boxes = PictureBoxes(copy=tuple(copy), product=product)
    return boxes.scaled(image.width / width, image.height / height)


def _written(image: Image.Image) -> str | None:
    text = image.info.get(_TEXT_CHUNK)
    if isinstance(text, str):
        return text
    xmp = image.info.get("xmp")
    found = _IN_XMP.search(xmp) if isinstance(xmp, bytes) else None
    if found is None:
        return None
    return html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace"))


def _box(sides: object) -> Box:
    if not isinstance(sides, list) or len(sides) != _SIDES:
        raise ValueError("a box has four sides")
    x, y, width, height = (float(side) for side in sides)
    if not all(map(math.isfinite, (x, y, width, height))) or min(width, height) < 0:
        raise ValueError("a box is not finite")
    return Box(x, y, width, height)


def _scaled(box: Box, x: float, y: float) -> Box:
    return Box(box.x * x, box.y * y, box.w * x, box.h * y)
