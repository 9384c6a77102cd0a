"""The place of the ledger in an output folder; looked for and measured without opening it."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.ledger.sqlite.commit_mark import LedgerMark, read_mark

LEDGER_FILE = "ledger.db"


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerCopy:
    """A ledger file: which ledger it is, and how far it has been written."""

    name: str
    """The random name of the ledger, as hexadecimal digits."""
    commits: int
    """Number of groups of writes that it has."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredLedger:
    """What `restore` put in place."""

    copy: LedgerCopy
    missing: int
    """Number of groups of writes that the mark counts and the backup does not have."""
    moved: Path | None
    """Where the file went that was there before; `None` if there was none."""


def ledger_exists(output: Path) -> bool:
    """Return whether the output folder has a ledger."""
    return (output / LEDGER_FILE).exists()


def ledger_size(output: Path) -> int:
    """Return the bytes that an existing ledger takes on disk, without its journal."""
    return (output / LEDGER_FILE).stat().st_size


def ledger_mark(output: Path) -> LedgerMark | None:
    """Return which ledger this is and how far it has been written, without opening it.

    Two equal marks mean that nothing was written in between. `None` if the ledger has no mark.
    """
    return read_mark(output / LEDGER_FILE)
