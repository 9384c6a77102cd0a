"""Queries in threads, beside the writer; each sees one consistent state."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import psycopg

from pipeline.errors import LocalFault, PipelineError
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.ledger.memory.ledger import MemoryRowStore
from pipeline.ledger.postgres.connection import (
    OPENING,
    PATIENCE,
    Address,
    as_pipeline_error,
    connect_patiently,
    transaction,
    unreachable,
)
from pipeline.ledger.postgres.migrating import refuse_older
from pipeline.ledger.postgres.row_queries import Connection
from pipeline.ledger.postgres.row_store import PostgresRowStore
from pipeline.ledger.row_store import RowStore

Result = TypeVar("Result")


class PostgresReaders:
    """A few reading connections, each used by one thread at a time."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._closed = False
        self._answered = False
        self._idle: list[Connection] = []
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="ledger-reader")

    async def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query; raise `LocalFault` once closed."""
        if self._closed:
            raise LocalFault("this ledger is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, query)

    async def close(self) -> None:
        """Wait for running queries and close the connections."""
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._threads.shutdown)
        while self._idle:
            with suppress(psycopg.Error):
                self._idle.pop().close()

    def _run(self, query: Callable[[RowStore], Result]) -> Result:
        """Query a server that may be restarting; a query has no effect, and can be repeated."""
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
