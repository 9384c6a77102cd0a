"""Paths confined to a folder: opened part by part from its root, without following links."""

import errno
import os
import stat
import threading
import weakref
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.files.locks import UNSUPPORTED

# O_NONBLOCK: opening must not block if the file is a FIFO
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_BESIDE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


_COPIED = 512 * 1024
"""Bytes of a file that are copied at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfinedPath:
    """The path of a file below a root: its folders and its name."""

    folders: tuple[str, ...]
    name: str

    @classmethod
    def at(cls, path: str) -> Self:
        """Parse a relative path; raise `ValueError` for one that could leave the root."""
        *folders, name = path.split("/")
        if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in path.split("/")):
            raise ValueError(f"not a plain relative path: {path!r}")
        return cls(folders=tuple(folders), name=name)

    def __str__(self) -> str:
        return "/".join((*self.folders, self.name))


def open_folder(root: Path, folders: tuple[str, ...]) -> int:
    """Open a folder below the root; raise `OSError` if a part is missing or is a link."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for folder in folders:
        above = here
        try:
            here = _opened(folder, above)
        finally:
            os.close(above)
    return here


def _opened(folder: str, above: int) -> int:
    try:
        return os.open(folder, _FOLDER, dir_fd=above)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
            raise
        is_link = stat.S_ISLNK(os.stat(folder, dir_fd=above, follow_symlinks=False).st_mode)
        words = "is a link, and links are not followed" if is_link else "is no folder"
        raise OSError(error.errno, f"{folder} {words}") from error


def sync_folder(descriptor: int) -> None:
    """Make the names in an open folder durable, if the file system can do that."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


_NO_FOLDER_SYNC = UNSUPPORTED | {errno.EBADF}


class OpenFolder:
    """An open folder; it is closed when the last reference to it is gone."""

    __slots__ = ("__weakref__", "_identity", "_path", "descriptor")

    def __init__(self, root: Path, folders: tuple[str, ...]) -> None:
        """Open the folder; errors as in `open_folder`."""
        self._path = root.joinpath(*folders)
        self.descriptor = open_folder(root, folders)
        weakref.finalize(self, os.close, self.descriptor)
        self._identity = _identity(os.fstat(self.descriptor))

    def is_current(self) -> bool:
        """Return False if the path now leads elsewhere, since the folder was moved or replaced.

        Links are followed; this is safe, since the target is only compared.
        """
        try:
            return _identity(self._path.stat()) == self._identity
        except OSError:
            return False


class OpenFolders:
    """A cache of open folders below one root, for writing many images into few folders.

    It is thread-safe. The folders are closed when this object is deleted.
    """

    MOST = 16

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept: dict[tuple[str, ...], OpenFolder] = {}
        self._lock = threading.Lock()

    def open(self, folders: tuple[str, ...]) -> OpenFolder:
        """Return the folder at a path; errors as in `open_folder`."""
        with self._lock:
            kept = self._kept.pop(folders, None)
            if kept is None or not kept.is_current():
                kept = OpenFolder(self._root, folders)
            self._kept[folders] = kept  # the most recently used comes last
            if len(self._kept) > self.MOST:
                del self._kept[next(iter(self._kept))]
            return kept


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def make_folders(root: Path, folders: tuple[str, ...]) -> None:
    """Make folders below an existing root; durable on return."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            try:
                inner = _opened(folder, here)
            except FileNotFoundError:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=here)
                sync_folder(here)
                inner = _opened(folder, here)
            os.close(here)
            here = inner
    finally:
        os.close(here)


def open_file(root: Path, place: ConfinedPath) -> int:
    """Open an existing file for reading; raise `OSError` if it or a folder is a link."""
    folder = open_folder(root, place.folders)
    try:
        return os.open(place.name, _READ, dir_fd=folder)
    finally:
        os.close(folder)


def write_whole(
    root: Path, place: ConfinedPath, content: bytes | Iterable[bytes], *, mode: int = 0o666
) -> None:
    """Write a file whole or not at all: under a temporary name, then renamed; durable.

    `mode` holds the permissions of the file, before the umask.
    """
    folder = open_folder(root, place.folders)
    beside = f"{place.name}.{os.getpid()}-{threading.get_ident()}.part"
    try:
        file = os.open(beside, _BESIDE, mode, dir_fd=folder)
        with os.fdopen(file, "wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
            stream.flush()
            os.fsync(file)
        os.rename(beside, place.name, src_dir_fd=folder, dst_dir_fd=folder)
        sync_folder(folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise
    finally:
        os.close(folder)


def open_to_append(root: Path, place: ConfinedPath) -> int:
    """Open a file for appending; create it if it is missing."""
    return _open_in(root, place, _APPEND)


def open_to_lock(root: Path, place: ConfinedPath) -> int:
    """Open a file for reading and writing; create it, and its folders, if it is missing."""
    make_folders(root, place.folders)
    return _open_in(root, place, _LOCK)


def _open_in(root: Path, place: ConfinedPath, flags: int) -> int:
    folder = open_folder(root, place.folders)
    try:
        return os.open(place.name, flags, 0o666, dir_fd=folder)
    finally:
        os.close(folder)


def append(root: Path, place: ConfinedPath, line: bytes, *, durable: bool = False) -> None:
    """Append a line to a file; create the file if it is missing."""
    file = open_to_append(root, place)
    with os.fdopen(file, "wb") as stream:
        stream.write(line)
        stream.flush()
        if durable:
            os.fsync(file)


NO_LINKS = UNSUPPORTED | {errno.EMLINK, errno.EXDEV}
"""What a file system answers that has no hard links, or no further ones."""


def link_or_copy(root: Path, place: ConfinedPath, beside: ConfinedPath) -> None:
    """Give a file a second name; durable. It is a copy on a file system without hard links.

    Raises `FileExistsError` if the name is taken. The folders must exist.
    """
    source = open_folder(root, place.folders)
    try:
        target = open_folder(root, beside.folders)
        try:
            os.link(
                place.name, beside.name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False
            )
            sync_folder(target)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            with os.fdopen(os.open(place.name, _READ, dir_fd=source), "rb") as original:
                write_whole(root, beside, iter(lambda: original.read(_COPIED), b""))
        finally:
            os.close(target)
    finally:
        os.close(source)


def remove_file(root: Path, place: ConfinedPath) -> None:
    """Remove a file below the root; it may be gone already. Links are not followed."""
    with suppress(FileNotFoundError):
        folder = open_folder(root, place.folders)
        try:
            os.unlink(place.name, dir_fd=folder)
            sync_folder(folder)
        finally:
            os.close(folder)


def remove_empty_folder(root: Path, place: ConfinedPath) -> None:
    """Remove a folder below the root, if it is empty."""
    with suppress(FileNotFoundError):
        folder = open_folder(root, place.folders)
        try:
            os.rmdir(place.name, dir_fd=folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        finally:
            os.close(folder)
