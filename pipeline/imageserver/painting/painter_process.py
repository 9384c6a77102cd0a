"""The code of a painter process, which is fast to import and ends with the server."""

import faulthandler
import importlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from dataclasses import dataclass
from typing import cast

from pipeline.imageserver.painting.conversion import resized
from pipeline.imageserver.painting.painter import PaintedPicture, Painter, PaintOrder

_NICE = 10
"""Niceness of the painters: the server must answer quickly while they use every core."""


@dataclass(frozen=True, slots=True)
class NamedPainter:
    """A painter by module and function name: the server never imports what painting needs."""

    module: str
    function: str

    def __call__(self, order: PaintOrder) -> PaintedPicture:
        """Import the painter on first use, and paint."""
        painter = cast("Painter", getattr(importlib.import_module(self.module), self.function))
        return painter(order)


def start_process() -> None:
    """Initialise the process: ignore signals, and end when the server has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICE)
    server = multiprocessing.parent_process()
    if server is not None:
        threading.Thread(target=_exit_with, args=(server.sentinel,), daemon=True).start()


def warm_up(painter: Painter) -> int:
    """Import what painting needs, and return the process's id."""
    if isinstance(painter, NamedPainter):
        importlib.import_module(painter.module)
    return os.getpid()


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintTask:
    """One picture to paint in this process."""

    painter: Painter
    order: PaintOrder
    exact: tuple[int, int] | None
    """Width and height, if the caller named pixels."""
    seconds: float


def paint(task: PaintTask) -> PaintedPicture:
    """Paint one picture; a process that takes too long ends itself, even in native code."""
    faulthandler.dump_traceback_later(task.seconds, exit=True)
    try:
        picture = task.painter(task.order)
        return picture if task.exact is None else resized(picture, task.exact)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _exit_with(sentinel: int) -> None:
    """End this process when the server has ended, for instance by SIGKILL."""
    multiprocessing.connection.wait([sentinel])
    os._exit(0)
