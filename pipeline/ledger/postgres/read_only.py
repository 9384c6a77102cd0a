"""A Postgres ledger that is only read: without a writer, a thread or an event loop."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psycopg

from pipeline.errors import PipelineError
from pipeline.ledger.base_ledger import ReadOnlyBase
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.ledger.memory.ledger import MemoryRowStore
from pipeline.ledger.place import SharedFacts, place_on_machine
from pipeline.ledger.postgres.connection import (
    OPENING,
    PATIENCE,
    Address,
    as_pipeline_error,
    connect,
    connect_patiently,
    read_address,
    transaction,
    unreachable,
)
from pipeline.ledger.postgres.rows.row_queries import Connection
from pipeline.ledger.postgres.rows.row_store import PostgresRowStore
from pipeline.ledger.postgres.schema.migrating import refuse_older, schema_version
from pipeline.ledger.postgres.schema.tables import MIGRATIONS, SCHEMA
from pipeline.ledger.row_store import RowStore
from pipeline.model.coordination import LivingRun
from pipeline.model.names import Slug

Result = TypeVar("Result")


class PostgresConnections:
    """Connections for queries; a connection is reused once its query has ended."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._answered = False
        self._idle: list[Connection] = []

    def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query, which sees one consistent state.

        A server that is restarting is waited for: a query has no effect, and can be repeated.
        """
        since = time.monotonic()
        patience = PATIENCE if self._answered else OPENING
        while True:
            try:
                result = self._once(query, since=since, patience=patience)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if time.monotonic() - since > patience:
                    raise unreachable(self._address, error) from None
                time.sleep(0.1)
            except (psycopg.Error, PipelineError) as error:
                raise as_pipeline_error(self._address, error) from error
            else:
                self._answered = True
                return result

    def close(self) -> None:
        """Close the connections; no query may be running."""
        while self._idle:
            with suppress(psycopg.Error):
                self._idle.pop().close()

    def _once(
        self, query: Callable[[RowStore], Result], *, since: float, patience: float
    ) -> Result:
        connection = (
            self._idle.pop()
            if self._idle
            else connect_patiently(self._address, since=since, patience=patience, read_only=True)
        )
        try:
            with transaction(connection, "isolation level repeatable read, read only"):
                store: RowStore = MemoryRowStore()
                if refuse_older(connection, self._address):
                    store = PostgresRowStore(connection)
                with collection_paused():
                    result = query(store)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return result


class PostgresReadOnlyLedger(ReadOnlyBase):
    """`Ledger` that reads one database. No operation waits: each ends in the call that awaits it.

    A missing ledger reads as an empty one, and is not made.
    """

    def __init__(self, dsn: str, *, output: Path) -> None:
        """Raise `UsageError` for an address that cannot be right."""
        self._place = place_on_machine(output)
        super().__init__(PostgresConnections(read_address(dsn)))

    async def living_runs(self, campaign: Slug) -> Sequence[LivingRun]:
        """Return the runs that have a lease of a campaign and belong to another output folder."""

        def query(store: RowStore) -> Sequence[LivingRun]:
            if not isinstance(store, PostgresRowStore):
                return ()
            return store.living_runs(campaign, place=self._place)

        return await self._read(query)


def read_mark(dsn: str) -> tuple[bytes, int] | None:
    """Return the name of the ledger in a database and the number of its groups.

    `None` if they cannot be read now: whoever opens the ledger says why. `UsageError` for an
    address that cannot be right.
    """
    address = read_address(dsn)
    with suppress(psycopg.Error), connect(address, read_only=True) as connection:
        row = connection.execute(
            f"select name, commits from {SCHEMA}.ledger where version = %(version)s",
            {"version": len(MIGRATIONS)},
        ).fetchone()
        return None if row is None else (bytes(row[0]), int(row[1]))
    return None


def read_facts(dsn: str) -> SharedFacts:
    """Connect once and return what can be told of the database; errors as when it is opened."""
    address = read_address(dsn)
    connection = connect_patiently(address, since=time.monotonic(), patience=OPENING)
    try:
        with transaction(connection, "read only"):
            version = schema_version(connection, address)
            living = 0
            if version == len(MIGRATIONS):
                found = connection.execute(
                    "select count(*) from lease where is_living(renewed, seconds)"
                ).fetchone()
                living = found[0] if found else 0
            row = connection.execute(
                "select current_setting('server_version'), "
                "pg_database_size(current_database()), current_setting('fsync')"
            ).fetchone()
    except psycopg.Error as error:
        raise as_pipeline_error(address, error) from error
    finally:
        connection.close()
    server, size, fsync = row or ("", 0, "on")
    return SharedFacts(
        place=address.shown,
        server=server.partition(" ")[0],
        schema=version,
        newest=len(MIGRATIONS),
        size=size,
        living=living,
        is_durable=fsync == "on",
    )
