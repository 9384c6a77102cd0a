"""A few processes beside the event loop, for what would block it; they die with their parent."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

from pipeline.errors import LocalFault

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_MOST = 4


class ProcessPool:
    """Starts its processes at the first piece of work, and anew where one was killed."""

    def __init__(self, count: int | None = None) -> None:
        """`count` processes; by default one core is left to the event loop, and four are enough."""
        self._count = count or max(1, min(_MOST, (os.cpu_count() or 1) - 1))
        self._pool: ProcessPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run a function of a module's top level; what it is given and returns is pickled.

        Work that loses its process is run once more, so it must be safe to repeat. Raises
        `BrokenProcessPool` where that process dies too.
        """
        pool = self._started()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, work, *args)
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
            return await loop.run_in_executor(self._started(), work, *args)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            try:
                self._pool = ProcessPoolExecutor(
                    self._count,
                    # A forked copy of a process with threads and an event loop asks for trouble.
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_start_process,
                )
            except OSError as error:
                raise LocalFault(f"cannot start processes beside this one: {error}") from error
        return self._pool


def _start_process() -> None:
    """Leave Ctrl-C to the parent, and end where the parent is killed: a pool does neither."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
