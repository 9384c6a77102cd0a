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
from pipeline.ledger.opening import fault
from pipeline.ledger.sqlite_books import SqliteBooks

Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """One verb on its way; its answer is set on the loop's own thread."""

    verb: Callable[[SqliteBooks], object]
    answer: asyncio.Future[Any]


class GroupCommit:
    """Applies verbs in the order they are called, on one thread, a group to a transaction.

    Each verb has its own savepoint, so that what one refuses leaves its neighbours whole. A disk
    error ends it: that group and every later verb get the same `LocalFault`.
    """

    def __init__(self, connection: apsw.Connection, *, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._books = SqliteBooks(connection)
        self._loop = asyncio.get_running_loop()
        self._gathering: list[_Call] = []
        self._outstanding: set[asyncio.Future[Any]] = set()
        self._queue: SimpleQueue[list[_Call] | None] = SimpleQueue()
        self._fault: LocalFault | None = None
        # a daemon: a program that ends without closing must not hang on an idle ledger
        self._thread = Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    def call(self, verb: Callable[[SqliteBooks], Answered]) -> asyncio.Future[Answered]:
        """Hand a verb in; it is applied even if nobody waits for its answer any more."""
        answer: asyncio.Future[Answered] = self._loop.create_future()
        if not self._gathering:
            self._loop.call_soon(self._hand_over)
        self._gathering.append(_Call(verb=verb, answer=answer))
        self._outstanding.add(answer)
        answer.add_done_callback(self._outstanding.discard)
        return answer

    async def close(self) -> None:
        """Finish what is queued, then let go of the file."""
        while self._outstanding:
            await asyncio.wait(self._outstanding)
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _hand_over(self) -> None:
        group, self._gathering = self._gathering, []
        self._queue.put(group)

    def _work(self) -> None:
        while (group := self._queue.get()) is not None:
            while not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                group += more
            answers = self._apply(group)
            self._loop.call_soon_threadsafe(_deliver, group, answers)
        self._connection.close()

    def _apply(self, group: list[_Call]) -> list[object]:
        if self._fault is not None:
            return [self._fault] * len(group)
        try:
            self._connection.execute("begin immediate")
            answers = [self._one(call) for call in group]
            self._connection.execute("commit")
        except (apsw.Error, MemoryError, LocalFault) as error:
            self._fault = error if isinstance(error, LocalFault) else fault(self._path, error)
            if not isinstance(error, LocalFault):
                self._fault.__cause__ = error
            self._give_up()
            return [self._fault] * len(group)
        return answers

    def _one(self, call: _Call) -> object:
        self._connection.execute("savepoint verb")
        try:
            answer = call.verb(self._books)
        except apsw.ConstraintError as error:
            refused = ValueError(f"the ledger refuses: {error}")
            refused.__cause__ = error
            return self._undo(refused)
        except (apsw.Error, MemoryError, LocalFault):
            raise
        except Exception as error:  # noqa: BLE001 - it is handed to the one caller it concerns
            return self._undo(error)
        self._connection.execute("release verb")
        return answer

    def _undo(self, error: Exception) -> Exception:
        self._connection.execute("rollback to verb")
        self._connection.execute("release verb")
        self._books.forget()
        return error

    def _give_up(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("rollback")
            except apsw.Error:
                return


def _deliver(group: list[_Call], answers: list[object]) -> None:
    for call, answer in zip(group, answers, strict=True):
        if call.answer.done():
            continue
        if isinstance(answer, Exception):
            call.answer.set_exception(answer)
        else:
            call.answer.set_result(answer)
