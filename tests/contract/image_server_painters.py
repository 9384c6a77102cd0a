"""Painters for servers under test: importable by a painter's process."""

import io
import os
import time
from dataclasses import replace

from PIL import Image

from pipeline.imageserver.painting.engines import paint_plain
from pipeline.imageserver.painting.painter import PaintedPicture, PaintOrder, UnpaintableError
from pipeline.imageserver.painting.pixels import pixels


def paint_slowly(order: PaintOrder) -> PaintedPicture:
    time.sleep(0.3)
    return paint_plain(order)


def refuse(order: PaintOrder) -> PaintedPicture:
    raise UnpaintableError("no font has these letters", hint="use Latin letters")


def note_order(order: PaintOrder) -> PaintedPicture:
    ratio = ":".join(map(str, order.ratio))
    background = "transparent" if order.transparent else "opaque"
    note = f"{ratio} {order.quality} {background} #{order.index} ~{order.variation}"
    return replace(paint_plain(order), renderer=note)


def paint_noise(order: PaintOrder) -> PaintedPicture:
    """Paint random pixels, which no encoder makes smaller."""
    width, height = pixels(order.ratio, order.quality)
    image = Image.frombytes("RGB", (width, height), os.urandom(3 * width * height))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=0)
    return PaintedPicture(png=out.getvalue(), width=width, height=height, renderer="noise")


def tell_prompt(order: PaintOrder) -> PaintedPicture:
    return replace(paint_plain(order), renderer=order.prompt)


def paint_mask(order: PaintOrder) -> PaintedPicture:
    """Paint nothing but the transparency of the mask, which has to be the size that is asked for.

    What is painted anew is black.
    """
    with Image.open(io.BytesIO(order.mask or b"")) as mask:
        alpha = mask.convert("RGBA").getchannel("A").convert("RGB")
    width, height = pixels(order.ratio, order.quality)
    out = io.BytesIO()
    alpha.resize((width, height)).save(out, "PNG")
    return PaintedPicture(png=out.getvalue(), width=width, height=height, renderer="mask")
