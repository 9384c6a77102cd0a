"""Painters for servers under test: importable by a painter's process."""

import time
from dataclasses import replace

from pipeline.engine.order import Order, Picture, UnpaintableError
from pipeline.engine.plain import paint_none


def paint_slowly(order: Order) -> Picture:
    time.sleep(0.3)
    return paint_none(order)


def refuse(order: Order) -> Picture:
    raise UnpaintableError("no font has these letters", hint="use Latin letters")


def note_order(order: Order) -> Picture:
    ratio = ":".join(map(str, order.ratio))
    background = "transparent" if order.transparent else "opaque"
    note = f"{ratio} {order.quality} {background} #{order.index} ~{order.variation}"
    return replace(paint_none(order), notes=(note,))
