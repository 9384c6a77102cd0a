"""Group commit in a SQLite file: one writing connection, used by one thread."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from pipeline.errors import LocalFault
from pipeline.ledger.group_queue import GroupQueue, QueuedOperation, copy_fault
from pipeline.ledger.sqlite import errors, statements
from pipeline.ledger.sqlite.commit_mark import CommitMark
from pipeline.ledger.sqlite.row_store import SqliteRowStore


class GroupCommit(GroupQueue):
    """Applies a group of operations in one transaction, each in a savepoint of its own.

    So an operation that is refused leaves the others of its group whole. A disk error is final:
    its group and every later operation get the same `LocalFault`.
    """

    def __init__(self, connection: apsw.Connection, *, path: Path) -> None:
        self._connection = connection
        self.path = path
        self._store = SqliteRowStore(connection)
        self._mark: CommitMark | None = None
        self._fault: LocalFault | None = None
        super().__init__()

    @property
    def failed(self) -> bool:
        """True if nothing is written any more."""
        return self._fault is not None

    def _disconnect(self) -> None:
        # Everything is durable by now; if tidying up fails, SQLite keeps its journal.
        with suppress(OSError, apsw.Error):
            if self._mark is not None:
                self._mark.close()
        with suppress(OSError, apsw.Error):
            self._connection.close()

    def _apply(self, group: list[QueuedOperation]) -> list[object]:
        """Apply a group in one durable transaction, and advance the mark afterwards."""
        if self._fault is not None:
            return [copy_fault(self._fault) for _ in group]
        try:
            self._connection.execute("begin immediate")
            results = [self._one(queued) for queued in group]
            self._commit()
        except Exception as error:  # noqa: BLE001 - every caller gets the error
            self._fault = errors.as_local_fault(self.path, error)
            self._fault.__cause__ = error if self._fault is not error else None
            self._give_up()
            return [copy_fault(self._fault) for _ in group]
        return results

    def _one(self, queued: QueuedOperation) -> object:
        self._connection.execute("savepoint operation")
        try:
            result = queued.operation(self._store)
        except apsw.ConstraintError as error:
            refused = ValueError(f"the ledger refuses: {error}")
            refused.__cause__ = error
            return self._undone(refused)
        except (apsw.Error, OSError, MemoryError, LocalFault):
            raise
        except Exception as error:  # noqa: BLE001 - passed to the caller of this operation
            return self._undone(error)
        self._connection.execute("release operation")
        return result

    def _undone(self, error: Exception) -> Exception:
        self._connection.execute("rollback to operation")
        self._connection.execute("release operation")
        self._store.forget()
        return error

    def _commit(self) -> None:
        counted: Any = self._connection.execute(statements.COUNT_COMMIT).get
        self._connection.execute("commit")
        name, commits = counted
        if self._mark is None:
            self._mark = CommitMark(self.path, name=name)
        self._mark.advance(commits)

    def _give_up(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("rollback")
            except apsw.Error:
                # the disk still fails; uncommitted operations have not been answered
                return
