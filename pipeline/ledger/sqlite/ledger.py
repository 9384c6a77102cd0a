"""The ledger in one SQLite file: many readers, one writer a process, several processes.

apsw brings its own SQLite: versions before 3.51.3, which most Pythons carry, can corrupt a
write-ahead log that has several writing connections.
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
from pipeline.ledger.sqlite.opening import is_large, open_for_writing, prove_whole
from pipeline.ledger.sqlite.readers import Readers
from pipeline.model.entry import Attempt

Answered = TypeVar("Answered")

CANCELLED = "cancelled before it was sent"


class SqliteLedger(BaseLedger):
    """`Ledger` on one file, with WAL and `synchronous=FULL`; made by `open`, ended by `close`.

    A verb that was called is applied even if its caller is cancelled meanwhile; only a permit
    that its caller never received is released again.
    """

    def __init__(self, readers: Readers, writer: GroupCommit | None, *, now: Clock) -> None:
        self._readers = readers
        self._writer = writer
        self._now = now
        self._place: Path | None = None
        """Of a file that is yet to be proven whole before the first purchase."""
        self._proof: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, path: Path, *, now: Clock = utc_now, read_only: bool = False) -> Self:
        """Open or make the file; `LedgerUnusable` where it is damaged, foreign or too new.

        Opened `read_only`, a missing file reads as an empty ledger and is not made, and nothing in
        an existing one is changed; SQLite may leave its two empty work files beside it.
        """
        place = path.absolute().parent.resolve() / path.name
        writer = None
        if not read_only:
            loop = asyncio.get_running_loop()
            connection = await loop.run_in_executor(None, open_for_writing, place)
            writer = GroupCommit(connection, path=place)
        ledger = cls(Readers(place), writer, now=now)
        if writer is not None and is_large(place):
            ledger._place = place
        return ledger

    async def close(self) -> None:
        """Finish what is queued and let go of the file."""
        writer = self._writer
        if writer is not None:
            await writer.drain()
        self._writer = None
        await self._readers.close()
        if writer is not None:
            await writer.close()

    async def _write(self, verb: Callable[[RowStore, int], Answered]) -> Answered:
        return await self._called(verb)

    async def _permit(self, verb: Callable[[RowStore, int], Attempt]) -> Attempt:
        if self._place is not None:
            await self._proven(self._place)
        permit = self._called(verb, unclaimed=self._take_back)
        try:
            return await permit
        except asyncio.CancelledError:
            # cancelled between the answer and this line: nobody else will take it back
            if not permit.cancelled() and permit.exception() is None:
                self._take_back(permit.result())
            raise

    async def _proven(self, place: Path) -> None:
        if self._proof is None:
            loop = asyncio.get_running_loop()
            self._proof = loop.run_in_executor(None, prove_whole, place)
        await asyncio.shield(self._proof)
        self._place = None

    async def _read(self, question: Callable[[RowStore], Answered]) -> Answered:
        return await self._readers.ask(question)

    def _called(
        self,
        verb: Callable[[RowStore, int], Answered],
        *,
        unclaimed: Callable[[Answered], None] | None = None,
    ) -> asyncio.Future[Answered]:
        if self._writer is None:
            raise LocalFault("this ledger is closed, or was opened for reading only")
        now = milliseconds(self._now())
        return self._writer.call(lambda store: verb(store, now), unclaimed=unclaimed)

    def _take_back(self, attempt: Attempt) -> None:
        released = self._called(
            lambda store, now: settling.release(
                store, now, attempt, reason=CANCELLED, answer=ReplyRecord()
            )
        )
        released.add_done_callback(asyncio.Future.exception)
