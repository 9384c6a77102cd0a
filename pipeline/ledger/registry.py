"""Opening the ledger of an output folder: the one place that knows which kind of ledger it has.

The module of a ledger is imported when it is opened: one that is only read needs no asyncio.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.place import LEDGER_FILE, LedgerCopy, RestoredLedger

SCHEMES = ("postgresql", "postgres")


async def open_ledger(
    output: Path,
    *,
    address: str = "",
    now: Clock | None = None,
    read_only: bool = False,
    recovers: bool = False,
) -> Ledger:
    """Open the ledger of an output folder; made if missing, unless opened `read_only`.

    With an `address`, `postgresql://…`, it is the one in that database, and `now` replaces the time
    of the server. Opened `read_only`, a missing ledger reads as an empty one, and no operation on a
    file waits for anything but the disk. `recovers` is for a program that runs on and does not buy:
    after a fault of the disk, the next write opens the file anew. `LedgerUnusable` if the ledger is
    damaged or written by another version, `UsageError` for an address that cannot be used, other
    `LocalFault`s if disk or server fail.
    """
    if address:
        return await _open_postgres(address, now=now, read_only=read_only)
    place = output / LEDGER_FILE
    if read_only:
        return cast("Ledger", _sqlite("read_only").ReadOnlyLedger(place))
    opening = _sqlite("ledger").SqliteLedger.open(place, now=now or utc_now, recovers=recovers)
    return cast("Ledger", await opening)


async def _open_postgres(address: str, *, now: Clock | None, read_only: bool) -> Ledger:
    """Open a ledger in Postgres; its package is optional, and slow to import."""
    scheme = address.partition("://")[0]
    if scheme not in SCHEMES:
        known = " or ".join(f"{one}://" for one in SCHEMES)
        raise UsageError(
            f"PIPELINE_LEDGER has to begin with {known}; nothing was sent. Unset it to keep the "
            "ledger in the output folder."
        )
    try:
        module = import_module("pipeline.ledger.postgres.ledger")
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise UsageError(
            "PIPELINE_LEDGER names a Postgres database, which needs the extra `postgres`; nothing "
            "was sent.\nNext  pip install 'campaign-pipeline[postgres]'"
        ) from None
    ledger = await module.PostgresLedger.open(address, now=now, read_only=read_only)
    return cast("Ledger", ledger)


def back_up_ledger(output: Path, file: Path) -> LedgerCopy:
    """Copy the ledger of an output folder to a file; see `sqlite.backup.back_up`."""
    return cast("LedgerCopy", _sqlite("backup").back_up(output / LEDGER_FILE, file))


def restore_ledger(output: Path, file: Path, *, aside: str) -> RestoredLedger:
    """Put a backup in the place of an output folder's ledger; see `sqlite.backup.restore`."""
    restored = _sqlite("backup").restore(file, output / LEDGER_FILE, aside=aside)
    return cast("RestoredLedger", restored)


def _sqlite(module: str) -> ModuleType:
    return import_module(f"pipeline.ledger.sqlite.{module}")
