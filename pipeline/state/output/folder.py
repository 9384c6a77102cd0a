"""The output folder: its paths, and files that are written whole or not at all."""

import secrets
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pipeline.errors import LocalFault
from pipeline.files.background_writer import BackgroundWriter, json_notice
from pipeline.files.confined import ConfinedPath, make_folders, open_to_append, write_whole
from pipeline.files.locks import UNSUPPORTED
from pipeline.model.run import RunId, RunPaths
from pipeline.system_errors import not_written

_PIECE = 1024 * 1024

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


def make_folder(root: Path, folder: PurePosixPath) -> None:
    """Make a folder below the output folder; `LocalFault` if it fails or leads out by a link."""
    try:
        make_folders(root, folder.parts)
    except OSError as error:
        raise LocalFault(
            f"cannot make {root / folder}: {error.strerror}; nothing was sent"
        ) from error


def write_file(root: Path, place: PurePosixPath, content: bytes | Iterable[bytes]) -> None:
    """Write a file below the output folder, whole or not at all; `LocalFault` if the disk fails."""
    at = ConfinedPath.at(str(place))
    try:
        make_folders(root, at.folders)
        write_whole(root, at, content)
    except OSError as error:
        raise not_written(root / place, error) from error


def open_log(root: Path, place: PurePosixPath) -> BackgroundWriter:
    """Open a log below the output folder; `LocalFault` if that fails.

    A line that was flushed is written: a run that is killed has told what it sent. If the disk
    fills up or hangs later, the log loses lines, and the run goes on.
    """
    try:
        file = open_to_append(root, ConfinedPath.at(str(place)))
    except OSError as error:
        raise not_written(root / place, error) from error
    return BackgroundWriter(file, notice=json_notice, owned=True)


def point_latest(root: Path, paths: RunPaths) -> None:
    """Point `latest` at this run, atomically; `LocalFault` if the disk fails.

    On a file system without links, it is a folder with copies of the run's files so far.
    """
    link = root / paths.latest
    beside = link.with_name(".latest.new")  # a fixed name: a dead run's leftover is replaced
    try:
        beside.unlink(missing_ok=True)
        if link.is_dir() and not link.is_symlink():
            _copy_latest(root, paths)
            return
        beside.symlink_to(paths.folder.relative_to(PurePosixPath(paths.campaign)))
        beside.replace(link)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise LocalFault(f"cannot point {link} at the run: {error.strerror}") from error
        _copy_latest(root, paths)


def _copy_latest(root: Path, paths: RunPaths) -> None:
    for place in (paths.images, paths.manifest, paths.table, paths.folder / "sheet.html"):
        try:
            with (root / place).open("rb") as original:
                write_file(root, paths.latest / place.name, _pieces(original))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LocalFault(f"cannot read {root / place}: {error.strerror}") from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
