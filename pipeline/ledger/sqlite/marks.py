"""The mark beside a ledger: how many groups of writes were made durable in it.

SQLite drops what follows a damaged place in its journal, and starts over where the journal is
gone, without a word. A ledger that has fewer groups than its mark has forgotten purchases, and
must not be bought on. The mark needs no fsync: it is written after each durable group, so that
after a power loss it can only be too low.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerMark:
    """What a mark says."""

    name: bytes
    """The random name of the ledger that it belongs to."""
    commits: int


def mark_path(ledger: Path) -> Path:
    """Where the mark of a ledger lies."""
    return ledger.with_name(f"{ledger.name}.mark")


def read_mark(ledger: Path) -> LedgerMark | None:
    """The mark of a ledger; `None` where there is none that can be read."""
    try:
        name, commits = mark_path(ledger).read_text("utf-8").split()
        return LedgerMark(name=bytes.fromhex(name), commits=int(commits))
    except (FileNotFoundError, ValueError):
        return None


class Mark:
    """An open mark; every process that writes a ledger moves it."""

    def __init__(self, ledger: Path, *, name: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(mark_path(ledger), flags, 0o644)
        self._name = name

    def move(self, commits: int) -> None:
        """Say that so many groups are durable."""
        os.pwrite(self._descriptor, f"{self._name.hex()} {commits:020}\n".encode(), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
