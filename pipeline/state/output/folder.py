"""The output folder: its paths, and files that are written whole or not at all."""

import secrets
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, make_folders, write_whole
from pipeline.model.run import RunId, RunPaths

EMBEDDED_STATE = PurePosixPath(".embedded")
"""The embedded servers' own state, a folder per campaign."""


def new_run_id(now: datetime) -> RunId:
    """Return a unique name that sorts by time and is a valid file name everywhere."""
    return RunId(f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}")


def open_output(folder: Path) -> Path:
    """Create and resolve the output folder; `LocalFault` if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root = folder.resolve(strict=True)
        with tempfile.TemporaryFile(dir=root):  # unnamed: a crash here leaves nothing behind
            pass
    except OSError as error:
        raise LocalFault(
            f"cannot write to the output folder {folder}: {error.strerror}; nothing was sent"
        ) from error
    return root


def write_file(root: Path, place: PurePosixPath, content: bytes | Iterable[bytes]) -> None:
    """Write a file below the output folder, whole or not at all; `LocalFault` if the disk fails."""
    at = ConfinedPath.at(str(place))
    try:
        make_folders(root, at.folders)
        write_whole(root, at, content)
    except OSError as error:
        raise LocalFault(f"cannot write {root / place}: {error.strerror}") from error


def point_latest(root: Path, paths: RunPaths) -> None:
    """Point `latest` at this run, atomically; `LocalFault` if the disk fails."""
    link = root / paths.latest
    beside = link.with_name(".latest.new")  # a fixed name: a dead run's leftover is replaced
    try:
        beside.unlink(missing_ok=True)
        beside.symlink_to(paths.folder.relative_to(PurePosixPath(paths.campaign)))
        beside.replace(link)
    except OSError as error:
        raise LocalFault(f"cannot point {link} at the run: {error.strerror}") from error
