"""The mark beside a ledger file, with the number of groups of writes made durable in it.

SQLite silently drops everything after a damaged place in its journal, and starts a new journal if
the file is missing. A ledger with fewer commits than its mark has lost purchases, so nothing may be
bought with it. The mark needs no fsync: it is written after each durable group, so that after a
power loss it can only be too low.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerMark:
    """The identity of a ledger, and how far it has been written."""

    name: bytes
    """The random name of the ledger that it belongs to."""
    commits: int


def mark_path(ledger: Path) -> Path:
    """Return the path of a ledger's mark."""
    return ledger.with_name(f"{ledger.name}.mark")


def read_mark(ledger: Path) -> LedgerMark | None:
    """Return the mark of a ledger; `None` if there is none that can be read."""
    try:
        name, commits = mark_path(ledger).read_text("utf-8").split()
        return LedgerMark(name=bytes.fromhex(name), commits=int(commits))
    except (FileNotFoundError, ValueError):
        return None


class CommitMark:
    """An open mark; every process that writes to a ledger advances it."""

    def __init__(self, ledger: Path, *, name: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(mark_path(ledger), flags, 0o644)
        self._name = name

    def advance(self, commits: int) -> None:
        """Record that this many groups are durable."""
        os.pwrite(self._descriptor, f"{self._name.hex()} {commits:020}\n".encode(), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
