"""The output folder: every path in it is made here, and every small file is written whole."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pipeline.errors import LocalFault
from pipeline.model.run import RunId, RunPaths

LEDGER = PurePosixPath("ledger.db")
EMBEDDED_STATE = PurePosixPath(".embedded")
"""The embedded server's own state."""


def new_run_id(now: datetime) -> RunId:
    """A name that sorts by time, is unique, and is a file name everywhere."""
    return RunId(f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}")


def open_output(folder: Path) -> Path:
    """Resolve the output folder once and prove that it can be written; `LocalFault` where not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root = folder.resolve(strict=True)
        probe = root / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LocalFault(
            f"cannot write to the output folder {folder}: {error.strerror}; nothing was sent"
        ) from error
    return root


def write_whole(place: Path, content: bytes) -> None:
    """Put a file in place whole or not at all: beside, fsync, rename, fsync the folder."""
    beside = place.with_name(f".{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(beside, flags, 0o644), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
        sync_folder(place.parent)
    except OSError as error:
        raise LocalFault(f"cannot write {place}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def point_latest(root: Path, paths: RunPaths) -> None:
    """Let `latest` point at this run; a reader always finds one run or the other."""
    link = root / paths.latest
    beside = link.with_name(f".latest-{os.getpid()}")
    try:
        beside.unlink(missing_ok=True)
        beside.symlink_to(paths.folder.relative_to(PurePosixPath(paths.campaign)))
        beside.replace(link)
    except OSError as error:
        raise LocalFault(f"cannot point {link} at the run: {error.strerror}") from error
