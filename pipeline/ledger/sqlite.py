"""The ledger in one SQLite file: many readers, one writer a process, several processes.

apsw brings its own SQLite: versions before 3.51.3, which most Pythons carry, can corrupt a
write-ahead log that has several writing connections.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import apsw

from pipeline.errors import LocalFault
from pipeline.ledger import settling
from pipeline.ledger.base import Attempt
from pipeline.ledger.bookkeeping import Bookkeeper, Clock, utc_now
from pipeline.ledger.books import Books
from pipeline.ledger.group_commit import GroupCommit
from pipeline.ledger.opening import fault, open_for_reading, open_for_writing
from pipeline.ledger.rows import milliseconds
from pipeline.ledger.sqlite_books import SqliteBooks

Answered = TypeVar("Answered")

CANCELLED = "the caller was cancelled before it had the permit"


class SqliteLedger(Bookkeeper):
    """`Ledger` on one file, with WAL and `synchronous=FULL`; made by `open`, ended by `close`."""

    def __init__(self, readers: "Readers", writer: GroupCommit | None, *, now: Clock) -> None:
        self._readers = readers
        self._writer = writer
        self._now = now

    @classmethod
    async def open(cls, path: Path, *, now: Clock = utc_now, read_only: bool = False) -> Self:
        """Open or make the file; `LedgerUnusable` where it is torn, foreign or too new.

        Opened `read_only`, nothing is created or changed, and a missing file reads as empty.
        """
        path = path.absolute()
        loop = asyncio.get_running_loop()
        writer = None
        if not read_only:
            connection = await loop.run_in_executor(None, open_for_writing, path)
            writer = GroupCommit(connection, path=path)
        return cls(Readers(path), writer, now=now)

    async def close(self) -> None:
        """Finish what is queued and let go of the file."""
        await self._readers.close()
        if self._writer is not None:
            await self._writer.close()

    async def _write(self, verb: Callable[[Books, int], Answered]) -> Answered:
        return await asyncio.shield(self._called(verb))

    async def _permit(self, verb: Callable[[Books, int], Attempt]) -> Attempt:
        permit = self._called(verb)
        try:
            return await asyncio.shield(permit)
        except asyncio.CancelledError:
            permit.add_done_callback(self._take_back)
            raise

    async def _read(self, question: Callable[[Books], Answered]) -> Answered:
        return await self._readers.ask(question)

    def _called(self, verb: Callable[[Books, int], Answered]) -> asyncio.Future[Answered]:
        if self._writer is None:
            raise LocalFault("this ledger was opened for reading only")
        now = milliseconds(self._now())
        return self._writer.call(lambda books: verb(books, now))

    def _take_back(self, permit: asyncio.Future[Attempt]) -> None:
        if permit.exception() is None:
            attempt = permit.result()
            taken = self._called(
                lambda books, now: settling.release(books, now, attempt, reason=CANCELLED)
            )
            taken.add_done_callback(asyncio.Future.exception)


class Readers:
    """Reading connections, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[apsw.Connection] = []
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="ledger-reader")

    async def ask(self, question: Callable[[Books], Answered]) -> Answered:
        """Answer a question from one consistent moment."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._answer, question)

    async def close(self) -> None:
        """Wait for answers under way and let go of the file."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._threads.shutdown)
        for connection in self._idle:
            connection.close()

    def _answer(self, question: Callable[[Books], Answered]) -> Answered:
        connection = self._idle.pop() if self._idle else open_for_reading(self._path)
        try:
            connection.execute("begin")
            answer = question(SqliteBooks(connection))
            connection.execute("commit")
        except BaseException as error:
            connection.close()
            if isinstance(error, apsw.Error):
                raise fault(self._path, error) from error
            raise
        self._idle.append(connection)
        return answer
