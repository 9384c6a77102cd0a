"""Painters for tests: importable by a painter's process, quick, and deadly where asked."""

import os
import time
from pathlib import Path

from pipeline.imageserver.painting.engines import paint_plain
from pipeline.imageserver.painting.painter import PaintedPicture, PaintOrder, UnpaintableError


def paint_plainly(order: PaintOrder) -> PaintedPicture:
    return paint_plain(order)


def refuse(order: PaintOrder) -> PaintedPicture:
    raise UnpaintableError("no font has these letters", hint="use Latin letters")


def stumble(order: PaintOrder) -> PaintedPicture:
    raise RuntimeError("a bug in a painter")


def die(order: PaintOrder) -> PaintedPicture:
    os.kill(os.getpid(), 9)
    raise AssertionError


def die_once(order: PaintOrder) -> PaintedPicture:
    """The prompt is the path of a file that says whether somebody died already."""
    mark = Path(order.prompt)
    if mark.exists():
        return paint_plain(order)
    mark.touch()
    return die(order)


def tell_pid_and_stay(order: PaintOrder) -> PaintedPicture:
    """The prompt is the path of the file that gets this process's id."""
    Path(order.prompt).write_text(str(os.getpid()))
    time.sleep(30)
    return paint_plain(order)
