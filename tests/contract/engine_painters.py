"""Painters for servers under test: importable by a painter's process."""

import time

from pipeline.engine.order import Order, Picture, UnpaintableError
from pipeline.engine.plain import paint_none


def paint_slowly(order: Order) -> Picture:
    time.sleep(0.3)
    return paint_none(order)


def refuse(order: Order) -> Picture:
    raise UnpaintableError("no font has these letters", hint="use Latin letters")
