"""A ledger file that is only read: without a writer, a thread or an event loop.

asyncio is not imported: that would take a third of the time of `status`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from pipeline.ledger.base_ledger import ReadOnlyBase
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.sqlite.errors import as_local_fault
from pipeline.ledger.sqlite.migrations import is_current
from pipeline.ledger.sqlite.opening import open_for_reading
from pipeline.ledger.sqlite.row_store import SqliteRowStore

Result = TypeVar("Result")


class ReadingConnections:
    """Connections that cannot write; a connection is reused once its query has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[apsw.Connection] = []

    def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query, which sees one consistent state."""
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

    def close(self) -> None:
        """Close the file; no query may be running."""
        while self._idle:
            self._idle.pop().close()


class ReadOnlyLedger(ReadOnlyBase):
    """`Ledger` that reads one file. No operation waits: each ends in the call that awaits it.

    A missing file reads as an empty ledger and is not made, and nothing in an existing one is
    changed; SQLite may leave its two empty work files beside it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(ReadingConnections(path.absolute().parent.resolve() / path.name))
