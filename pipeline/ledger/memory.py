"""The ledger for tests and trials: the same promises, as long as the process lives."""

from collections.abc import Callable
from typing import TypeVar

from pipeline.ledger.base import Attempt
from pipeline.ledger.bookkeeping import Bookkeeper, Clock, utc_now
from pipeline.ledger.books import Books
from pipeline.ledger.memory_books import MemoryBooks
from pipeline.ledger.rows import milliseconds

Answered = TypeVar("Answered")


class MemoryLedger(Bookkeeper):
    """`Ledger` in dictionaries; nothing survives the process."""

    def __init__(self, *, now: Clock = utc_now) -> None:
        self.books = MemoryBooks()
        self._now = now

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _write(self, verb: Callable[[Books, int], Answered]) -> Answered:
        self.books.written += 1
        return verb(self.books, milliseconds(self._now()))

    async def _permit(self, verb: Callable[[Books, int], Attempt]) -> Attempt:
        return await self._write(verb)

    async def _read(self, question: Callable[[Books], Answered]) -> Answered:
        return question(self.books)
