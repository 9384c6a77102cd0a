"""The ledger of an output folder: opened, looked for and measured without naming its files.

The one place that knows which kind of ledger an output folder has and what its file is called.
"""

from pathlib import Path

from pipeline.ledger.base import Ledger
from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.sqlite.commit_mark import LedgerMark, read_mark
from pipeline.ledger.sqlite.ledger import SqliteLedger

_FILE = "ledger.db"


async def open_ledger(
    output: Path, *, now: Clock = utc_now, read_only: bool = False, recovers: bool = False
) -> Ledger:
    """Open the ledger of an output folder; made if missing, unless opened `read_only`.

    Opened `read_only`, a missing ledger reads as an empty one. `recovers` is for a program that
    runs on and does not buy: after a fault of the disk, the next write opens the file anew.
    `LedgerUnusable` if it is damaged or written by another version, other `LocalFault`s if the
    disk fails.
    """
    return await SqliteLedger.open(output / _FILE, now=now, read_only=read_only, recovers=recovers)


def ledger_exists(output: Path) -> bool:
    """Return whether the output folder has a ledger."""
    return (output / _FILE).exists()


def ledger_size(output: Path) -> int:
    """Return the bytes that an existing ledger takes on disk, without its journal."""
    return (output / _FILE).stat().st_size


def ledger_mark(output: Path) -> LedgerMark | None:
    """Return which ledger this is and how far it has been written, without opening it.

    Two equal marks mean that nothing was written in between. `None` if the ledger has no mark.
    """
    return read_mark(output / _FILE)
