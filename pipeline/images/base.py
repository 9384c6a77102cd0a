"""The promise every image store keeps."""

from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pipeline.errors import LocalFault
from pipeline.model.artifact import Artifact

LOCAL = "local"
"""The kind of a store in a folder of this machine."""

NO_FILE = -1
"""The size of what lies under an image's name and is no file: a folder, a link."""


@contextmanager
def local_faults(path: str) -> Iterator[None]:
    """Name the file and the fault in what a failing disk raises."""
    try:
        yield
    except OSError as error:
        raise LocalFault(f"{path}: {error.strerror or error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreLocation:
    """An image store as a value that a task carries to another process; holds no secret."""

    kind: str
    place: str
    """Of a local store, the output folder as an absolute path."""


class ImageStore(Protocol):
    """Images under relative paths such as `citrus/drafts/a/4x3-t1.png`.

    A path that could lead out of the store is a `ValueError`; a link inside it is never followed.
    A failing disk is a `LocalFault` that names the file. Methods that are not coroutines block.
    """

    @property
    def location(self) -> StoreLocation:
        """Opens the same store in another process."""
        ...

    async def put(
        self,
        path: str,
        chunks: AsyncIterable[bytes],
        *,
        replaces: frozenset[str] = frozenset(),
    ) -> Artifact:
        """Write an image as it comes in, check its structure, and name it; durable on return.

        The ending follows the bytes: a JPEG put as `a.png` becomes `a.jpg`, and the artifact says
        so. Raises `ImageBroken` if the bytes are no whole image. Raises `LocalFault` if the name
        is taken, unless by the same image or by one whose sha256 is in `replaces`: a file that
        others put there is never overwritten. Errors of `chunks` pass. After any error the name
        leads to what it led to before.
        """
        ...

    async def second_name(self, artifact: Artifact) -> Artifact:
        """Give an image a further name beside its own, made of its sha256; durable on return.

        For an image whose first name a newer one needs. Safe to repeat.
        """
        ...

    async def delete(self, path: str) -> None:
        """Remove a name, if it is there; an image that has another one is kept under that."""
        ...

    async def sweep(self, folder: str) -> int:
        """Remove what dead runs left half-written below a folder; returns how many files.

        Only for the holder of the lock of whatever writes there.
        """
        ...

    def stat_many(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Return the size in bytes of each file that is there; `NO_FILE` for anything else."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading, to be closed by the caller; the stream can seek.

        Raises `FileNotFoundError` if it is not there. Reading raises `OSError` as any file does.
        """
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a small file derived from an image, e.g. a thumb; replaces an older one whole."""
        ...

    def fingerprint(self, folders: Sequence[str]) -> str:
        """Return a digest that changes when an image below a folder comes, goes or is cut short."""
        ...
