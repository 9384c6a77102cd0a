"""Writing an export into a folder or a zip file, without replacing files of others."""

import asyncio
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from pipeline.errors import LocalFault, UsageError
from pipeline.files.confined import ConfinedPath, make_folders, open_file, open_folder, write_whole
from pipeline.files.unreadable import read_file
from pipeline.reports.export.assets import (
    ASSETS,
    GOOGLE,
    MANIFEST,
    REMOVED,
    Asset,
    EarlierExport,
    RemovedAsset,
    assets_table,
    google_table,
    read_earlier,
    removed_table,
)
from pipeline.system_errors import not_written

PIECE = 1024 * 1024
UNFINISHED = ".unfinished-export.json"
"""What each file may hold while an export is written, as sha256; removed at its end."""
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, so that the same files give the same bytes."""
_MODE = 0o644 << 16
_PART = re.compile(r"(.+)\.\d+-\d+\.part")

Opened = Callable[[], BinaryIO]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportFile:
    """One file of an export: its content, or how it is opened."""

    path: str
    sha256: str
    content: bytes | Opened

    def pieces(self) -> Iterable[bytes]:
        """Yield the bytes."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content() as stream:
            while piece := stream.read(PIECE):
                yield piece

    def whole(self) -> bytes:
        """Return all bytes."""
        return b"".join(self.pieces())


class Destination(Protocol):
    """Where an export is written: a folder, a zip file, or a prefix of an object store."""

    @property
    def name(self) -> str:
        """The path or URL, for messages."""
        ...

    async def earlier(self) -> EarlierExport:
        """Return what an earlier export wrote to this place."""
        ...

    async def digest(self, path: str) -> str | None:
        """Return the sha256 of a file there, which is read whole; `None` if there is none."""
        ...

    async def write(self, files: Sequence[ExportFile], earlier: EarlierExport) -> int:
        """Write an export, the manifest last, and return the number of files that changed.

        Raises `UsageError` if a file that no export wrote has the name of one, and `LocalFault` if
        the disk or the store fails.
        """
        ...


class LocalDestination:
    """A folder or a zip file of this machine."""

    def __init__(self, to: Path) -> None:
        self._to = to

    @property
    def name(self) -> str:
        """See `Destination`."""
        return str(self._to)

    async def earlier(self) -> EarlierExport:
        """See `Destination`."""
        return await asyncio.to_thread(earlier_export, self._to)

    async def digest(self, path: str) -> str | None:
        """See `Destination`."""
        return await asyncio.to_thread(_digest_at, self._to, path)

    async def write(self, files: Sequence[ExportFile], earlier: EarlierExport) -> int:
        """See `Destination`."""
        return await asyncio.to_thread(write_export, self._to, files, earlier)


