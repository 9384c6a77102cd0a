"""Group commit: while one transaction is being made durable, the next one gathers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import apsw

from pipeline.errors import LocalFault
from pipeline.ledger.sqlite import faults, statements
from pipeline.ledger.sqlite.marks import Mark
from pipeline.ledger.sqlite.row_store import SqliteRowStore

Answered = TypeVar("Answered")

_LARGEST = 1000
"""Verbs in one transaction, so that other processes get their turn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """One verb on its way; its answer is set on the loop's own thread, if anybody still waits."""

    verb: Callable[[SqliteRowStore], object]
    answer: asyncio.Future[Any]
    unclaimed: Callable[[Any], None] | None
    """Gets what the verb gave where its caller was cancelled meanwhile."""


class GroupCommit:
    """Applies verbs in the order of the calls, on one thread, a group to a transaction.

    Each verb has its own savepoint, so that what one refuses leaves its neighbours whole. A disk
    error is final: its group and every later verb get the same `LocalFault`.
    """

    def __init__(self, connection: apsw.Connection, *, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._store = SqliteRowStore(connection)
        self._mark: Mark | None = None
        self._loop = asyncio.get_running_loop()
        self._gathering: list[_Call] = []
        self._undelivered = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._queue: SimpleQueue[list[_Call] | None] = SimpleQueue()
        self._fault: LocalFault | None = None
        # a daemon: a program that ends without closing must not hang on an idle ledger
        self._thread = Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    def call(
        self,
        verb: Callable[[SqliteRowStore], Answered],
        *,
        unclaimed: Callable[[Answered], None] | None = None,
    ) -> asyncio.Future[Answered]:
        """Hand a verb in; it is applied even if nobody waits for its answer any more."""
        answer: asyncio.Future[Answered] = self._loop.create_future()
        if not self._gathering:
            self._loop.call_soon(self._hand_over)
        self._gathering.append(_Call(verb=verb, answer=answer, unclaimed=unclaimed))
        self._undelivered += 1
        self._quiet.clear()
        return answer

    async def drain(self) -> None:
        """Wait until everything that was handed in is durable, or has failed."""
        await self._quiet.wait()

    async def close(self) -> None:
        """Let go of the file; nothing may be handed in any more."""
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        if self._mark is not None:
            self._mark.close()
        self._connection.close()

    def _hand_over(self) -> None:
        group, self._gathering = self._gathering, []
        self._queue.put(group)

    def _work(self) -> None:
        closing = False
        while not closing:
            arrived = [self._queue.get()]
            while not self._queue.empty():
                arrived.append(self._queue.get())
            closing = None in arrived
            waiting = [call for group in arrived if group is not None for call in group]
            for start in range(0, len(waiting), _LARGEST):
                group = waiting[start : start + _LARGEST]
                answers = self._apply(group)
                try:
                    self._loop.call_soon_threadsafe(self._deliver, group, answers)
                except RuntimeError:
                    # the loop was closed without closing the ledger: nobody waits any more
                    return

    def _deliver(self, group: list[_Call], answers: list[object]) -> None:
        for call, answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                if not call.answer.cancelled():
                    call.answer.set_exception(answer)
            elif not call.answer.cancelled():
                call.answer.set_result(answer)
            elif call.unclaimed is not None:
                call.unclaimed(answer)
        self._undelivered -= len(group)
        if not self._undelivered:
            self._quiet.set()

    def _apply(self, group: list[_Call]) -> list[object]:
        """One durable transaction; afterwards the mark may say so."""
        if self._fault is not None:
            return [_copied(self._fault) for _ in group]
        try:
            self._connection.execute("begin immediate")
            answers = [self._one(call) for call in group]
            self._commit()
        except Exception as error:  # noqa: BLE001 - whatever it was, every caller is told
            self._fault = faults.fault(self._path, error)
            self._fault.__cause__ = error if self._fault is not error else None
            self._give_up()
            return [_copied(self._fault) for _ in group]
        return answers

    def _one(self, call: _Call) -> object:
        self._connection.execute("savepoint verb")
        try:
            answer = call.verb(self._store)
        except apsw.ConstraintError as error:
            refused = ValueError(f"the ledger refuses: {error}")
            refused.__cause__ = error
            return self._undone(refused)
        except (apsw.Error, OSError, MemoryError, LocalFault):
            raise
        except Exception as error:  # noqa: BLE001 - handed on to the one caller whom it concerns
            return self._undone(error)
        self._connection.execute("release verb")
        return answer

    def _undone(self, error: Exception) -> Exception:
        self._connection.execute("rollback to verb")
        self._connection.execute("release verb")
        self._store.forget()
        return error

    def _commit(self) -> None:
        counted: Any = self._connection.execute(statements.COUNT_COMMIT).get
        self._connection.execute("commit")
        name, commits = counted
        if self._mark is None:
            self._mark = Mark(self._path, name=name)
        self._mark.move(commits)

    def _give_up(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("rollback")
            except apsw.Error:
                # the disk is as broken as it was: what is not committed was never answered
                return


def _copied(fault: LocalFault) -> LocalFault:
    """An error of its own for each caller: a traceback grows with every one who raises it."""
    own = type(fault)(str(fault))
    own.__cause__ = fault.__cause__
    return own
