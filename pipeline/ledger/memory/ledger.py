"""The ledger for tests and trials: the same promises, as long as the process lives."""

from collections.abc import Callable
from typing import TypeVar

from pipeline.ledger.base_ledger import BaseLedger, Clock, utc_now
from pipeline.ledger.memory.row_store import MemoryRowStore
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import milliseconds
from pipeline.model.entry import Attempt

Answered = TypeVar("Answered")


class MemoryLedger(BaseLedger):
    """`Ledger` in dictionaries; nothing survives the process."""

    def __init__(self, *, now: Clock = utc_now) -> None:
        self.store = MemoryRowStore()
        self._now = now

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _write(self, verb: Callable[[RowStore, int], Answered]) -> Answered:
        self.store.written += 1
        return verb(self.store, milliseconds(self._now()))

    async def _permit(self, verb: Callable[[RowStore, int], Attempt]) -> Attempt:
        return await self._write(verb)

    async def _read(self, question: Callable[[RowStore], Answered]) -> Answered:
        return question(self.store)
