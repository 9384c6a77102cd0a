"""Group commit: while one transaction is made durable, the next group is collected."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import apsw

from pipeline.errors import LocalFault
from pipeline.ledger.sqlite import errors, statements
from pipeline.ledger.sqlite.commit_mark import CommitMark
from pipeline.ledger.sqlite.row_store import SqliteRowStore

Result = TypeVar("Result")

_LARGEST = 1000
"""Most operations in one transaction, so that other processes get their turn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _QueuedOperation:
    """An operation with the future of its result, which is set on the event loop's thread."""

    operation: Callable[[SqliteRowStore], object]
    result: asyncio.Future[Any]
    undelivered: Callable[[Any], None] | None
    """Called with the result if the caller was cancelled meanwhile."""


class GroupCommit:
    """Applies operations in the order of the calls, on one thread, a group in one transaction.

    Each operation has its own savepoint, so that one that is refused leaves the others of its
    group whole. A disk error is final: its group and every later operation get the same
    `LocalFault`.
    """

    def __init__(self, connection: apsw.Connection, *, path: Path) -> None:
        self._connection = connection
        self.path = path
        self._store = SqliteRowStore(connection)
        self._mark: CommitMark | None = None
        self._loop = asyncio.get_running_loop()
        self._collecting: list[_QueuedOperation] = []
        self._pending = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._queue: SimpleQueue[list[_QueuedOperation] | None] = SimpleQueue()
        self._fault: LocalFault | None = None
        # a daemon, so that a program can end without closing the ledger
        self._thread = Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> bool:
        """True if nothing is written any more."""
        return self._fault is not None

    def enqueue(
        self,
        operation: Callable[[SqliteRowStore], Result],
        *,
        undelivered: Callable[[Result], None] | None = None,
    ) -> asyncio.Future[Result]:
        """Queue an operation; it is applied even if nobody awaits its result any more."""
        result: asyncio.Future[Result] = self._loop.create_future()
        if not self._collecting:
            self._loop.call_soon(self._hand_over)
        self._collecting.append(
            _QueuedOperation(operation=operation, result=result, undelivered=undelivered)
        )
        self._pending += 1
        self._idle.clear()
        return result

    async def drain(self) -> None:
        """Wait until everything that was queued is durable, or has failed."""
        await self._idle.wait()

    async def close(self) -> None:
        """Stop the thread and close the file; nothing may be queued any more."""
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        # Everything is durable by now; if tidying up fails, SQLite keeps its journal.
        with suppress(OSError, apsw.Error):
            if self._mark is not None:
                self._mark.close()
        with suppress(OSError, apsw.Error):
            self._connection.close()

    def _hand_over(self) -> None:
        group, self._collecting = self._collecting, []
        self._queue.put(group)

    def _work(self) -> None:
        closing = False
        while not closing:
            arrived = [self._queue.get()]
            while not self._queue.empty():
                arrived.append(self._queue.get())
            closing = None in arrived
            waiting = [queued for group in arrived if group is not None for queued in group]
            for start in range(0, len(waiting), _LARGEST):
                group = waiting[start : start + _LARGEST]
                results = self._apply(group)
                try:
                    self._loop.call_soon_threadsafe(self._deliver, group, results)
                except RuntimeError:
                    # the loop was closed without closing the ledger: no caller is left
                    return

    def _deliver(self, group: list[_QueuedOperation], results: list[object]) -> None:
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

    def _apply(self, group: list[_QueuedOperation]) -> list[object]:
        """Apply a group in one durable transaction, and advance the mark afterwards."""
        if self._fault is not None:
            return [_copied(self._fault) for _ in group]
        try:
            self._connection.execute("begin immediate")
            results = [self._one(queued) for queued in group]
            self._commit()
        except Exception as error:  # noqa: BLE001 - every caller gets the error
            self._fault = errors.as_local_fault(self.path, error)
            self._fault.__cause__ = error if self._fault is not error else None
            self._give_up()
            return [_copied(self._fault) for _ in group]
        return results

    def _one(self, queued: _QueuedOperation) -> object:
        self._connection.execute("savepoint operation")
        try:
            result = queued.operation(self._store)
        except apsw.ConstraintError as error:
            refused = ValueError(f"the ledger refuses: {error}")
            refused.__cause__ = error
            return self._undone(refused)
        except (apsw.Error, OSError, MemoryError, LocalFault):
            raise
        except Exception as error:  # noqa: BLE001 - passed to the caller of this operation
            return self._undone(error)
        self._connection.execute("release operation")
        return result

    def _undone(self, error: Exception) -> Exception:
        self._connection.execute("rollback to operation")
        self._connection.execute("release operation")
        self._store.forget()
        return error

    def _commit(self) -> None:
        counted: Any = self._connection.execute(statements.COUNT_COMMIT).get
        self._connection.execute("commit")
        name, commits = counted
        if self._mark is None:
            self._mark = CommitMark(self.path, name=name)
        self._mark.advance(commits)

    def _give_up(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("rollback")
            except apsw.Error:
                # the disk still fails; uncommitted operations have not been answered
                return


def _copied(fault: LocalFault) -> LocalFault:
    """Return a copy for one caller: a shared traceback would grow with every raise."""
    own = type(fault)(str(fault))
    own.__cause__ = fault.__cause__
    return own
