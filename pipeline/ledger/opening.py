"""Opening a ledger file: made whole or not at all, refused untouched where it is not sound."""

import os
from pathlib import Path

import apsw

from pipeline.errors import LedgerUnusable, LocalFault
from pipeline.ledger.migrations import APPLICATION_ID, migrate, refuse_newer
from pipeline.ledger.mounts import refuse_network

PATIENCE = 60_000
"""Milliseconds that another process may hold the file; its transactions take a few."""
CHECKED_WHOLE = 64 * 1024 * 1024
"""Bytes up to which every page and index is checked at each opening for writing."""

_MAGIC = b"SQLite format 3\x00"
_HEAD = 100
_MEND = (
    "Nothing was changed. Restore it from a backup, or move it and the files beside it away and "
    "rebuild it with `pipeline ledger import RUN-MANIFEST`."
)


def open_for_writing(path: Path) -> apsw.Connection:
    """The one writing connection of this process; makes the file where there is none."""
    refuse_network(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        _refuse_foreign(path)
        connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    except (OSError, apsw.Error) as error:
        raise fault(path, error) from error
    try:
        connection.set_busy_timeout(PATIENCE)
        refuse_newer(connection)
        _check(connection, path)
        _make_durable(connection)
        migrate(connection)
    except apsw.Error as error:
        _leave(connection)
        raise fault(path, error) from error
    except BaseException:
        _leave(connection)
        raise
    return connection


def open_for_reading(path: Path) -> apsw.Connection:
    """A connection that cannot write; a ledger that does not exist reads as an empty one."""
    if not path.exists():
        connection = apsw.Connection(":memory:")
        migrate(connection)
        return connection
    try:
        _refuse_foreign(path)
        connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(PATIENCE)
        refuse_newer(connection)
    except (OSError, apsw.Error) as error:
        raise fault(path, error) from error
    return connection


def fault(path: Path, error: Exception) -> LocalFault:
    """The error of this house for one of SQLite or the operating system."""
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return LedgerUnusable(f"the ledger {path} is damaged: {error}.\n{_MEND}")
    if isinstance(error, apsw.BusyError):
        return LocalFault(
            f"another program has held the ledger {path} for {PATIENCE // 1000} s: nothing more "
            "is bought. End it, and run again."
        )
    return LocalFault(
        f"the ledger {path} cannot be used: {error}. Nothing more is bought, and what is paid for "
        "is kept. Mend the disk or the folder, and run again."
    )


def _make(path: Path) -> None:
    """Make a whole new ledger beside its place, then put it there at once."""
    _refuse_orphans(path)
    draft = path.with_name(f"{path.name}.new-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        connection = apsw.Connection(str(draft))
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        migrate(connection)
        connection.execute("insert into ledger values (1, ?, 0)", (os.urandom(16),))
        connection.close()
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_orphans(path: Path) -> None:
    """A journal without its ledger belongs to a ledger that was taken away."""
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise LedgerUnusable(
            f"the ledger {path} is gone, but its journal {journal.name} is still here: it may hold "
            "what was paid for last. Put the ledger back, or move the journal away to begin anew."
        )


def _refuse_foreign(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.startswith(_MAGIC) or len(head) < _HEAD:
        raise LedgerUnusable(f"{path} is no ledger, or its beginning is damaged.\n{_MEND}")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise LedgerUnusable(
            f"{path} is the database of another program; it was left untouched.\n"
            "Move it away, or choose another folder with --output."
        )


def _check(connection: apsw.Connection, path: Path) -> None:
    """Look for damage: of the whole file where that is quick, else of what is touched first."""
    pages = connection.pragma("page_count")
    size = connection.pragma("page_size")
    if isinstance(pages, int) and isinstance(size, int) and pages * size <= CHECKED_WHOLE:
        complaint = connection.execute("pragma integrity_check(1)").get
        if complaint != "ok":
            raise LedgerUnusable(f"the ledger {path} is damaged: {complaint}.\n{_MEND}")


def _make_durable(connection: apsw.Connection) -> None:
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma journal_size_limit = 67108864")


def _leave(connection: apsw.Connection) -> None:
    """Close without tidying: a file that was refused is left as it was found."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.close()
