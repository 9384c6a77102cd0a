"""Group commit: while one group of operations is made durable, the next one is collected."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from pipeline.errors import LocalFault, PipelineError
from pipeline.model.job import JobKey

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedOperation:
    """An operation with the future of its result, which is set on the event loop's thread."""

    operation: Callable[[Any], object]
    """Gets the rows of the ledger."""
    jobs: Sequence[JobKey]
    """The jobs that it reads or changes."""
    alone: bool
    """True if it may read and change anything, in a transaction of its own."""
    result: asyncio.Future[Any]
    undelivered: Callable[[Any], None] | None
    """Called with the result if the caller was cancelled meanwhile."""


class GroupQueue(ABC):
    """Applies operations in the order of the calls, on one thread, a group in one transaction."""

    largest = 1000
    """Most operations in one transaction, so that other processes get their turn."""
    pause: float | None = None
    """Seconds without an operation after which `_idle_work` is called; `None`: never."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._collecting: list[QueuedOperation] = []
        self._broken: LocalFault | None = None
        self._pending = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._queue: SimpleQueue[list[QueuedOperation] | None] = SimpleQueue()
        # a daemon, so that a program can end without closing the ledger
        self._thread = Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    @abstractmethod
    def failed(self) -> bool:
        """True if nothing is written any more."""

    @abstractmethod
    def _apply(self, group: list[QueuedOperation]) -> list[object]:
        """Apply a group durably; return the results in order, errors of one caller among them."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Close what the thread wrote to; it has ended."""

    def _idle_work(self) -> None:  # noqa: B027 - only some ledgers have any
        """Do what has to be done from time to time, on the thread of the writer."""

    def enqueue(
        self,
        operation: Callable[[Any], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
        undelivered: Callable[[Result], None] | None = None,
    ) -> asyncio.Future[Result]:
        """Queue an operation; it is applied even if nobody awaits its result any more."""
        result: asyncio.Future[Result] = self._loop.create_future()
        if not self._collecting:
            self._loop.call_soon(self._hand_over)
        self._collecting.append(
            QueuedOperation(
                operation=operation,
                jobs=jobs,
                alone=alone or not jobs,
                result=result,
                undelivered=undelivered,
            )
        )
        self._pending += 1
        self._idle.clear()
        return result

    async def drain(self) -> None:
        """Wait until everything that was queued is durable, or has failed."""
        await self._idle.wait()

    async def close(self) -> None:
        """Stop the thread and close the ledger; nothing may be queued any more."""
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        self._disconnect()

    def _hand_over(self) -> None:
        group, self._collecting = self._collecting, []
        self._queue.put(group)

    def _work(self) -> None:
        closing = False
        while not closing:
            arrived = self._arrived()
            closing = None in arrived
            waiting = [queued for group in arrived if group is not None for queued in group]
            for start in range(0, len(waiting), self.largest):
                group = waiting[start : start + self.largest]
                results = self._applied(group)
                try:
                    self._loop.call_soon_threadsafe(self._deliver, group, results)
                except RuntimeError:
                    # the loop was closed without closing the ledger: no caller is left
                    return

    def _applied(self, group: list[QueuedOperation]) -> list[object]:
        """Apply a group; after an error that nobody expected, every caller gets it, also later.

        Without an answer they would wait forever, and with them the run.
        """
        if self._broken is None:
            try:
                return self._apply(group)
            except Exception as error:  # noqa: BLE001 - every caller gets the error
                self._broken = LocalFault(
                    f"the ledger cannot be written: {str(error) or type(error).__name__}"
                )
                self._broken.__cause__ = error
        return [copy_fault(self._broken) for _ in group]

    def _arrived(self) -> list[list[QueuedOperation] | None]:
        try:
            arrived = [self._queue.get(timeout=self.pause)]
        except Empty:
            with suppress(Exception):  # a group will meet the error, and tell it
                self._idle_work()
            return []
        while not self._queue.empty():
            arrived.append(self._queue.get())
        return arrived

    def _deliver(self, group: list[QueuedOperation], results: list[object]) -> None:
        for queued, result in zip(group, results, strict=True):
            if isinstance(result, Exception):
                if not queued.result.cancelled():
                    queued.result.set_exception(result)
            elif not queued.result.cancelled():
                queued.result.set_result(result)
            elif queued.undelivered is not None:
                queued.undelivered(result)
        self._pending -= len(group)
        if not self._pending:
            self._idle.set()


Fault = TypeVar("Fault", bound=PipelineError)


def copy_fault(fault: Fault) -> Fault:
    """Return a copy for one caller: a shared traceback would grow with every raise."""
    own = type(fault)(str(fault))
    own.__cause__ = fault.__cause__
    return own
