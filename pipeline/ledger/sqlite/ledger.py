"""A ledger in one SQLite file, for several processes with one writer each.

It uses apsw, which contains its own SQLite: versions before 3.51.3, which most Pythons come with,
can corrupt a write-ahead log that several connections write to.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from pipeline.errors import LocalFault
from pipeline.ledger.base_ledger import BaseLedger, Clock, utc_now
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import milliseconds
from pipeline.ledger.rules import settling
from pipeline.ledger.rules.attempts import ReplyRecord
from pipeline.ledger.sqlite.group_commit import GroupCommit
from pipeline.ledger.sqlite.opening import check_whole_file, is_large, open_for_writing
from pipeline.ledger.sqlite.readers import Readers
from pipeline.model.entry import Attempt

Result = TypeVar("Result")

CANCELLED = "cancelled before it was sent"


class SqliteLedger(BaseLedger):
    """`Ledger` on one file, with WAL and `synchronous=FULL`; made by `open`, ended by `close`.

    An operation is applied even if its caller is cancelled meanwhile; only a permit that its
    caller never received is released again.
    """

    def __init__(
        self, readers: Readers, writer: GroupCommit | None, *, now: Clock, recovers: bool = False
    ) -> None:
        self._readers = readers
        self._writer = writer
        self._recovers = recovers
        """Reopen the file after a fault; otherwise the first fault is final."""
        self._recovering = asyncio.Lock()
        self._now = now
        self._unchecked: Path | None = None
        """The file, until it has been checked before the first purchase."""
        self._check: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, path: Path, *, now: Clock = utc_now, recovers: bool = False) -> Self:
        """Open or make the file; raise `LedgerUnusable` if it is damaged, no ledger or too new."""
        place = path.absolute().parent.resolve() / path.name
        writer = await _open_writer(place)
        ledger = cls(Readers(place), writer, now=now, recovers=recovers)
        if is_large(place):
            ledger._unchecked = place
        return ledger

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        writer = self._writer
        if writer is not None:
            await writer.drain()
        self._writer = None
        await self._readers.close()
        if writer is not None:
            await writer.close()

    async def _write(self, operation: Callable[[RowStore, int], Result]) -> Result:
        if self._recovers:
            await self._recover()
        return await self._enqueue(operation)

    async def _recover(self) -> None:
        async with self._recovering:
            failed = self._writer
            if failed is not None and failed.failed:
                self._writer = await _open_writer(failed.path)
                await failed.close()

    async def _permit(self, operation: Callable[[RowStore, int], Attempt]) -> Attempt:
        if self._unchecked is not None:
            await self._checked(self._unchecked)
        permit = self._enqueue(operation, undelivered=self._release)
        try:
            return await permit
        except asyncio.CancelledError:
            # cancelled between the result and this line: nothing else would release it
            if not permit.cancelled() and permit.exception() is None:
                self._release(permit.result())
            raise

    async def _checked(self, place: Path) -> None:
        if self._check is None:
            loop = asyncio.get_running_loop()
            self._check = loop.run_in_executor(None, check_whole_file, place)
        await asyncio.shield(self._check)
        self._unchecked = None

    async def _read(self, query: Callable[[RowStore], Result]) -> Result:
        return await self._readers.query(query)

    def _enqueue(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        undelivered: Callable[[Result], None] | None = None,
    ) -> asyncio.Future[Result]:
        if self._writer is None:
            raise LocalFault("this ledger is closed")
        now = milliseconds(self._now())
        return self._writer.enqueue(lambda store: operation(store, now), undelivered=undelivered)

    def _release(self, attempt: Attempt) -> None:
        released = self._enqueue(
            lambda store, now: settling.release(
                store, now, attempt, reason=CANCELLED, reply=ReplyRecord()
            )
        )
        released.add_done_callback(asyncio.Future.exception)


async def _open_writer(place: Path) -> GroupCommit:
    loop = asyncio.get_running_loop()
    return GroupCommit(await loop.run_in_executor(None, open_for_writing, place), path=place)
