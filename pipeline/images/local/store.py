"""The image files of an output folder: whole and durable under their name, or not there."""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TypeVar, TypeVarTuple

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, OpenFolders, open_folder, opened
from pipeline.images.local.landing import Landing
from pipeline.images.local.part import PartFile
from pipeline.model.artifact import Artifact

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


HELD = 512 * 1024
"""Bytes of one image that gather in memory before a thread takes them to the disk."""


class Condition(StrEnum):
    """What has become of a stored file."""

    WHOLE = "whole"
    MISSING = "missing"
    CHANGED = "changed"
    """There is a file, and its bytes are not the recorded ones: bit rot, or somebody's edit."""


class ArtifactStore:
    """Puts images below one folder, which must exist; nothing outside it is read or written.

    Links below the folder are never followed. Every `OSError` leaves as `LocalFault`: a disk that
    fails once must stop the buying, and the paid image's URL is kept elsewhere.
    """

    def __init__(self, root: Path, *, disk: Executor | None = None) -> None:
        """`disk` runs what waits for the disk; by default the event loop's own threads do."""
        self._root = Path(os.path.realpath(root))
        self._folders = OpenFolders(self._root)
        self._disk = disk
        self._landing = Landing(disk)
        self._busy: set[str] = set()

    @property
    def root(self) -> Path:
        """The output folder, links resolved once."""
        return self._root

    async def put(
        self,
        path: str,
        chunks: AsyncIterable[bytes],
        *,
        replaces: frozenset[str] = frozenset(),
    ) -> Artifact:
        """Write an image as it comes in, check it, and give it its name; durable on return.

        The ending follows the bytes: a JPEG asked for as `a.png` becomes `a.jpg`, and the artifact
        says so. `ImageBroken` where the bytes are no whole image; `LocalFault` where the disk
        fails, and where a file of that name exists that is neither the same image nor one of the
        sha256 in `replaces`: what others put there is never overwritten. Errors of `chunks` pass.
        """
        with self._claimed(path), local_faults(path):
            part = PartFile(self._root, self._folders, ConfinedPath.at(path))
            try:
                held, size = list[bytes](), 0
                async for chunk in chunks:
                    held.append(chunk)
                    size += len(chunk)
                    if size >= HELD:
                        await self._landing.write(part, held)
                        held, size = [], 0
            except BaseException:
                part.discard()
                raise
            # From here on the landing owns the file, also where the caller is cancelled.
            return await self._landing.settle(part, held, replaces)

    def present(self, artifact: Artifact) -> bool:
        """Whether a file of the recorded size is there: the cheap question, for every rerun."""
        place = ConfinedPath.at(artifact.path)
        try:
            here = self._folders.open(place.folders)
            found = os.stat(place.name, dir_fd=here.descriptor, follow_symlinks=False)
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == artifact.bytes

    async def second_name(self, artifact: Artifact) -> Artifact:
        """Give a stored image a further name beside its own, made of its sha256; durable.

        For an image whose place is wanted by a newer one: it stays on disk when that replaces it.
        """
        place = ConfinedPath.at(artifact.path)
        name = PurePosixPath(place.name)
        beside = ConfinedPath(
            folders=place.folders, name=f"{name.stem}{_mark(artifact)}{name.suffix}"
        )
        with local_faults(artifact.path):
            await self._on_disk(_link, self._root, place, beside)
        return replace(artifact, path=str(beside))

    def occupied(self, path: str) -> bool:
        """Whether anything lies at a path."""
        place = ConfinedPath.at(path)
        try:
            here = self._folders.open(place.folders)
            os.stat(place.name, dir_fd=here.descriptor, follow_symlinks=False)
        except OSError:
            return False
        return True

    async def verify(self, artifact: Artifact) -> Condition:
        """Read the whole file again and hold it against its sha256."""
        found = await self.fingerprint(artifact.path)
        if found is None:
            return Condition.MISSING
        return Condition.WHOLE if found == artifact.sha256 else Condition.CHANGED

    async def fingerprint(self, path: str) -> str | None:
        """The sha256 of a file as it is now; `None` where there is none."""
        with local_faults(path):
            return await self._on_disk(_sha256, self._root, ConfinedPath.at(path))

    async def sweep(self, folder: str) -> int:
        """Remove the half-written files of dead runs below a folder; returns how many.

        Only for who holds the lock of whatever writes there.
        """
        with local_faults(folder):
            return await self._on_disk(_sweep, self._root, ConfinedPath.at(folder))

    async def _on_disk(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run blocking work to its end, even where the caller is cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._disk, work, *args))

    @contextmanager
    def _claimed(self, path: str) -> Iterator[None]:
        if path in self._busy:
            raise LocalFault(f"{path} is being written twice at once")
        self._busy.add(path)
        try:
            yield
        finally:
            self._busy.discard(path)


def first_name(artifact: Artifact) -> str:
    """The path that an image had before `second_name`; its own path if it has none."""
    path = PurePosixPath(artifact.path)
    return str(path.with_name(path.stem.removesuffix(_mark(artifact)) + path.suffix))


def _mark(artifact: Artifact) -> str:
    return f".{artifact.sha256[:12]}"


@contextmanager
def local_faults(path: str) -> Iterator[None]:
    """Name the file and the fault in what a failing disk raises."""
    try:
        yield
    except OSError as error:
        raise LocalFault(f"{path}: {error.strerror or error}") from error


def _link(root: Path, place: ConfinedPath, beside: ConfinedPath) -> None:
    folder = open_folder(root, place.folders)
    try:
        with suppress(FileExistsError):
            os.link(
                place.name,
                beside.name,
                src_dir_fd=folder,
                dst_dir_fd=folder,
                follow_symlinks=False,
            )
        os.fsync(folder)
    finally:
        os.close(folder)


def _sha256(root: Path, place: ConfinedPath) -> str | None:
    try:
        with opened(root, place) as file, os.fdopen(file, "rb", closefd=False) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


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
