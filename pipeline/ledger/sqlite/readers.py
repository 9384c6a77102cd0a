"""Queries in threads, beside the writer; each sees one consistent state."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from pipeline.errors import LocalFault
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.sqlite.errors import as_local_fault
from pipeline.ledger.sqlite.migrations import is_current
from pipeline.ledger.sqlite.opening import open_for_reading
from pipeline.ledger.sqlite.row_store import SqliteRowStore

Result = TypeVar("Result")


class Readers:
    """A few reading connections, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        self._idle: list[apsw.Connection] = []
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="ledger-reader")

    async def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query; raise `LocalFault` once closed."""
        if self._closed:
            raise LocalFault("this ledger is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, query)

    async def close(self) -> None:
        """Wait for running queries and close the file."""
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._threads.shutdown)
        while self._idle:
            self._idle.pop().close()

    def _run(self, query: Callable[[RowStore], Result]) -> Result:
        connection = self._idle.pop() if self._idle else open_for_reading(self._path)
        try:
            connection.execute("begin")
            with collection_paused():
                result = query(SqliteRowStore(connection))
            connection.execute("commit")
        except BaseException as error:
            connection.close()
            if isinstance(error, apsw.Error):
                raise as_local_fault(self._path, error) from error
            raise
        if connection.filename and is_current(connection):
            self._idle.append(connection)
        else:
            # an empty ledger in memory, or an older one: the file may be made or updated any time
            connection.close()
        return result
