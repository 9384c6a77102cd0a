"""A ledger in a Postgres database, which several machines may share."""

import asyncio
import time
from collections.abc import Callable
from typing import Self, TypeVar, cast

from pipeline.ledger.base_ledger import Clock
from pipeline.ledger.postgres.connection import OPENING, Address, connect_patiently, read_address
from pipeline.ledger.postgres.group_commit import PostgresGroupCommit
from pipeline.ledger.postgres.migrating import prepare
from pipeline.ledger.postgres.readers import PostgresReaders
from pipeline.ledger.postgres.row_queries import Connection
from pipeline.ledger.postgres.row_store import PostgresRowStore
from pipeline.ledger.queued_ledger import QueuedLedger
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import milliseconds

Result = TypeVar("Result")


class PostgresLedger(QueuedLedger[PostgresGroupCommit]):
    """`Ledger` in one database; made by `open`, ended by `close`.

    Times are those of the server, so that no machine's own clock decides anything.
    """

    def __init__(
        self, readers: PostgresReaders, writer: PostgresGroupCommit | None, *, now: Clock | None
    ) -> None:
        super().__init__(writer)
        self._readers = readers
        self._now = now

    @classmethod
    async def open(cls, dsn: str, *, now: Clock | None = None, read_only: bool = False) -> Self:
        """Open the ledger at a `postgresql://` address; make it if there is none.

        Opened `read_only`, a missing ledger reads as an empty one and is not made. `UsageError` for
        a wrong address, user or right; `LedgerUnusable` for a newer schema; `LocalFault` for a
        server that cannot be reached. `now` replaces the time of the server.
        """
        address = read_address(dsn)
        writer = None
        if not read_only:
            connection = await asyncio.to_thread(_prepared, address)
            writer = PostgresGroupCommit(connection, address=address)
        return cls(PostgresReaders(address), writer, now=now)

    async def _close_readers(self) -> None:
        await self._readers.close()

    async def _read(self, query: Callable[[RowStore], Result]) -> Result:
        return await self._readers.query(query)

    def _timed(self, operation: Callable[[RowStore, int], Result]) -> Callable[[RowStore], Result]:
        if self._now is not None:
            now = milliseconds(self._now())
            return lambda store: operation(store, now)
        return lambda store: operation(store, cast("PostgresRowStore", store).now)


def _prepared(address: Address) -> Connection:
    connection = connect_patiently(address, since=time.monotonic(), patience=OPENING)
    try:
        prepare(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection
