"""The place of the ledger in an output folder; looked for and measured without opening it."""

from pathlib import Path

from pipeline.ledger.sqlite.commit_mark import LedgerMark, read_mark

LEDGER_FILE = "ledger.db"


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
