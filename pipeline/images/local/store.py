"""The image store in an output folder; a file is complete and durable, or does not exist."""
# ruff: noqa: D102 - ImageStore documents each method

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor as Threads
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar, TypeVarTuple

from pipeline.errors import LocalFault
from pipeline.files.confined import (
    ConfinedPath,
    OpenFolders,
    link_or_copy,
    make_folders,
    open_file,
    open_folder,
    sync_folder,
    write_whole,
)
from pipeline.images.base import LOCAL, StoreLocation, local_faults, sizes_on_disk
from pipeline.images.local.group_writer import ImageGroupWriter
from pipeline.images.local.part_file import PartFile
from pipeline.images.names import second_name
from pipeline.model.artifact import Artifact

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


HELD = 512 * 1024
"""Bytes of one image that are collected in memory before a thread writes them."""


class LocalImageStore:
    """Images below one folder, which must exist; nothing outside it is read or written.

    Links below the folder are not followed. Every `OSError` is raised as `LocalFault`, which stops
    buying; the URL of a paid image is in the ledger.
    """

    def __init__(self, root: str | Path, *, disk: Threads | None = None) -> None:
        """`disk` runs blocking work; by default the event loop's own thread pool."""
        self._root = Path(os.path.realpath(root))
        self._folders = OpenFolders(self._root)
        self._disk = disk
        self._writer = ImageGroupWriter(disk)
        self._busy: set[str] = set()

    @property
    def location(self) -> StoreLocation:
        return StoreLocation(kind=LOCAL, place=str(self._root))

    async def put(
        self,
        path: str,
        chunks: AsyncIterable[bytes],
        *,
        replaces: frozenset[str] = frozenset(),
    ) -> Artifact:
        with self._claimed(path), local_faults(path):
            part = PartFile(self._root, self._folders, ConfinedPath.at(path))
            try:
                held, size = list[bytes](), 0
                async for chunk in chunks:
                    held.append(chunk)
                    size += len(chunk)
                    if size >= HELD:
                        await self._writer.write(part, held)
                        held, size = [], 0
            except BaseException:
                part.discard()
                raise
            # From here on the writer owns the file, even if the caller is cancelled.
            return await self._writer.finish(part, held, replaces)

    async def second_name(self, artifact: Artifact) -> Artifact:
        place, beside = ConfinedPath.at(artifact.path), ConfinedPath.at(second_name(artifact))
        with local_faults(artifact.path):
            await self._on_disk(_link, self._root, place, beside)
        return replace(artifact, path=str(beside))

    async def delete(self, path: str) -> None:
        with local_faults(path):
            await self._on_disk(_delete, self._root, ConfinedPath.at(path))

    async def move(self, path: str, to: str) -> None:
        with local_faults(path):
            await self._on_disk(_move, self._root, ConfinedPath.at(path), ConfinedPath.at(to))

    async def sweep(self, folder: str) -> int:
        with local_faults(folder):
            return await self._on_disk(_sweep, self._root, ConfinedPath.at(folder))

    def stat_many(self, paths: Iterable[str]) -> Mapping[str, int]:
        return sizes_on_disk(str(self._root), paths)

    def open(self, path: str) -> BinaryIO:
        try:
            file = open_file(self._root, ConfinedPath.at(path))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        except UnicodeEncodeError as error:
            raise LocalFault(
                f"{path!a} cannot be read: file names are {error.encoding} here. "
                "Set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8"
            ) from error
        except OSError as error:
            raise LocalFault(f"{path}: {error.strerror or error}") from error
        try:
            return os.fdopen(file, "rb")
        except OSError as error:
            os.close(file)
            raise LocalFault(f"{path}: {error.strerror or error}") from error

    def write(self, path: str, content: bytes) -> None:
        place = ConfinedPath.at(path)
        with local_faults(path):
            try:
                write_whole(self._root, place, content)
            except FileNotFoundError:
                make_folders(self._root, place.folders)
                write_whole(self._root, place, content)

    def fingerprint(self, folders: Sequence[str]) -> str:
        """See `ImageStore.fingerprint`.

        A file that is truncated does not change the time of its folder, so the number of bytes in
        each folder counts as well.
        """
        lines: list[str] = []
        for folder in folders:
            with local_faults(folder):
                lines += _changes(str(self._root), f"{self._root}/{folder}")
        return hashlib.sha256(
            "\n".join(sorted(lines)).encode("utf-8", "surrogateescape")
        ).hexdigest()

    async def _on_disk(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run blocking work to its end, even if the caller is cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._disk, work, *args))

    @contextmanager
    def _claimed(self, path: str) -> Iterator[None]:
        if path in self._busy:
            raise LocalFault(f"{path} is already being written")
        self._busy.add(path)
        try:
            yield
        finally:
            self._busy.discard(path)


def _link(root: Path, place: ConfinedPath, beside: ConfinedPath) -> None:
    with suppress(FileExistsError):
        link_or_copy(root, place, beside)


def _delete(root: Path, place: ConfinedPath) -> None:
    try:
        folder = open_folder(root, place.folders)
    except FileNotFoundError:
        return
    try:
        with suppress(FileNotFoundError):
            os.unlink(place.name, dir_fd=folder)
        sync_folder(folder)
    finally:
        os.close(folder)


def _move(root: Path, place: ConfinedPath, to: ConfinedPath) -> None:
    try:
        here = open_folder(root, place.folders)
    except FileNotFoundError:
        return
    try:
        make_folders(root, to.folders)
        there = open_folder(root, to.folders)
        try:
            with suppress(FileNotFoundError):
                os.rename(place.name, to.name, src_dir_fd=here, dst_dir_fd=there)
            os.fsync(there)
            os.fsync(here)
        finally:
            os.close(there)
    finally:
        os.close(here)


def _sweep(root: Path, place: ConfinedPath) -> int:
    try:
        top = open_folder(root, (*place.folders, place.name))
    except FileNotFoundError:
        return 0
    removed = 0
    try:
        for _, _, names, folder in os.fwalk(".", dir_fd=top):
            for name in names:
                if name.endswith(PartFile.SUFFIX):
                    os.unlink(name, dir_fd=folder)
                    removed += 1
    finally:
        os.close(top)
    return removed


def _changes(root: str, top: str) -> Iterator[str]:
    """Yield, for each folder from `top` down, its modification time and the bytes in it."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = os.scandir(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        size = 0
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    size += entry.stat(follow_symlinks=False).st_size
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 - a Path takes longer than the call
        yield f"{folder.removeprefix(root)} {changed} {size}"
