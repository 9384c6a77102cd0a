"""One thread that writes one SQLite file; what gathers while it commits goes in together.

Group commit without a timer: an idle writer commits at once, a busy one shares each fsync among
all that waited for it.
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

_LARGEST_GROUP = 512
_log = logging.getLogger(__name__)


def connect(path: Path) -> apsw.Connection:
    """A connection whose commits survive a power loss, and whose readers never wait."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


@dataclass(slots=True)
class _Waiting:
    """One verb, and who waits for what it returns."""

    verb: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class GroupWriter:
    """Runs verbs one after another in the open transaction of its own thread.

    A verb may refuse by raising, as long as it has written nothing before; an error of SQLite
    itself undoes the whole group, and every verb of it fails with LocalFault.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        committed: Callable[[], None],
        undone: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._committed = committed
        self._undone = undone
        self._ended: str = ""
        """Why nothing is written any more."""
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="books", daemon=True)
        self._thread.start()

    async def run(self, verb: Callable[[], _T]) -> _T:
        """What the verb returned, once it is on disk."""
        if self._ended:
            raise LocalFault(self._ended)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self._queue.put(_Waiting(verb, loop, future))
        return await future

    async def close(self) -> None:
        """Write what was handed in, then end the thread; the connection stays open."""
        self._ended = self._ended or "the books are closed"
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            group, last = self._gather()
            if group:
                self._commit(group)
                _tell(group)
            if last:
                return

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """Wait for one verb, and take what else is there; True once the writer is to end."""
        group: list[_Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            if len(group) == _LARGEST_GROUP or self._queue.empty():
                return group, False
            waiting = self._queue.get_nowait()
        return group, True

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for waiting in group:
                _run(waiting)
            self._connection.execute("COMMIT")
        except (apsw.Error, OSError) as error:
            _log.warning("the books could not be written: %s", error)
            self._undo()
            for waiting in group:
                waiting.error = LocalFault(f"the books could not be written: {error}")
        else:
            self._committed()

    def _undo(self) -> None:
        """Back to what is on disk; where even that cannot be read, nothing is written any more."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._undone()
        except (apsw.Error, OSError) as error:
            _log.critical("the books cannot be read: %s", error)
            self._ended = f"the books cannot be read: {error}"


def _run(waiting: _Waiting) -> None:
    try:
        waiting.result = waiting.verb()
    except (apsw.Error, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - a verb's refusal belongs to who asked for it
        waiting.error = error


def _tell(group: list[_Waiting]) -> None:
    """Wake the callers: one call into each loop for the whole group."""
    for loop in {waiting.loop for waiting in group}:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, [w for w in group if w.loop is loop])


def _resolve(group: list[_Waiting]) -> None:
    for waiting in group:
        if waiting.future.done():
            continue
        if waiting.error is not None:
            waiting.future.set_exception(waiting.error)
        else:
            waiting.future.set_result(waiting.result)
