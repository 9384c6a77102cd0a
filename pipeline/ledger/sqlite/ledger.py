"""A ledger in one SQLite file, for several processes with one writer each.

It uses apsw, which contains its own SQLite: versions before 3.51.3, which most Pythons come with,
can corrupt a write-ahead log that several connections write to.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.queued_ledger import QueuedLedger
from pipeline.ledger.reader_threads import ReaderThreads
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import milliseconds
from pipeline.ledger.sqlite.group_commit import GroupCommit
from pipeline.ledger.sqlite.opening import check_whole_file, is_large, open_for_writing
from pipeline.ledger.sqlite.read_only import ReadingConnections
from pipeline.model.entry import Attempt
from pipeline.model.job import JobKey

Result = TypeVar("Result")


class SqliteLedger(QueuedLedger[GroupCommit]):
    """`Ledger` on one file, with WAL and `synchronous=FULL`; made by `open`, ended by `close`."""

    def __init__(
        self, readers: ReaderThreads, writer: GroupCommit, *, now: Clock, recovers: bool = False
    ) -> None:
        super().__init__(readers, writer)
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
        ledger = cls(ReaderThreads(ReadingConnections(place)), writer, now=now, recovers=recovers)
        if is_large(place):
            ledger._unchecked = place
        return ledger

    async def _write(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
    ) -> Result:
        if self._recovers:
            await self._recover()
        return await super()._write(operation, jobs=jobs, alone=alone)

    async def _recover(self) -> None:
        async with self._recovering:
            failed = self._writer
            if failed is not None and failed.failed:
                self._writer = await _open_writer(failed.path)
                await failed.close()

    async def _permit(
        self, operation: Callable[[RowStore, int], Attempt], *, jobs: Sequence[JobKey]
    ) -> Attempt:
        if self._unchecked is not None:
            await self._checked(self._unchecked)
        return await super()._permit(operation, jobs=jobs)

    async def _checked(self, place: Path) -> None:
        if self._check is None:
            loop = asyncio.get_running_loop()
            self._check = loop.run_in_executor(None, check_whole_file, place)
        await asyncio.shield(self._check)
        self._unchecked = None

    def _timed(self, operation: Callable[[RowStore, int], Result]) -> Callable[[RowStore], Result]:
        now = milliseconds(self._now())
        return lambda store: operation(store, now)


async def _open_writer(place: Path) -> GroupCommit:
    loop = asyncio.get_running_loop()
    return GroupCommit(await loop.run_in_executor(None, open_for_writing, place), path=place)
