"""What to tell a person when a ledger cannot be used."""

from pathlib import Path

import apsw

from pipeline.errors import LedgerUnusable, LocalFault

PATIENCE = 60_000
"""Milliseconds that another program may hold the file; its transactions take a few."""

_MEND = (
    "Nothing was changed. Restore it from a backup, or move it and the files beside it away and "
    "rebuild it with `pipeline ledger import RUN-MANIFEST`."
)


def fault(path: Path, error: Exception) -> LocalFault:
    """The error of this house for one of SQLite or the operating system."""
    match error:
        case LocalFault():
            return error
        case apsw.CorruptError() | apsw.NotADBError():
            return damaged(path, str(error))
        case apsw.BusyError():
            return LocalFault(
                f"another program has held the ledger {path} for {PATIENCE // 1000} s: nothing "
                "more is bought, and what is paid for is kept. End it, and run again."
            )
        case _:
            return LocalFault(
                f"the ledger {path} cannot be used: {error}. Nothing more is bought, and what is "
                "paid for is kept. Mend the disk or the folder, and run again."
            )


def damaged(path: Path, complaint: str) -> LedgerUnusable:
    """The file is not whole."""
    return LedgerUnusable(f"the ledger {path} is damaged: {complaint}.\n{_MEND}")


def foreign(path: Path) -> LedgerUnusable:
    """The file is something else."""
    return LedgerUnusable(
        f"{path} is not a ledger, or its beginning is lost; it was left untouched.\n"
        "Move it away, or choose another folder with --output."
    )


def linked(path: Path) -> LedgerUnusable:
    """The file is a link, which could lead out of the output folder."""
    return LedgerUnusable(
        f"{path} is a link, and a ledger has to lie where it is looked for.\n"
        "Put the file itself there, or choose another folder with --output."
    )


def orphaned(path: Path, journal: Path) -> LedgerUnusable:
    """A journal without its ledger: SQLite would mix it into a new one."""
    return LedgerUnusable(
        f"the ledger {path} is gone, but its journal {journal.name} is still there: it may hold "
        "what was paid for last.\nPut the ledger back, or move the journal away to begin anew."
    )


def forgetful(path: Path, *, missing: int, mark: Path) -> LedgerUnusable:
    """The file has fewer writes than were once made durable in it."""
    return LedgerUnusable(
        f"the ledger {path} lacks the last {missing} writes that were made in it: its journal was "
        "damaged or removed, or an older copy was put in its place. What was bought in them would "
        "be bought again.\n"
        f"Put the newest copy back. Or move {path.name} and {mark.name} away and rebuild it with "
        "`pipeline ledger import RUN-MANIFEST`."
    )
