"""The record of the newest backup of a ledger, beside the ledger."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from pipeline.state.output.folder import write_file

BACKUPS = PurePosixPath("backup.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupRecord:
    """When a backup was taken, where it is, and how many writes it has."""

    at: str
    """UTC, ISO 8601."""
    file: str
    """The absolute path when it was taken."""
    ledger: str
    """The random name of the ledger."""
    writes: int


def note_backup(output: Path, record: BackupRecord) -> None:
    """Record the newest backup; `LocalFault` if the disk fails."""
    write_file(output, BACKUPS, json.dumps(asdict(record), indent=1).encode() + b"\n")


def newest_backup(output: Path) -> BackupRecord | None:
    """Return the newest backup that was taken; `None` if none was, or the record is damaged."""
    try:
        return BackupRecord(**json.loads((output / BACKUPS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
