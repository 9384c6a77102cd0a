"""Tasks in a few processes beside this one, which die with it."""

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
    """A process pool, started at the first task and anew after a process of it was killed.

    A killed process breaks its whole pool, and nobody can tell whose task it was. So every task
    that was in the pool is run once more, alone, in a process kept for that: only a task that
    ends this one as well is to blame.
    """

    def __init__(self, count: int | None = None) -> None:
        """`count` processes; by default one core is left to the event loop, and four are enough."""
        self._count = count or max(1, min(MOST_PROCESSES, (os.cpu_count() or 1) - 1))
        self._pool: ProcessPoolExecutor | None = None
        self._second: ProcessPoolExecutor | None = None
        """One process, for tasks that lost theirs."""
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
        raise LocalFault(f"cannot start processes beside this one: {error}") from error
    return await asyncio.wrap_future(running)


def _new_pool(count: int) -> ProcessPoolExecutor:
    try:
        return ProcessPoolExecutor(
            count,
            # A forked copy of a process with threads and an event loop asks for trouble.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_process,
        )
    except OSError as error:
        raise LocalFault(f"cannot start processes beside this one: {error}") from error


def _start_process() -> None:
    """Leave Ctrl-C to the parent, and end where the parent is killed: a pool does neither."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
