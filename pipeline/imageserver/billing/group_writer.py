"""A thread that writes one SQLite file and commits waiting writes as a group.

There is no timer: an idle writer commits at once, and a busy one shares each fsync among all
writes that have waited.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from pipeline.errors import LocalFault

_T = TypeVar("_T")

_MAX_GROUP = 512
_log = logging.getLogger(__name__)


def connect(path: Path) -> apsw.Connection:
    """Return a connection whose commits survive a power loss and whose readers never wait."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


@dataclass(slots=True)
class _PendingWrite:
    """One write, and the future that waits for its result."""

    write: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class GroupWriter:
    """Runs writes one after another in a transaction of its own thread.

    A write may raise an error if it has not changed anything before. An error of SQLite rolls
    the whole group back, and every write in it fails with LocalFault.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        name: str,
        on_commit: Callable[[], None],
        on_rollback: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._name = name
        self._on_commit = on_commit
        self._on_rollback = on_rollback
        self._closed_reason: str = ""
        """The reason why nothing is written any more; empty while writes are taken."""
        self._queue: queue.SimpleQueue[_PendingWrite | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name.replace(" ", "-"), daemon=True)
        self._thread.start()

    async def run(self, write: Callable[[], _T]) -> _T:
        """Return what the write returned, once it is on disk."""
        if self._closed_reason:
            raise LocalFault(self._closed_reason)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self._queue.put(_PendingWrite(write, loop, future))
        return await future

    async def close(self) -> None:
        """Finish pending writes, then end the thread; the connection stays open."""
        self._closed_reason = self._closed_reason or f"the {self._name} is closed"
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            group, last = self._gather()
            if group:
                self._commit(group)
                _notify(group)
            if last:
                return

    def _gather(self) -> tuple[list[_PendingWrite], bool]:
        """Wait for one write and take all others that wait; True once the thread is to end."""
        group: list[_PendingWrite] = []
        pending = self._queue.get()
        while pending is not None:
            group.append(pending)
            if len(group) == _MAX_GROUP or self._queue.empty():
                return group, False
            pending = self._queue.get_nowait()
        return group, True

    def _commit(self, group: list[_PendingWrite]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for pending in group:
                _run(pending)
            self._connection.execute("COMMIT")
        except (apsw.Error, OSError) as error:
            _log.warning("the %s could not be written: %s", self._name, error)
            self._rollback()
            for pending in group:
                pending.error = LocalFault(f"the {self._name} could not be written: {error}")
        else:
            self._on_commit()

    def _rollback(self) -> None:
        """Return to the state on disk; if that cannot be read, nothing is written any more."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._on_rollback()
        except (apsw.Error, OSError) as error:
            _log.critical("the %s cannot be read: %s", self._name, error)
            self._closed_reason = f"the {self._name} cannot be read: {error}"


def _run(pending: _PendingWrite) -> None:
    try:
        pending.result = pending.write()
    except (apsw.Error, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - passed to the caller of this write
        pending.error = error


def _notify(group: list[_PendingWrite]) -> None:
    """Resolve the futures, with one call into each event loop."""
    for loop in {pending.loop for pending in group}:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, [w for w in group if w.loop is loop])


def _resolve(group: list[_PendingWrite]) -> None:
    for pending in group:
        if pending.future.done():
            continue
        if pending.error is not None:
            pending.future.set_exception(pending.error)
        else:
            pending.future.set_result(pending.result)
