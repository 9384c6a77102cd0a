"""Opening a ledger file: made whole or not at all, refused untouched where it is not sound."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from pipeline.ledger.sqlite import faults, statements
from pipeline.ledger.sqlite.file_systems import refuse_network
from pipeline.ledger.sqlite.marks import mark_path, read_mark
from pipeline.ledger.sqlite.migrations import (
    APPLICATION_ID,
    is_current,
    migrate,
    refuse_newer,
    refuse_older,
)

CHECKED_WHOLE = 8 * 1024 * 1024
"""Bytes up to which every page, index and counter is checked at each opening for writing; in a
larger file before the first purchase, since a lost row of an index could be bought again."""


def open_for_writing(path: Path) -> apsw.Connection:
    """The one writing connection of this process; makes the file where there is none."""
    refuse_network(path)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            if not path.exists():
                _make(path)
        _probe(path).close()
        connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
        with _left_alone(connection):
            connection.set_busy_timeout(faults.PATIENCE)
            connection.execute("pragma synchronous = full")
            connection.execute("pragma fullfsync = on")
            connection.execute("pragma foreign_keys = on")
            connection.execute("pragma journal_size_limit = 67108864")
            _check(connection, path)
            migrate(connection)
    return connection


def is_large(path: Path) -> bool:
    """Whether opening the file may not have checked all of it, pages in its journal included."""
    journal = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (journal.stat().st_size if journal.exists() else 0)
    return size > CHECKED_WHOLE


def prove_whole(path: Path) -> None:
    """Read all of it, some 10 ms CPU a megabyte; `LedgerUnusable` where it is damaged."""
    with _explained(path):
        connection = _read_only(path)
        with _left_alone(connection):
            _check_whole(connection, path)
        connection.close()


READ_CACHE = 16 * 1024
"""KiB of pages that a reader may keep: jobs are asked for by key, which leads all over the file."""


def open_for_reading(path: Path) -> apsw.Connection:
    """A connection that cannot write; a ledger that does not exist reads as an empty one."""
    if not path.exists() and not path.is_symlink():
        connection = apsw.Connection(":memory:")
        migrate(connection)
        return connection
    with _explained(path):
        connection = _probe(path)
        with _left_alone(connection):
            refuse_older(connection)
            connection.pragma("cache_size", -READ_CACHE)
    return connection


def _probe(path: Path) -> apsw.Connection:
    """A reading connection to a file that is a ledger, not too new, and has forgotten nothing.

    Only SQLite itself may open the file: closing any other descriptor of it would drop the locks
    that this process holds on it.
    """
    if path.is_symlink():
        raise faults.linked(path)
    marked = read_mark(path)
    connection = _read_only(path)
    with _left_alone(connection):
        if connection.pragma("application_id") != APPLICATION_ID:
            raise faults.foreign(path)
        refuse_newer(connection)
        name, commits = connection.execute(statements.LEDGER).fetchone() or (b"", 0)
        if marked is not None and marked.name == name and marked.commits > commits:
            missing = marked.commits - commits
            raise faults.forgetful(path, missing=missing, mark=mark_path(path))
    return connection


def _read_only(path: Path) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(faults.PATIENCE)
        connection.pragma("application_id")
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        if path.with_name(f"{path.name}-wal").exists():
            raise
        # a folder that may not be written, hence nobody writes: it can be read without locks
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(f"{path.as_uri()}?immutable=1", flags)
    return connection


def _make(path: Path) -> None:
    """Make a whole new ledger beside its place, then put it there at once."""
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise faults.orphaned(path, journal)
    mark_path(path).unlink(missing_ok=True)
    draft = path.with_name(f"{path.name}.new")
    for leftover in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm"))):
        leftover.unlink(missing_ok=True)
    connection = apsw.Connection(str(draft))
    try:
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        migrate(connection)
        connection.execute(statements.NAME_LEDGER, (os.urandom(16),))
    finally:
        connection.close()
    draft.rename(path)
    _sync_folder(path.parent)


def _check(connection: apsw.Connection, path: Path) -> None:
    """Look for damage: everywhere in a small file, else only as rows are read."""
    pages, size = connection.pragma("page_count"), connection.pragma("page_size")
    if not isinstance(pages, int) or not isinstance(size, int) or pages * size > CHECKED_WHOLE:
        return
    _check_whole(connection, path)


def _check_whole(connection: apsw.Connection, path: Path) -> None:
    complaint = connection.execute("pragma integrity_check(1)").get
    if complaint != "ok":
        raise faults.damaged(path, str(complaint))
    if is_current(connection) and connection.execute(statements.MISCOUNTED).get:
        raise faults.damaged(path, "its sums do not agree with its purchases")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the kernel lets go of the lock with the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into what a person can act on."""
    try:
        yield
    except (OSError, apsw.Error) as error:
        raise faults.fault(path, error) from error


@contextmanager
def _left_alone(connection: apsw.Connection) -> Iterator[None]:
    """Where the file is refused, close it without tidying: it stays as it was found."""
    try:
        yield
    except BaseException:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()
        raise
