"""Opening the ledger of an output folder: the one place that knows which kind of ledger it has.

The module of a ledger is imported when it is opened: one that is only read needs no asyncio.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from pipeline.ledger.base import Ledger
from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.place import LEDGER_FILE, LedgerCopy, RestoredLedger


async def open_ledger(
    output: Path, *, now: Clock = utc_now, read_only: bool = False, recovers: bool = False
) -> Ledger:
    """Open the ledger of an output folder; made if missing, unless opened `read_only`.

    Opened `read_only`, a missing ledger reads as an empty one, and no operation waits for anything
    but the disk. `recovers` is for a program that runs on and does not buy: after a fault of the
    disk, the next write opens the file anew. `LedgerUnusable` if it is damaged or written by
    another version, other `LocalFault`s if the disk fails.
    """
    place = output / LEDGER_FILE
    if read_only:
        return cast("Ledger", _sqlite("read_only").ReadOnlyLedger(place))
    opening = _sqlite("ledger").SqliteLedger.open(place, now=now, recovers=recovers)
    return cast("Ledger", await opening)


def back_up_ledger(output: Path, file: Path) -> LedgerCopy:
    """Copy the ledger of an output folder to a file; see `sqlite.backup.back_up`."""
    return cast("LedgerCopy", _sqlite("backup").back_up(output / LEDGER_FILE, file))


def restore_ledger(output: Path, file: Path, *, aside: str) -> RestoredLedger:
    """Put a backup in the place of an output folder's ledger; see `sqlite.backup.restore`."""
    restored = _sqlite("backup").restore(file, output / LEDGER_FILE, aside=aside)
    return cast("RestoredLedger", restored)


def _sqlite(module: str) -> ModuleType:
    return import_module(f"pipeline.ledger.sqlite.{module}")