def _digest_at(to: Path, path: str) -> str | None:
    try:
        if not is_zip(to):
            return _sha256_at(to.resolve(strict=True), path)
        with zipfile.ZipFile(to) as archive, archive.open(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    except (KeyError, FileNotFoundError, zipfile.BadZipFile, ValueError):
        return None
    except OSError as error:
        raise LocalFault(f"cannot read {to}: {error.strerror or error}") from error


def file_of(path: str, content: bytes) -> ExportFile:
    """Return a file with these bytes."""
    return ExportFile(path=path, sha256=hashlib.sha256(content).hexdigest(), content=content)


def is_zip(to: Path) -> bool:
    """Return whether an export goes into a zip file."""
    return to.suffix.lower() == ".zip"


def earlier_export(to: Path) -> EarlierExport:
    """Return what an earlier export wrote to this place."""
    try:
        if not is_zip(to):
            return read_earlier(read_file(to / MANIFEST))
        with zipfile.ZipFile(to) as archive:
            return read_earlier(archive.read(MANIFEST))
    except (OSError, KeyError, zipfile.BadZipFile):
        return read_earlier(None)


def write_export(to: Path, files: Iterable[ExportFile], earlier: EarlierExport) -> int:
    """Write an export, the manifest last, and return the number of files that changed.

    Raises `UsageError` if a file that no export wrote has the name of one, `LocalFault` if the disk
    fails.
    """
    if is_zip(to) and to.exists() and not earlier.files:
        raise UsageError(f"{to} already exists, and no export wrote it; choose another name")
    try:
        return _write_zip(to, files) if is_zip(to) else _write_folder(to, list(files), earlier)
    except OSError as error:
        raise not_written(to, error) from error


def read_unfinished(note: bytes | None, earlier: EarlierExport) -> dict[str, set[str]]:
    """Return every sha256 that exports, an interrupted one included, may have left, by path."""
    known: dict[str, set[str]] = {}
    try:
        for path, digests in json.loads(note or b"{}").items():
            known[str(path)] = set(map(str, digests))
    except (ValueError, AttributeError, TypeError):
        known = {}  # somebody edited it
    for path, sha256 in earlier.files.items():
        known.setdefault(path, set()).add(sha256)
    return known


def unfinished_note(known: Mapping[str, Collection[str]]) -> bytes:
    """Return the content of the file `UNFINISHED`."""
    rows = {path: sorted(digests) for path, digests in sorted(known.items())}
    return json.dumps(rows, ensure_ascii=False).encode()


def superseded(
    known: Collection[str], files: Iterable[ExportFile], there: Collection[str]
) -> list[str]:
    """Return the paths of earlier exports that are still there and not in this one."""
    return sorted(set(known) & set(there) - {file.path for file in files})


def _write_folder(to: Path, files: list[ExportFile], earlier: EarlierExport) -> int:
    to.mkdir(parents=True, exist_ok=True)
    root = to.resolve(strict=True)
    note = read_file(root / UNFINISHED) if (root / UNFINISHED).exists() else None
    known = read_unfinished(note, earlier)
    there = {file.path: _sha256_at(root, file.path) for file in files}
    for file in files:
        found = there[file.path]
        ours = {None, file.sha256, *known.get(file.path, ())}
        if found not in ours and not (file.path == MANIFEST and known):
            raise UsageError(
                f"{to / file.path} already exists, and no export wrote it; move it away, or choose "
                "another folder"
            )
    due = [file for file in files if there[file.path] != file.sha256]
    old = superseded(known, files, known)
    if due or note is not None:
        for file in due:
            known.setdefault(file.path, set()).add(file.sha256)
        write_whole(root, ConfinedPath.at(UNFINISHED), unfinished_note(known))
    for file in due:
        place = ConfinedPath.at(file.path)
        make_folders(root, place.folders)
        write_whole(root, place, file.pieces())
    removed = _remove_old(root, {path: known[path] for path in old})
    if due or note is not None:
        _remove_parts(root, known)
        (root / UNFINISHED).unlink(missing_ok=True)
    return len(due) + removed


def _remove_parts(root: Path, known: Iterable[str]) -> None:
    """Remove what a killed export had written under a temporary name."""
    names: dict[Path, set[str]] = {}
    for path in known:
        with suppress(ValueError):
            place = ConfinedPath.at(path)
            names.setdefault(root.joinpath(*place.folders), set()).add(place.name)
    for folder, here in names.items():
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in list(folder.iterdir()):
                if (part := _PART.fullmatch(entry.name)) and part.group(1) in here:
                    entry.unlink(missing_ok=True)


def _remove_old(root: Path, old: Mapping[str, Collection[str]]) -> int:
    """Remove files of earlier exports that this one does not have, unless they were edited."""
    removed = 0
    for path, digests in old.items():
        try:
            place = ConfinedPath.at(path)
        except ValueError:
            continue  # somebody edited the manifest
        if _sha256_at(root, path) not in digests:
            continue
        with suppress(FileNotFoundError):
            folder = open_folder(root, place.folders)
            try:
                os.unlink(place.name, dir_fd=folder)
            finally:
                os.close(folder)
            removed += 1
    return removed


def _sha256_at(root: Path, path: str) -> str | None:
    try:
        descriptor = open_file(root, ConfinedPath.at(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_zip(to: Path, files: Iterable[ExportFile]) -> int:
    """Write the zip under a temporary name, then rename it; an equal one is not changed."""
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        count = 0
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for file in files:
                entry = zipfile.ZipInfo(file.path, date_time=_OLDEST)
                entry.external_attr = _MODE
                with archive.open(entry, "w", force_zip64=True) as stream:
                    for piece in file.pieces():
                        stream.write(piece)
                count += 1
        if to.exists() and _digest(to) == _digest(beside):
            beside.unlink()
            return 0
        with beside.open("rb") as stream:
            os.fsync(stream.fileno())
        beside.replace(to)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    return count


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tables_of(
    campaign: str, assets: Sequence[Asset], removed: Sequence[RemovedAsset]
) -> list[ExportFile]:
    """Return the tables that describe an export."""
    groups = {one.cell: _ad_group(one) for one in assets}
    tables = [
        file_of(ASSETS, assets_table(assets)),
        file_of(GOOGLE, google_table(assets, campaign=campaign, groups=groups)),
    ]
    return [*tables, file_of(REMOVED, removed_table(removed))] if removed else tables


def _ad_group(asset: Asset) -> str:
    """Return the ad group of an ad file: its axes without the size."""
    pairs = (pair.partition("=") for pair in asset.axes.split("; "))
    return " ".join(value for axis, _, value in pairs if axis != "size") or "default"
