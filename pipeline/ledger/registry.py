"""Opening the ledger of an output folder: the one place that knows which kind of ledger it has."""

from pathlib import Path

from pipeline.ledger.base import Ledger
from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.place import LEDGER_FILE, LedgerCopy, RestoredLedger
from pipeline.ledger.sqlite import backup
from pipeline.ledger.sqlite.ledger import SqliteLedger


async def open_ledger(
    output: Path, *, now: Clock = utc_now, read_only: bool = False, recovers: bool = False
) -> Ledger:
    """Open the ledger of an output folder; made if missing, unless opened `read_only`.

    Opened `read_only`, a missing ledger reads as an empty one. `recovers` is for a program that
    runs on and does not buy: after a fault of the disk, the next write opens the file anew.
    `LedgerUnusable` if it is damaged or written by another version, other `LocalFault`s if the
    disk fails.
    """
    return await SqliteLedger.open(
        output / LEDGER_FILE, now=now, read_only=read_only, recovers=recovers
    )


def back_up_ledger(output: Path, file: Path) -> LedgerCopy:
    """Copy the ledger of an output folder to a file; see `sqlite.backup.back_up`."""
    return backup.back_up(output / LEDGER_FILE, file)


def restore_ledger(output: Path, file: Path, *, aside: str) -> RestoredLedger:
    """Put a backup in the place of an output folder's ledger; see `sqlite.backup.restore`."""
    return backup.restore(file, output / LEDGER_FILE, aside=aside)
