"""A ledger whose operations are queued, and applied in groups by one thread."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pipeline.errors import LocalFault
from pipeline.ledger.base_ledger import BaseLedger
from pipeline.ledger.group_queue import GroupQueue
from pipeline.ledger.reader_threads import ReaderThreads
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rules import settling
from pipeline.ledger.rules.attempts import ReplyRecord
from pipeline.model.entry import Attempt
from pipeline.model.job import JobKey

Result = TypeVar("Result")
Writer = TypeVar("Writer", bound=GroupQueue)

CANCELLED = "cancelled before it was sent"


class QueuedLedger(BaseLedger, Generic[Writer]):
    """The base of durable ledgers.

    An operation is applied even if its caller is cancelled meanwhile; only a permit that its
    caller never received is released again.
    """

    def __init__(self, readers: ReaderThreads, writer: Writer) -> None:
        self._readers = readers
        self._writer: Writer | None = writer
        """`None` once the ledger is closed."""

    @abstractmethod
    def _timed(self, operation: Callable[[RowStore, int], Result]) -> Callable[[RowStore], Result]:
        """Return an operation with its time."""

    async def close(self) -> None:
        """Finish what is queued and close the ledger."""
        writer = self._writer
        if writer is not None:
            await writer.drain()
        self._writer = None
        await self._readers.close()
        if writer is not None:
            await writer.close()

    async def _write(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
    ) -> Result:
        return await self._enqueue(operation, jobs=jobs, alone=alone)

    async def _permit(
        self, operation: Callable[[RowStore, int], Attempt], *, jobs: Sequence[JobKey]
    ) -> Attempt:
        permit = self._enqueue(operation, jobs=jobs, undelivered=self._release)
        try:
            return await permit
        except asyncio.CancelledError:
            # cancelled between the result and this line: nothing else would release it
            if not permit.cancelled() and permit.exception() is None:
                self._release(permit.result())
            raise

    async def _read(self, query: Callable[[RowStore], Result]) -> Result:
        return await self._readers.query(query)

    def _enqueue(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
        undelivered: Callable[[Result], None] | None = None,
    ) -> asyncio.Future[Result]:
        if self._writer is None:
            raise LocalFault("this ledger is closed")
        timed = self._timed(operation)
        return self._writer.enqueue(timed, jobs=jobs, alone=alone, undelivered=undelivered)

    def _release(self, attempt: Attempt) -> None:
        released = self._enqueue(
            lambda store, now: settling.release(
                store, now, attempt, reason=CANCELLED, reply=ReplyRecord()
            ),
            jobs=[attempt.job],
        )
        released.add_done_callback(asyncio.Future.exception)
