"""Painters for servers under test: importable by a painter's process."""

import time
from dataclasses import replace

from pipeline.imageserver.painting.engines import paint_plain
from pipeline.imageserver.painting.painter import PaintedPicture, PaintOrder, UnpaintableError


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
