"""Queries in threads, beside the writer of a ledger."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from pipeline.errors import LocalFault
from pipeline.ledger.row_store import RowStore

Result = TypeVar("Result")


class QueryConnections(Protocol):
    """Connections of which each thread uses one at a time."""

    def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query, which sees one consistent state."""
        ...

    def close(self) -> None:
        """Close the connections; no query may be running."""
        ...


class ReaderThreads:
    """A few reading connections, each used by one thread at a time."""

    def __init__(self, connections: QueryConnections) -> None:
        self._closed = False
        self._connections = connections
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="ledger-reader")

    async def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query; raise `LocalFault` once closed."""
        if self._closed:
            raise LocalFault("this ledger is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._connections.query, query)

    async def close(self) -> None:
        """Wait for running queries and close the connections."""
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._threads.shutdown)
        self._connections.close()
