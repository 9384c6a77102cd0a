"""Opening a ledger file. It is created whole or not at all; an unsound one is not changed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from pipeline.errors import LocalFault
from pipeline.files.confined import sync_folder
from pipeline.files.locks import try_lock
from pipeline.ledger.sqlite import errors, statements
from pipeline.ledger.sqlite.commit_mark import mark_path, read_mark
from pipeline.ledger.sqlite.migrations import (
    APPLICATION_ID,
    is_current,
    migrate,
    read_older,
    refuse_newer,
)

NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "ceph", "lustre", "beegfs"),
        *("gpfs", "orangefs", "pvfs2", "glusterfs", "davfs", "fuse.sshfs", "fuse.glusterfs"),
        *("fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs", "fuse.ceph", "fuse.juicefs"),
    }
)
MOUNTS = Path("/proc/self/mountinfo")

_MAKING = 30.0
"""Seconds to wait while another process makes the file."""

CHECKED_AT_OPENING = 8 * 1024 * 1024
"""Largest file, in bytes, of which every page, index and sum is checked when it is opened.

A larger file is checked before its first purchase, since a job that is missing from an index would
be bought again.
"""


def open_for_writing(path: Path) -> apsw.Connection:
    """Return the one writing connection of this process; make the file if there is none."""
    refuse_network(path)
    with _as_local_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with _one_process(path):
                if not path.exists():
                    _make(path)
        _probe(path).close()
        connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
        with _unchanged_if_refused(connection):
            connection.set_busy_timeout(errors.BUSY_TIMEOUT)
            connection.execute("pragma synchronous = full")
            connection.execute("pragma fullfsync = on")
            connection.execute("pragma foreign_keys = on")
            connection.execute("pragma journal_size_limit = 67108864")
            _check(connection, path)
            migrate(connection)
    return connection


def is_large(path: Path) -> bool:
    """Return whether opening may not have checked all of the file, its journal included."""
    journal = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (journal.stat().st_size if journal.exists() else 0)
    return size > CHECKED_AT_OPENING


def check_whole_file(path: Path) -> None:
    """Check the whole file, about 10 ms of CPU per MB; raise `LedgerUnusable` if damaged."""
    with _as_local_faults(path):
        connection = _read_only(path)
        with _unchanged_if_refused(connection):
            _check_whole(connection, path)
        connection.close()


READ_CACHE = 16 * 1024
"""KiB of pages that a reader may cache, since jobs are read by key, in random order."""


def open_for_reading(path: Path) -> apsw.Connection:
    """Return a connection that cannot write; a missing ledger reads as an empty one."""
    if not path.exists() and not path.is_symlink():
        connection = apsw.Connection(":memory:")
        migrate(connection)
        return connection
    with _as_local_faults(path):
        connection = _probe(path)
        with _unchanged_if_refused(connection):
            read_older(connection)
            connection.pragma("cache_size", -READ_CACHE)
    return connection


def _probe(path: Path) -> apsw.Connection:
    """Return a reading connection to a file that is a ledger, not too new, and lacks no commits.

    Only SQLite itself may open the file: closing any other descriptor of it would drop the locks
    that this process holds on it.
    """
    if path.is_symlink():
        raise errors.is_a_link(path)
    marked = read_mark(path)
    connection = _read_only(path)
    with _unchanged_if_refused(connection):
        if connection.pragma("application_id") != APPLICATION_ID:
            raise errors.not_a_ledger(path)
        refuse_newer(connection)
        name, commits = connection.execute(statements.LEDGER).fetchone() or (b"", 0)
        if marked is not None and marked.name == name and marked.commits > commits:
            missing = marked.commits - commits
            raise errors.lacks_commits(path, missing=missing, mark=mark_path(path))
    return connection


def _read_only(path: Path) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(errors.BUSY_TIMEOUT)
        connection.pragma("application_id")
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        if path.with_name(f"{path.name}-wal").exists():
            raise
        # a folder without write permission: nothing writes, so it can be read without locks
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(f"{path.as_uri()}?immutable=1", flags)
    return connection


def _make(path: Path) -> None:
    """Make a whole new ledger under another name, then rename it."""
    if path.is_symlink():  # to a file that is not there: on a disk that is not mounted, perhaps
        raise errors.is_a_link(path)
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise errors.journal_without_ledger(path, journal)
    mark_path(path).unlink(missing_ok=True)
    draft = path.with_name(f"{path.name}.new")
    for leftover in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm"))):
        leftover.unlink(missing_ok=True)
    connection = apsw.Connection(str(draft))
    try:
        # Everything is in the file itself before it gets its name: closing a file in WAL mode
        # copies its journal back, and reports no error if the disk is full.
        connection.execute("pragma journal_mode = delete")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma fullfsync = on")
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        migrate(connection)
        connection.execute(statements.NAME_LEDGER, (os.urandom(16),))
        connection.execute("pragma journal_mode = wal")
    finally:
        connection.close()
    journal = draft.with_name(f"{draft.name}-wal")
    if journal.exists() and journal.stat().st_size:
        raise errors.not_made(path)
    draft.rename(path)
    _sync_folder(path.parent)


def _check(connection: apsw.Connection, path: Path) -> None:
    """Check all of a small file; of a large one, rows are checked as they are read."""
    pages, size = connection.pragma("page_count"), connection.pragma("page_size")
    if not isinstance(pages, int) or not isinstance(size, int) or pages * size > CHECKED_AT_OPENING:
        return
    _check_whole(connection, path)


def _check_whole(connection: apsw.Connection, path: Path) -> None:
    complaint = connection.execute("pragma integrity_check(1)").get
    if complaint != "ok":
        raise errors.damaged(path, str(complaint))
    if is_current(connection) and connection.execute(statements.MISCOUNTED).get:
        raise errors.damaged(path, "its sums do not agree with its purchases")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync_folder(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _one_process(path: Path) -> Iterator[None]:
    """Admit one process at a time to make the file; the lock ends with the process.

    The folder itself is not locked: `flock FOLDER pipeline run` locks it, and would wait for
    itself.
    """
    place = path.with_name(f"{path.name}.lock")
    until = time.monotonic() + _MAKING
    while (held := _held(place)) is None:
        if time.monotonic() > until:
            raise LocalFault(
                f"another process has been making the ledger {path} for {_MAKING:.0f} s, or "
                f"holds {place}; nothing was sent. End it, and run again."
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        os.close(held)


def _held(place: Path) -> int | None:
    """Return a lock on the file; `None` if another process has locked or removed it."""
    handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    opened = os.fstat(handle)
    try:
        held = try_lock(handle)
    except BaseException:
        os.close(handle)
        raise
    if held is not None and place.exists() and os.path.samestat(opened, place.stat()):
        return held
    os.close(handle if held is None else held)
    return None


@contextmanager
def _as_local_faults(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into errors that a person can act on."""
    try:
        yield
    except (OSError, apsw.Error) as error:
        raise errors.as_local_fault(path, error) from error


