"""The errors of a ledger file that cannot be used, each with its remedy."""

from pathlib import Path

import apsw

from pipeline.errors import LedgerUnusable, LocalFault

BUSY_TIMEOUT = 60_000
"""Milliseconds to wait for another program that holds the file; its transactions take a few."""

_MEND = (
    "Nothing was changed. Restore it from a backup, or move it and the files beside it away and "
    "rebuild it with `pipeline ledger import OUTPUT/CAMPAIGN`."
)


def as_local_fault(path: Path, error: Exception) -> LocalFault:
    """Return the error of this program for one of SQLite or the operating system."""
    match error:
        case LocalFault():
            return error
        case apsw.CorruptError() | apsw.NotADBError():
            return damaged(path, str(error))
        case apsw.BusyError():
            return LocalFault(
                f"another program has held the ledger {path} for {BUSY_TIMEOUT // 1000} s: nothing "
                "more is bought, and what is paid for is kept. End it, and run again."
            )
        case apsw.FullError():
            return LocalFault(
                f"the ledger {path} cannot be written: no space is left on its disk. Nothing more "
                "is bought, and what was recorded before is kept. Make room there, and type the "
                "command again."
            )
        case _:
            return LocalFault(
                f"the ledger {path} cannot be used: {error}. Nothing more is bought, and what is "
                "paid for is kept. Repair the disk or the folder, and run again."
            )


def not_made(path: Path) -> LocalFault:
    """Return the error for a new file that could not be written whole."""
    return LocalFault(
        f"the new ledger {path} could not be written whole; nothing was sent. Make room on that "
        "disk, and run again."
    )


def damaged(path: Path, complaint: str) -> LedgerUnusable:
    """Return the error for a damaged file."""
    return LedgerUnusable(f"the ledger {path} is damaged: {complaint}.\n{_MEND}")


def not_a_ledger(path: Path) -> LedgerUnusable:
    """Return the error for a file that is something else."""
    return LedgerUnusable(
        f"{path} is not a ledger, or its beginning is lost; it was not changed.\n"
        "Move it away, or choose another folder with --output."
    )


def is_a_link(path: Path) -> LedgerUnusable:
    """Return the error for a link, which could lead out of the output folder."""
    return LedgerUnusable(
        f"{path} is a link, and the ledger must be a file in the output folder itself.\n"
        "Nothing was sent. Put the file itself there, or choose another folder with --output."
    )


def journal_without_ledger(path: Path, journal: Path) -> LedgerUnusable:
    """Return the error for a journal without its ledger; SQLite would apply it to a new one."""
    return LedgerUnusable(
        f"the ledger {path} is gone, but its journal {journal.name} is still there: it may hold "
        "what was paid for last.\nPut the ledger back, or move the journal away to begin anew."
    )


def lacks_commits(path: Path, *, missing: int, mark: Path) -> LedgerUnusable:
    """Return the error for a file that has fewer writes than were made durable in it."""
    return LedgerUnusable(
        f"the ledger {path} lacks the last {missing} writes that were made in it: its journal was "
        "damaged or removed, or an older copy was put in its place. What was bought in them would "
        "be bought again.\n"
        f"Put the newest copy back. Or move {path.name} and {mark.name} away and rebuild it with "
        "`pipeline ledger import OUTPUT/CAMPAIGN`."
    )
