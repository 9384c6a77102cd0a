"""Inside a painter's process: light to import, gone when the server is gone."""

import faulthandler
import importlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from dataclasses import dataclass
from typing import cast

from pipeline.imageserver.painting.conversion import fitted
from pipeline.imageserver.painting.painter import PaintedPicture, Painter, PaintOrder

_NICE = 10
"""Painters use every core; the server must still answer within milliseconds."""


@dataclass(frozen=True, slots=True)
class NamedPainter:
    """A painter by its module and function: the server never imports what painting needs."""

    module: str
    function: str

    def __call__(self, order: PaintOrder) -> PaintedPicture:
        """Import on first use, then paint."""
        painter = cast("Painter", getattr(importlib.import_module(self.module), self.function))
        return painter(order)


def start_process() -> None:
    """First thing in the process: the server decides about signals, and no orphan stays."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICE)
    server = multiprocessing.parent_process()
    if server is not None:
        threading.Thread(target=_leave_with, args=(server.sentinel,), daemon=True).start()


def warm_up(painter: Painter) -> int:
    """Import what painting needs before the first order waits for it; the process's id."""
    if isinstance(painter, NamedPainter):
        importlib.import_module(painter.module)
    return os.getpid()


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintTask:
    """One picture to paint in this process."""

    painter: Painter
    order: PaintOrder
    exact: tuple[int, int] | None
    """Width and height, where the caller named pixels."""
    seconds: float


def paint(assignment: PaintTask) -> PaintedPicture:
    """One picture; a process that takes longer ends itself, whatever native code it is in."""
    faulthandler.dump_traceback_later(assignment.seconds, exit=True)
    try:
        picture = assignment.painter(assignment.order)
        return picture if assignment.exact is None else fitted(picture, assignment.exact)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _leave_with(sentinel: int) -> None:
    """End this process when the server's has ended, be it by SIGKILL."""
    multiprocessing.connection.wait([sentinel])
    os._exit(0)
