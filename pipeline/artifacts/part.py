"""A file on its way: written under a name of its own, then fsynced, renamed, its folder fsynced."""

import hashlib
import os
import stat
from pathlib import Path, PurePosixPath
from typing import ClassVar, Self

from pipeline.artifacts.confined import Place, open_folder
from pipeline.artifacts.shape import Shape
from pipeline.errors import LocalFault
from pipeline.model.artifact import Artifact, ImageKind

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_ENDINGS = {
    ImageKind.PNG: (".png",),
    ImageKind.JPEG: (".jpg", ".jpeg"),
    ImageKind.WEBP: (".webp",),
}
_KNOWN_ENDINGS = frozenset(ending for endings in _ENDINGS.values() for ending in endings)


class Part:
    """One open `.part` file; ends with either `settle` or `discard`, exactly once."""

    SUFFIX: ClassVar[str] = ".part"

    def __init__(self, folder: int, file: int, name: str) -> None:
        self._folder, self._file, self._name = folder, file, name
        self._sha256 = hashlib.sha256()
        self._size = 0

    @classmethod
    def open(cls, root: Path, place: Place) -> Self:
        """A new file beside its later name; what a dead run left under that name is removed."""
        name = place.name + cls.SUFFIX
        folder = open_folder(root, place.folders)
        try:
            try:
                file = os.open(name, _NEW, 0o666, dir_fd=folder)
            except FileExistsError:
                os.unlink(name, dir_fd=folder)
                file = os.open(name, _NEW, 0o666, dir_fd=folder)
        except BaseException:
            os.close(folder)
            raise
        return cls(folder, file, name)

    def write(self, chunk: bytes) -> None:
        """Append to the page cache, which costs less than a thread would; nothing waits here."""
        self._sha256.update(chunk)
        self._size += len(chunk)
        written = os.write(self._file, chunk)
        while written < len(chunk):
            written += os.write(self._file, memoryview(chunk)[written:])

    def settle(self, place: Place, shape: Shape, replaces: frozenset[str]) -> Artifact:
        """Make the bytes durable, then the name; blocks, so it runs in a thread."""
        sha256 = self._sha256.hexdigest()
        place = Place(folders=place.folders, name=_with_ending(place.name, shape.kind))
        try:
            self._refuse_foreign(place, replaces | {sha256})
            os.fsync(self._file)
            os.rename(self._name, place.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            os.fsync(self._folder)
        except BaseException:
            self.discard()
            raise
        self._close()
        return Artifact(
            path=str(place),
            sha256=sha256,
            bytes=self._size,
            kind=shape.kind,
            width=shape.width,
            height=shape.height,
            alpha=shape.alpha,
        )

    def discard(self) -> None:
        """Leave nothing behind, as far as the disk still obeys."""
        try:
            os.unlink(self._name, dir_fd=self._folder)
        except OSError:
            # Whatever made the file unwanted is the error to tell; the next run sweeps.
            pass
        finally:
            self._close()

    def _close(self) -> None:
        os.close(self._file)
        os.close(self._folder)

    def _refuse_foreign(self, place: Place, known: frozenset[str]) -> None:
        try:
            found = os.stat(place.name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISREG(found.st_mode) and self._sha256_of(place.name) in known:
            return
        raise LocalFault(
            f"{place} is in the way: it is not a file that this pipeline put there. "
            "Move it away and run again; the image is paid for and only has to be fetched."
        )

    def _sha256_of(self, name: str) -> str:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
        with os.fdopen(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def _with_ending(name: str, kind: ImageKind) -> str:
    """The name with the ending of what the file really is."""
    stem = PurePosixPath(name)
    if stem.suffix.lower() in _ENDINGS[kind]:
        return name
    if stem.suffix.lower() in _KNOWN_ENDINGS:
        name = name.removesuffix(stem.suffix)
    return name + _ENDINGS[kind][0]
