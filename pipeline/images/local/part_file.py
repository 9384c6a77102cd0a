"""An image file that is being written: under a temporary name, then fsynced and renamed."""

import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import ClassVar

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, OpenFolder, OpenFolders, make_folders
from pipeline.images.formats.structure import StructureScan
from pipeline.images.names import name_for
from pipeline.model.artifact import Artifact

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class PartFile:
    """One image that is being written; ends with `name_it` and `release`, or with `discard`.

    All methods but `discard` wait for the disk, so they run in a thread. The file is created with
    the first bytes, so that a download that fails early does not touch the disk.
    """

    SUFFIX: ClassVar[str] = ".part"

    def __init__(self, root: Path, folders: OpenFolders, place: ConfinedPath) -> None:
        self._root, self._folders, self._place = root, folders, place
        self._name = place.name + self.SUFFIX
        self._folder: OpenFolder | None = None
        self._file = -1
        self._sha256 = hashlib.sha256()
        self._structure = StructureScan()
        self._size = 0
        self._unwanted = False
        self._lock = threading.Lock()

    @property
    def folder(self) -> OpenFolder:
        """The folder of the file; opened with the first bytes."""
        if self._folder is None:
            self._folder = self._opened()
        return self._folder

    def write(self, chunks: Iterable[bytes]) -> None:
        """Check and append bytes; raise `ImageBroken` at the first error in them."""
        with self._locked():
            if not self._unwanted:
                self._append(chunks)

    def complete(self, chunks: Iterable[bytes]) -> Artifact:
        """Append the last bytes and fsync the file; if that fails, no file is left."""
        try:
            self._append(chunks)
            artifact = self._finished()
            os.fsync(self._file)
        except BaseException:
            self._remove()
            raise
        return artifact

    def name_it(self, artifact: Artifact, replaces: frozenset[str]) -> None:
        """Rename the complete file; this is durable once the folder is fsynced."""
        here = self.folder.descriptor
        try:
            self._refuse_foreign(artifact, replaces | {artifact.sha256})
            name = PurePosixPath(artifact.path).name
            os.rename(self._name, name, src_dir_fd=here, dst_dir_fd=here)
        except BaseException:
            self._remove()
            raise

    def release(self) -> None:
        """Close the file and its folder."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._folder = -1, None

    def discard(self) -> None:
        """Remove the file, unless the disk fails.

        If a thread is writing, it finishes first and then removes the file: the descriptor must
        not be closed, and reused for another file, while the thread writes to it.
        """
        self._unwanted = True
        if self._lock.acquire(blocking=False):
            try:
                self._remove()
            finally:
                self._lock.release()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        finally:
            if self._unwanted:
                self.discard()

    def _append(self, chunks: Iterable[bytes]) -> None:
        if self._file < 0:
            self._file = self._create()
        for chunk in chunks:
            self._structure.feed(chunk)
            self._sha256.update(chunk)
            self._size += len(chunk)
            written = os.write(self._file, chunk)
            while written < len(chunk):
                written += os.write(self._file, memoryview(chunk)[written:])

    def _create(self) -> int:
        """Create the file under its temporary name; remove one that a dead run left there."""
        here = self.folder.descriptor
        try:
            return os.open(self._name, _NEW, 0o666, dir_fd=here)
        except FileExistsError:
            os.unlink(self._name, dir_fd=here)
            return os.open(self._name, _NEW, 0o666, dir_fd=here)

    def _opened(self) -> OpenFolder:
        try:
            return self._folders.open(self._place.folders)
        except FileNotFoundError:
            make_folders(self._root, self._place.folders)
            return self._folders.open(self._place.folders)

    def _finished(self) -> Artifact:
        shape = self._structure.finish()
        name = name_for(self._place.name, shape.kind)
        return Artifact(
            path=str(ConfinedPath(folders=self._place.folders, name=name)),
            sha256=self._sha256.hexdigest(),
            bytes=self._size,
            kind=shape.kind,
            width=shape.width,
            height=shape.height,
            alpha=shape.alpha,
        )

    def _remove(self) -> None:
        try:
            if self._file >= 0:
                os.unlink(self._name, dir_fd=self.folder.descriptor)
        except OSError:
            # The error that led here is the one to raise; the next run removes the file.
            pass
        finally:
            self.release()

    def _refuse_foreign(self, artifact: Artifact, known: frozenset[str]) -> None:
        name = PurePosixPath(artifact.path).name
        try:
            found = os.stat(name, dir_fd=self.folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISREG(found.st_mode) and self._sha256_of(name) in known:
            return
        raise LocalFault(
            f"{artifact.path} already exists, and this pipeline did not write it. "
            "Move it away and run again; the image is paid for and only has to be downloaded."
        )

    def _sha256_of(self, name: str) -> str:
        here = self.folder.descriptor
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
        with os.fdopen(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
