"""Which ledger a location names."""

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.base_ledger import Clock, utc_now
from pipeline.ledger.sqlite.ledger import SqliteLedger


async def open_ledger(
    location: str | Path, *, now: Clock = utc_now, read_only: bool = False
) -> Ledger:
    """Open the ledger at a path; `UsageError` for a kind of ledger that does not exist."""
    scheme, separator, rest = str(location).partition("://")
    if separator and scheme != "sqlite":
        raise UsageError(
            f"there is no ledger for {scheme}://. A ledger is a file on a local disk: name its "
            "path, for example output/ledger.db."
        )
    path = Path(rest if separator else location)
    return await SqliteLedger.open(path, now=now, read_only=read_only)
