"""Backups of a ledger file: taken while others write to it, and put back whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

import apsw

from pipeline.errors import LedgerUnusable, LocalFault, UsageError
from pipeline.files.confined import sync_folder
from pipeline.ledger.place import LedgerCopy, RestoredLedger
from pipeline.ledger.sqlite import errors, statements
from pipeline.ledger.sqlite.commit_mark import mark_path, read_mark
from pipeline.ledger.sqlite.migrations import APPLICATION_ID, refuse_newer
from pipeline.ledger.sqlite.opening import check_whole_file, open_for_reading, refuse_network

_JOURNALS = ("-wal", "-shm")


def back_up(ledger: Path, file: Path) -> LedgerCopy:
    """Copy a ledger to a file, also while others write to it; the copy is checked and durable.

    The file is replaced if it is an earlier copy of the same ledger. Raises `UsageError` for any
    other file of that name, and `LocalFault` if the disk fails.
    """
    place = _absolute(file)
    if place.exists() and (ledger.exists() and place.samefile(ledger)):
        raise UsageError(f"{file} is the ledger itself; name another file")
    try:
        source = open_for_reading(ledger)
        try:
            _refuse_other(file, place, source)
            draft = place.with_name(f".{place.name}.{os.getpid()}.part")
            try:
                copy = _copied(source, draft)
                draft.replace(place)
                _sync(place.parent)
            finally:
                _remove(draft)
        finally:
            source.close()
    except (OSError, apsw.Error) as error:
        raise LocalFault(f"the backup {file} cannot be written: {error}") from error
    return copy


def read_copy(file: Path) -> LedgerCopy:
    """Return which ledger a backup is, after checking all of it; `UsageError` if it is none."""
    place = _absolute(file)
    if not place.is_file() or place.is_symlink():
        raise UsageError(f"there is no backup {file}: it is no file")
    try:
        connection = apsw.Connection(_uri(place), _READ_ONLY)
        try:
            if connection.pragma("application_id") != APPLICATION_ID:
                raise UsageError(f"{file} is not a backup of a ledger; nothing was changed")
            refuse_newer(connection)
            complaint = connection.execute("pragma integrity_check(1)").get
            if complaint != "ok":
                raise UsageError(f"the backup {file} is damaged: {complaint}; nothing was changed")
            return _facts(connection, place)
        finally:
            connection.close()
    except apsw.Error as error:
        raise UsageError(
            f"{file} is not a backup of a ledger, or it is damaged: {error}; nothing was changed"
        ) from error


def restore(file: Path, ledger: Path, *, aside: str) -> RestoredLedger:
    """Put a backup in the place of a ledger that is lost, damaged, or an older copy.

    What is there is moved to a name with the ending `aside`. The caller holds the locks of all
    campaigns. Raises `UsageError` if the ledger that is there is sound and has what the backup
    lacks, or is another one. A kill at any moment leaves a ledger that is refused when it is
    opened, or the restored one; the same command can be given again.
    """
    refuse_network(ledger)
    copy = read_copy(file)
    mark = read_mark(ledger)
    missing = mark.commits - copy.commits if mark and mark.name.hex() == copy.name else 0
    _refuse_newer_ledger(ledger, copy, file)
    draft = ledger.with_name(f"{ledger.name}.new")
    try:
        for leftover in (draft, *_journals(draft)):
            leftover.unlink(missing_ok=True)
        _copy_in_wal_mode(_absolute(file), draft)
        check_whole_file(draft)
        _remove_journals(draft)
        moved = _moved_aside(ledger, aside)
        draft.rename(ledger)
        _sync(ledger.parent)
        # Last: until then, the older file is refused, since it has fewer writes than its mark.
        mark_path(ledger).unlink(missing_ok=True)
        _sync(ledger.parent)
    except (OSError, apsw.Error) as error:
        raise errors.as_local_fault(ledger, error) from error
    return RestoredLedger(copy=copy, missing=max(0, missing), moved=moved)


_READ_ONLY = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def _uri(place: Path) -> str:
    """Return the URI of a file that nobody writes, so that no work files are made beside it."""
    return f"{place.as_uri()}?immutable=1"


def _absolute(file: Path) -> Path:
    return file.absolute().parent.resolve() / file.name


def _copied(source: apsw.Connection, draft: Path) -> LedgerCopy:
    """Copy in one step, which sees one state of the ledger and keeps no writer waiting."""
    target = apsw.Connection(str(draft))
    try:
        with target.backup("main", source, "main") as backup:
            backup.step(-1)
        # one file without a journal, which can be copied and kept anywhere
        target.execute("pragma journal_mode = delete")
        complaint = target.execute("pragma integrity_check(1)").get
        if complaint != "ok":
            raise errors.damaged(draft, str(complaint))
        copy = _facts(target, draft)
    finally:
        target.close()
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    return copy


def _copy_in_wal_mode(file: Path, draft: Path) -> None:
    source = apsw.Connection(_uri(file), _READ_ONLY)
    try:
        target = apsw.Connection(str(draft))
        try:
            target.execute("pragma synchronous = full")
            with target.backup("main", source, "main") as backup:
                backup.step(-1)
            target.execute("pragma journal_mode = wal")
        finally:
            target.close()
    finally:
        source.close()


def _facts(connection: apsw.Connection, place: Path) -> LedgerCopy:
    name, commits = connection.execute(statements.LEDGER).fetchone() or (b"", 0)
    return LedgerCopy(name=name.hex(), commits=commits, size=place.stat().st_size)


def _refuse_other(file: Path, place: Path, source: apsw.Connection) -> None:
    """Refuse to replace a file that is no earlier copy of this ledger."""
    if place.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it, such as {file / 'ledger.db'}")
    if not place.exists() and not place.is_symlink():
        return
    try:
        earlier = read_copy(file)
    except UsageError as error:
        raise UsageError(f"{file} exists and is no backup of this ledger; name another") from error
    name, commits = source.execute(statements.LEDGER).fetchone() or (b"", 0)
    if earlier.name != name.hex():
        raise UsageError(f"{file} is a backup of another ledger; name another file")
    if earlier.commits > commits:
        raise UsageError(
            f"{file} has {earlier.commits - commits} writes that the ledger lacks, and was not "
            "replaced: the ledger is an older copy\n"
            f"Next  pipeline ledger restore {file}"
        )


def _refuse_newer_ledger(ledger: Path, copy: LedgerCopy, file: Path) -> None:
    """Refuse to replace a sound ledger that knows what the backup does not."""
    if not ledger.exists():
        return
    _refuse_unreadable(ledger)
    try:
        check_whole_file(ledger)
        connection = open_for_reading(ledger)
    except LedgerUnusable:
        return  # damaged, or older than its mark: that is what a backup is for
    try:
        there = _facts(connection, ledger)
    finally:
        connection.close()
    if there.name != copy.name:
        raise UsageError(
            f"{file} is a backup of another ledger than {ledger}, which is sound; nothing was "
            "changed. To replace it all the same, move it away first"
        )
    if there.commits >= copy.commits:
        more = there.commits - copy.commits
        lacks = f"and has {more} writes that the backup lacks" if more else "and has all of it"
        raise UsageError(f"{ledger} is sound {lacks}; nothing was changed")


def _refuse_unreadable(ledger: Path) -> None:
    """Raise `LedgerUnusable` for a ledger of a newer version, which may be sound."""
    with suppress(apsw.Error):  # damaged
        connection = apsw.Connection(str(ledger), apsw.SQLITE_OPEN_READONLY)
        try:
            if connection.pragma("application_id") == APPLICATION_ID:
                refuse_newer(connection)
        finally:
            connection.close()


def _moved_aside(ledger: Path, aside: str) -> Path | None:
    """Move a ledger and its journals away, the journals last: alone, they are refused."""
    moved = ledger.with_name(f"{ledger.name}{aside}")
    found = ledger.exists() or ledger.is_symlink()
    if found:
        ledger.rename(moved)
    for journal, target in zip(_journals(ledger), _journals(moved), strict=True):
        with suppress(FileNotFoundError):
            journal.rename(target)
    return moved if found else None


def _journals(place: Path) -> list[Path]:
    return [place.with_name(f"{place.name}{end}") for end in _JOURNALS]


def _remove_journals(draft: Path) -> None:
    """Remove the empty work files of a closed draft."""
    journal, shared = _journals(draft)
    if journal.exists() and journal.stat().st_size:
        raise errors.not_made(draft)
    journal.unlink(missing_ok=True)
    shared.unlink(missing_ok=True)


def _remove(draft: Path) -> None:
    for place in (draft, draft.with_name(f"{draft.name}-journal"), *_journals(draft)):
        with suppress(OSError):
            place.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync_folder(descriptor)
    finally:
        os.close(descriptor)