@contextmanager
def _unchanged_if_refused(connection: apsw.Connection) -> Iterator[None]:
    """If the file is refused, close it without a checkpoint, which would change it."""
    try:
        yield
    except BaseException:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()
        raise


def refuse_network(path: Path) -> None:
    """Raise `LocalFault` if the path is known to lie on a network file system.

    Locks and shared memory do not work between machines there, and two writers could damage the
    file.
    """
    if not MOUNTS.exists():
        return
    kind = file_system_of(path, MOUNTS.read_text(errors="replace"))
    if kind in NETWORK_FILE_SYSTEMS:
        raise LocalFault(
            f"the ledger {path} would lie on a network file system ({kind}), which cannot keep it "
            "safe. Choose a local folder with --output."
        )


def file_system_of(path: Path, mountinfo: str) -> str:
    """Return the file system type of the innermost mount over a path; see proc(5), mountinfo."""
    resolved = str(path.resolve())
    best, kind = "", ""
    for line in mountinfo.splitlines():
        fields, separator, rest = line.partition(" - ")
        if not separator:
            continue
        # the fifth field; a space in it is written as \040
        mount = fields.split(" ")[4].replace("\\040", " ")
        inside = resolved == mount or resolved.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, rest.split(" ", 1)[0]
    return kind
