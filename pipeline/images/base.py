"""The Protocol of image stores."""

import os
import stat
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pipeline.errors import LocalFault
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry
from pipeline.model.outcome import Stored

LOCAL = "local"
"""The kind of a store that is a folder on this machine."""

NO_FILE = -1
"""The size reported for a path that is not a file, but a folder or a link."""


@contextmanager
def local_faults(path: str) -> Iterator[None]:
    """Raise `LocalFault` with the path in place of an `OSError`."""
    try:
        yield
    except OSError as error:
        raise LocalFault(f"{path}: {error.strerror or error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreLocation:
    """Where an image store is: a value without secrets that a task can carry."""

    kind: str
    place: str
    """For a local store, the absolute path of the output folder."""


class ImageStore(Protocol):
    """Images under relative paths such as `citrus/drafts/a/4x3-t1.png`.

    A path that could lead out of the store raises `ValueError`; links inside it are not followed.
    A failing disk raises a `LocalFault` that names the file. Methods that are no coroutines block.
    """

    @property
    def location(self) -> StoreLocation:
        """The location with which `open_images` opens this store, also in another process."""
        ...

    async def put(
        self,
        path: str,
        chunks: AsyncIterable[bytes],
        *,
        replaces: frozenset[str] = frozenset(),
    ) -> Artifact:
        """Write an image chunk by chunk, check its structure, and name it; durable on return.

        The ending follows the content: a JPEG put as `a.png` becomes `a.jpg`, as the artifact's
        path shows. Raises `ImageBroken` if the bytes are no complete image, and `LocalFault` if
        the name is taken by a file that is neither the same image nor one whose sha256 is in
        `replaces`. Errors of `chunks` are passed on. After an error, the name is unchanged.
        """
        ...

    async def second_name(self, artifact: Artifact) -> Artifact:
        """Give an image a second name in its folder, made of its sha256; durable on return.

        Used for an image whose name is needed for a newer one. Safe to repeat.
        """
        ...

    async def delete(self, path: str) -> None:
        """Remove a name if it exists; an image with another name is kept under that name."""
        ...

    async def move(self, path: str, to: str) -> None:
        """Rename a file, replacing any file of that name; durable on return.

        Does nothing if there is no such file. Safe to repeat.
        """
        ...

    async def sweep(self, folder: str) -> int:
        """Remove files that dead runs left incomplete below a folder; return their number.

        The caller must hold the lock of the campaign that writes there.
        """
        ...

    def stat_many(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Return the size in bytes of each path that exists; `NO_FILE` if it is not a file."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; the stream can seek, and the caller must close it.

        Raises `FileNotFoundError` if there is none. Reading from the stream may raise `OSError`.
        """
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, such as a thumb, whole; an older one is replaced."""
        ...

    def fingerprint(self, folders: Sequence[str]) -> str:
        """Return a digest that changes if a file is added, removed or changes its size."""
        ...


def stored_paths(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the path of each stored image."""
    return (entry.outcome.artifact.path for entry in entries if isinstance(entry.outcome, Stored))


def stored_sizes(entries: Iterable[Entry], images: ImageStore) -> Mapping[str, int]:
    """Return the size in bytes of each stored image that is in the store, by its path."""
    return images.stat_many(stored_paths(entries))


def sizes_on_disk(folder: str, paths: Iterable[str]) -> Mapping[str, int]:
    """Return the size in bytes of each path that exists in a folder, as `ImageStore.stat_many`.

    Links in place of folders are followed; this only shows a size.
    """
    root, sizes = f"{folder}/", dict[str, int]()
    for path in paths:
        try:
            found = os.stat(root + path, follow_symlinks=False)  # noqa: PTH116 - a Path takes longer than the call
        except (OSError, UnicodeEncodeError):  # a name that this process cannot write
            continue
        sizes[path] = found.st_size if stat.S_ISREG(found.st_mode) else NO_FILE
    return sizes
