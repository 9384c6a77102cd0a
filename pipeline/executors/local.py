"""An executor with a few child processes, which end with this process."""

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Self, TypeVar

from pipeline.errors import LocalFault, TaskDied
from pipeline.executors.base import run_for_another_process
from pipeline.model.task import Task

Result = TypeVar("Result")

MOST_PROCESSES = 4


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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pools, self._pool, self._second = (self._pool, self._second), None, None
        for pool in pools:
            if pool is not None:
                await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    async def run(self, task: Task[Result]) -> Result:
        """See `Executor.run`."""
        if self._pool is None:
            self._pool = _new_pool(self._count)
        pool = self._pool
        try:
            return await _run_in(pool, task)
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
        async with self._second_is_free:
            if self._second is None:
                self._second = _new_pool(1)
            try:
                return await _run_in(self._second, task)
            except BrokenProcessPool as error:
                self._second = None
                raise TaskDied(f"{type(task).__name__} ended every process it ran in") from error


async def _run_in(pool: ProcessPoolExecutor, task: Task[Result]) -> Result:
    try:
        running = pool.submit(run_for_another_process, task)
    except OSError as error:
        raise LocalFault(f"cannot start a child process: {error}") from error
    return await asyncio.wrap_future(running)


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
