"""Opening the ledger of an output folder: the one place that knows which kind of ledger it has."""

from pathlib import Path

from pipeline.ledger.base import Ledger
from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.place import LEDGER_FILE
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
