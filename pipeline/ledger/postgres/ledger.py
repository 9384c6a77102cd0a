"""A ledger in a Postgres database, which several machines may share."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar, cast

import psycopg

from pipeline.ledger.base_ledger import Clock
from pipeline.ledger.place import place_on_machine
from pipeline.ledger.postgres.connection import (
    OPENING,
    Address,
    connect_patiently,
    read_address,
    unreachable,
)
from pipeline.ledger.postgres.group_commit import PostgresGroupCommit
from pipeline.ledger.postgres.leases import Lease
from pipeline.ledger.postgres.pace import PostgresPace
from pipeline.ledger.postgres.read_only import PostgresConnections
from pipeline.ledger.postgres.rows.row_queries import Connection
from pipeline.ledger.postgres.rows.row_store import PostgresRowStore
from pipeline.ledger.postgres.schema.migrating import prepare
from pipeline.ledger.queued_ledger import QueuedLedger
from pipeline.ledger.reader_threads import ReaderThreads
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import milliseconds
from pipeline.ledger.rules import buying
from pipeline.model.coordination import WHOLE, LivingRun, Shard, SharedHalt
from pipeline.model.entry import Attempt
from pipeline.model.names import Account, Slug
from pipeline.model.run import Run, RunId

Result = TypeVar("Result")


class PostgresLedger(QueuedLedger[PostgresGroupCommit]):
    """`Ledger` in one database; made by `open`, ended by `close`.

    Times are those of the server, so that no machine's own clock decides anything. A run has a
    lease from `begin` to `end`.
    """

    def __init__(
        self,
        readers: ReaderThreads,
        writer: PostgresGroupCommit,
        *,
        now: Clock | None,
        output: Path,
        address: Address,
    ) -> None:
        super().__init__(readers, writer)
        self._address = address
        self._paces: dict[Account, PostgresPace] = {}
        self._now = now
        self._place = place_on_machine(output)

    @classmethod
    async def open(cls, dsn: str, *, output: Path, now: Clock | None = None) -> Self:
        """Open the ledger at a `postgresql://` address; make it if there is none.

        `UsageError` for a wrong address, user or right; `LedgerUnusable` for a newer schema;
        `LocalFault` for a server that cannot be reached. `now` replaces the time of the server.
        """
        address = read_address(dsn)
        connection = await asyncio.to_thread(_prepared, address)
        writer = PostgresGroupCommit(connection, address=address)
        readers = ReaderThreads(PostgresConnections(address))
        return cls(readers, writer, now=now, output=output, address=address)

    async def begin(self, run: Run, *, shard: Shard = WHOLE) -> Sequence[Attempt]:
        """Open a run and take its lease; `LockHeld` while another run is in the way."""
        owner = f"{socket.gethostname()}, process {os.getpid()}"
        lease = Lease(shard=shard, place=self._place, owner=owner)

        def operation(store: RowStore, now: int) -> Sequence[Attempt]:
            rows = cast("PostgresRowStore", store)
            rows.refuse_living(run, lease)
            attempts = buying.begin(store, now, run)
            rows.take_lease(run, lease)
            return attempts

        attempts = await self._write(operation)
        if self._writer is not None:
            self._writer.runs.add(run.id)
        return attempts

    async def end(self, run: RunId, *, exit_code: int) -> None:
        """Record how a run ended, and give its lease back."""

        def operation(store: RowStore, now: int) -> None:
            buying.end(store, now, run, exit_code)
            cast("PostgresRowStore", store).release_lease(run)

        await self._write(operation)
        if self._writer is not None:
            self._writer.runs.discard(run)

    async def living_runs(self, campaign: Slug) -> Sequence[LivingRun]:
        """Return the runs that have a lease of a campaign and belong to another output folder."""
        return await self._read(
            lambda store: cast("PostgresRowStore", store).living_runs(campaign, place=self._place)
        )

    async def halt(self, run: RunId, halt: SharedHalt) -> None:
        """Let `submit` refuse every run that is alive on the account of this one."""
        await self._write(lambda store, _: cast("PostgresRowStore", store).halt_account(run, halt))

    def pace_of(self, account: Account) -> PostgresPace:
        """Return the pace that all coordinators of an account share."""
        if account not in self._paces:
            self._paces[account] = PostgresPace(self._address, account)
        return self._paces[account]

    async def close(self) -> None:
        """Finish what is queued and close the ledger."""
        await super().close()
        for pace in self._paces.values():
            pace.close()

    def _timed(self, operation: Callable[[RowStore, int], Result]) -> Callable[[RowStore], Result]:
        if self._now is not None:
            now = milliseconds(self._now())
            return lambda store: operation(store, now)
        return lambda store: operation(store, cast("PostgresRowStore", store).now)


def _prepared(address: Address) -> Connection:
    """Return a connection to a ledger whose schema is current, also from a server that restarts."""
    since = time.monotonic()
    while True:
        connection = connect_patiently(address, since=since, patience=OPENING)
        try:
            prepare(connection, address)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            connection.close()
            if time.monotonic() - since > OPENING:
                raise unreachable(address, error) from None
        except BaseException:
            connection.close()
            raise
        else:
            return connection
