"""The painter processes: pools of one process each, so that a crash fails one order only."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Self

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.painting import painter_process
from pipeline.imageserver.painting.painter import (
    PaintedPicture,
    Painter,
    PaintOrder,
    UnpaintableError,
)

_log = logging.getLogger(__name__)
Paint = Callable[[PaintOrder, tuple[int, int] | None], Awaitable[PaintedPicture]]
"""Paints an order, in exactly this size if one is named."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """One process, and its id once it has imported what it needs."""

    pool: ProcessPoolExecutor
    warm: Future[int]


class PainterPool:
    """Several processes, each painting one order at a time."""

    def __init__(self, painter: Painter, *, workers: int | None, seconds: float) -> None:
        self._painter = painter
        self._seconds = seconds
        self._count = workers or os.cpu_count() or 1
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._busy: set[_Worker] = set()
        self._closing = False
        self.deaths = 0
        """Number of processes that died."""

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self._free.put_nowait(self._start_worker())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop idle processes and kill those that are painting."""
        self._closing = True
        for worker in list(self._busy):
            await _kill(worker)
            await asyncio.to_thread(worker.pool.shutdown, cancel_futures=True)
        while not self._free.empty():
            await asyncio.to_thread(self._free.get_nowait().pool.shutdown, cancel_futures=True)

    async def paint(
        self, order: PaintOrder, exact: tuple[int, int] | None = None
    ) -> PaintedPicture:
        """Paint one picture, in exactly this size if one is named.

        An order whose process dies is tried once more in a new one. Raises RefusedError if the
        prompt cannot be painted or ends the second process as well.
        """
        task = painter_process.PaintTask(
            painter=self._painter, order=order, exact=exact, seconds=self._seconds
        )
        for _ in range(2):
            worker = await self._free.get()
            self._busy.add(worker)
            try:
                return await asyncio.wrap_future(worker.pool.submit(painter_process.paint, task))
            except BrokenProcessPool as error:
                if self._closing:
                    raise _stopping() from error
                self.deaths += 1
                _log.warning("a painter process died; a new one paints the order")
                worker = self._replace(worker)
            except UnpaintableError as error:
                raise unpaintable(error) from error
            except Exception as error:
                _log.exception("a painter failed")
                raise _failed() from error
            finally:
                self._busy.discard(worker)
                self._free.put_nowait(worker)
        raise _failed()

    def _replace(self, worker: _Worker) -> _Worker:
        worker.pool.shutdown(wait=False)
        self._busy.discard(worker)
        return self._start_worker()

    def _start_worker(self) -> _Worker:
        pool = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=painter_process.start_process,
        )
        return _Worker(pool, pool.submit(painter_process.warm_up, self._painter))


async def _kill(worker: _Worker) -> None:
    """Kill a process that is painting, after waiting for its id."""
    with contextlib.suppress(BrokenProcessPool, ProcessLookupError, ImportError):
        os.kill(await asyncio.wrap_future(worker.warm), signal.SIGKILL)


def unpaintable(error: UnpaintableError) -> RefusedError:
    """Return the refusal of an order that cannot be painted."""
    message = f"{error.reason}; {error.hint}" if error.hint else error.reason
    return RefusedError(422, message, field=error.field)


def _failed() -> RefusedError:
    return RefusedError(422, "this picture could not be painted; nothing was charged")


def _stopping() -> RefusedError:
    return RefusedError(503, "the server is stopping; nothing was charged", retry_after=5)
