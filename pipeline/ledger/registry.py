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
from pipeline.ledger.place import (
    LEDGER_FILE,
    LedgerCopy,
    RestoredLedger,
    SharedFacts,
    is_shared,
    ledger_mark,
)
from pipeline.ledger.sqlite.commit_mark import LedgerMark
from pipeline.settings import ledger_address

SCHEMES = ("postgresql", "postgres")


async def open_ledger(
    output: Path,
    *,
    address: str | None = None,
    now: Clock | None = None,
    read_only: bool = False,
    recovers: bool = False,
) -> Ledger:
    """Open the ledger of an output folder; made if missing, unless opened `read_only`.

    With an `address`, `postgresql://…`, it is the one in that database, and `now` replaces the time
    of the server; by default, PIPELINE_LEDGER decides. Opened `read_only`, a missing ledger reads
    as an empty one, and no operation waits for anything but the disk or the server. `recovers` is
    for a program that runs on and does not buy: after a fault of the disk, the next write opens the
    file anew. `LedgerUnusable` if the ledger is damaged or written by another version, `UsageError`
    for an address that cannot be used, other `LocalFault`s if disk or server fail.
    """
    address = ledger_address() if address is None else address
    if address:
        return await _open_postgres(address, output, now=now, read_only=read_only)
    place = output / LEDGER_FILE
    if read_only:
        return cast("Ledger", _sqlite("read_only").ReadOnlyLedger(place))
    opening = _sqlite("ledger").SqliteLedger.open(place, now=now or utc_now, recovers=recovers)
    return cast("Ledger", await opening)


async def _open_postgres(
    address: str, output: Path, *, now: Clock | None, read_only: bool
) -> Ledger:
    if read_only:
        reading = _postgres("read_only", address).PostgresReadOnlyLedger
        return cast("Ledger", reading(address, output=output))
    opening = _postgres("ledger", address).PostgresLedger.open(address, output=output, now=now)
    return cast("Ledger", await opening)


def _postgres(module: str, address: str) -> ModuleType:
    """Import a module of the Postgres ledger, whose package is optional and slow to import."""
    if address.partition("://")[0] not in SCHEMES:
        known = " or ".join(f"{one}://" for one in SCHEMES)
        raise UsageError(
            f"PIPELINE_LEDGER has to begin with {known}; nothing was sent. Unset it to keep the "
            "ledger in the output folder."
        )
    try:
        return import_module(f"pipeline.ledger.postgres.{module}")
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise UsageError(
            "PIPELINE_LEDGER names a Postgres database, which needs the extra `postgres`; nothing "
            "was sent.\nNext  pip install 'campaign-pipeline[postgres]'"
        ) from None


def mark_of_ledger(output: Path) -> LedgerMark | None:
    """Return which ledger this is and how far it has been written, by whatever machine.

    Two equal marks mean that nothing was written in between. `None` if it cannot be told.
    """
    if not is_shared():
        return ledger_mark(output)
    found = _postgres("read_only", ledger_address()).read_mark(ledger_address())
    return None if found is None else LedgerMark(name=found[0], commits=found[1])


def shared_facts() -> SharedFacts:
    """Connect to the ledger of PIPELINE_LEDGER and return its facts; errors as of `open_ledger`."""
    facts = _postgres("read_only", ledger_address()).read_facts(ledger_address())
    return cast("SharedFacts", facts)


def copy_ledger(source: Path | None, target: Path | None) -> int:
    """Copy every row of a ledger into a new one, whole or not at all; return the job count.

    `None` is the one that PIPELINE_LEDGER names. `UsageError` if the target has anything in it.
    The caller holds the locks of all campaigns; `LockHeld` while a run is alive in the database.
    """
    if source is None:
        dumped = _postgres("dump", ledger_address()).dumped_database(ledger_address())
    else:
        dumped = _sqlite("dump").dumped_file(source)
    with dumped as dump:
        if target is None:
            loaded = _postgres("dump", ledger_address()).load_database(ledger_address(), dump)
        else:
            loaded = _sqlite("dump").load_file(target, dump)
    return cast("int", loaded)


def back_up_ledger(output: Path, file: Path) -> LedgerCopy:
    """Copy the ledger of an output folder to a file; see `sqlite.backup.back_up`."""
    _refuse_shared("back up")
    return cast("LedgerCopy", _sqlite("backup").back_up(output / LEDGER_FILE, file))


def restore_ledger(output: Path, file: Path, *, aside: str) -> RestoredLedger:
    """Put a backup in the place of an output folder's ledger; see `sqlite.backup.restore`."""
    _refuse_shared("restore")
    restored = _sqlite("backup").restore(file, output / LEDGER_FILE, aside=aside)
    return cast("RestoredLedger", restored)


def _sqlite(module: str) -> ModuleType:
    return import_module(f"pipeline.ledger.sqlite.{module}")


def _refuse_shared(verb: str) -> None:
    """Raise `UsageError` if the ledger is no file."""
    if is_shared():
        raise UsageError(
            f"PIPELINE_LEDGER names a Postgres database, which its server's own tools {verb} "
            "(pg_dump, pg_restore); nothing was changed.\n"
            "Next  pipeline ledger copy PIPELINE_LEDGER FILE   (its content as a file)"
        )
