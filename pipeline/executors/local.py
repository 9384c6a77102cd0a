"""An executor with a few child processes, which end with this process."""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Self, TypeVar

from pipeline.errors import LocalFault, TaskDied
from pipeline.executors.base import Task, run_for_another_process

Result = TypeVar("Result")

MOST_PROCESSES = 4
LONGEST_TASK = 120.0
"""Seconds without a finished task after which the processes of a pool are killed."""
LONGEST_ENDING = 20.0
"""Seconds that tasks may still take when the executor is left."""


class LocalExecutor:
    """A process pool, started with the first task, and again after one of its processes died.

    A process that dies breaks its whole pool, and the pool does not tell which task it ran. So each
    task that was in the pool is run once more, alone, in a separate process. Only a task that ends
    that process as well is to blame.
    """

    def __init__(self, count: int | None = None) -> None:
        """Use `count` processes; by default one per core except one, and at most four."""
        self._count = count or max(1, min(MOST_PROCESSES, (os.cpu_count() or 1) - 1))
        self._pool: ProcessPoolExecutor | None = None
        self._second: ProcessPoolExecutor | None = None
        """One process, for tasks whose process died."""
        self._second_is_free = asyncio.Lock()
        self._ended = 0.0
        """When a task last ended."""

    @property
    def at_once(self) -> int:
        """See `Executor.at_once`."""
        return 2 * MOST_PROCESSES

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pools, self._pool, self._second = (self._pool, self._second), None, None
        for pool in pools:
            if pool is not None:
                await _shut_down(pool)

    async def run(self, task: Task[Result]) -> Result:
        """See `Executor.run`."""
        if self._pool is None:
            self._pool = _new_pool(self._count)
        pool = self._pool
        try:
            return await self._run_in(pool, task)
        except BrokenProcessPool:
            self._forget(pool)
        async with self._second_is_free:
            if self._second is None:
                self._second = _new_pool(1)
            try:
                return await self._run_in(self._second, task)
            except BrokenProcessPool as error:
                self._forget(self._second)
                raise TaskDied(f"{type(task).__name__} ended every process it ran in") from error

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        if self._second is pool:
            self._second = None

    async def _run_in(self, pool: ProcessPoolExecutor, task: Task[Result]) -> Result:
        """Run a task; if it hangs, kill the pool and raise `BrokenProcessPool`."""
        try:
            running = asyncio.wrap_future(_submitted(pool, task))
        except LocalFault:  # half started: it can neither be used nor shut down
            _kill(pool)
            self._forget(pool)
            raise
        try:
            while not running.done():
                waited_from = time.monotonic()
                await asyncio.wait([running], timeout=LONGEST_TASK)
                if not running.done() and self._ended < waited_from:
                    _kill(pool)
                    await asyncio.wait([running])
            self._ended = time.monotonic()
            return running.result()
        finally:
            running.cancel()


def _submitted(pool: ProcessPoolExecutor, task: Task[Result]) -> Future[Result]:
    try:
        return pool.submit(run_for_another_process, task)
    except BrokenProcessPool:
        raise
    except (OSError, RuntimeError) as error:  # no further process, or no further thread
        raise LocalFault(f"cannot start a child process: {error}") from error


def _kill(pool: ProcessPoolExecutor) -> None:
    for process in tuple((pool._processes or {}).values()):  # noqa: SLF001 - it has no way to kill
        process.kill()


async def _shut_down(pool: ProcessPoolExecutor) -> None:
    """Let running tasks end, and kill those that do not."""
    ending = asyncio.ensure_future(asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True))
    await asyncio.wait([ending], timeout=LONGEST_ENDING)
    if not ending.done():
        _kill(pool)
    await ending


def _new_pool(count: int) -> ProcessPoolExecutor:
    try:
        return ProcessPoolExecutor(
            count,
            # Forking a process that has threads and an event loop is not safe.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_process,
        )
    except OSError as error:
        raise LocalFault(f"cannot start a child process: {error}") from error


def _start_process() -> None:
    """Ignore SIGINT, and end if the parent is killed; a process pool does neither itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
