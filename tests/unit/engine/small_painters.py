"""Painters for tests: importable by a painter's process, quick, and deadly where asked."""

import os
import time
from pathlib import Path

from pipeline.engine.order import Order, Picture, UnpaintableError
from pipeline.engine.plain import paint_none


def paint_plainly(order: Order) -> Picture:
    return paint_none(order)


def refuse(order: Order) -> Picture:
    raise UnpaintableError("no font has these letters", hint="use Latin letters")


def stumble(order: Order) -> Picture:
    raise RuntimeError("a bug in a painter")


def die(order: Order) -> Picture:
    os.kill(os.getpid(), 9)
    raise AssertionError


def die_once(order: Order) -> Picture:
    """The prompt is the path of a file that says whether somebody died already."""
    mark = Path(order.prompt)
    if mark.exists():
        return paint_none(order)
    mark.touch()
    return die(order)


def tell_pid_and_stay(order: Order) -> Picture:
    """The prompt is the path of the file that gets this process's id."""
    Path(order.prompt).write_text(str(os.getpid()))
    time.sleep(30)
    return paint_none(order)
