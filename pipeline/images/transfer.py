"""How the images of a task reach a worker on another machine; see `executors.base.FileTransfer`."""

import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar, cast, runtime_checkable

from pipeline.errors import FilesNotReached, LocalFault, WorkerFault
from pipeline.images.base import LOCAL, ImageStore, StoreLocation
from pipeline.images.reading import read_file
from pipeline.images.registry import open_images
from pipeline.model.adfiles.overlay import BrandFile

Result = TypeVar("Result")
T = TypeVar("T")
Result_co = TypeVar("Result_co", covariant=True)

MARKER = ".worker-check-"
"""Start of the name of the file by which workers recognise the output folder."""
OLD = 24 * 3600.0
"""Seconds after which the marker of a killed run is removed."""


class AnyTask(Protocol[Result_co]):
    """A task, with or without images."""

    def run(self) -> Result_co:
        """See `executors.base.Task`."""
        ...


@runtime_checkable
class ImageTask(Protocol):
    """A task that reads images of a store, and may write files there; a frozen dataclass."""

    @property
    def images(self) -> StoreLocation:
        """The store."""
        ...

    @property
    def reads(self) -> Sequence[str]:
        """Paths of the images that it reads."""
        ...

    def run(self) -> object:
        """See `executors.base.Task`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SeesMarker:
    """The task that tells whether a worker reaches a store by its path."""

    images: StoreLocation
    marker: str

    def run(self) -> bool:
        """Return True if the marker of this run is there, and the store can be written."""
        if not os.access(self.images.place, os.W_OK):
            return False
        return self.marker in open_images(self.images).stat_many([self.marker])


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskByPath(AnyTask[Result]):
    """An image task, and how to recognise its store."""

    task: AnyTask[Result]
    marker: str

    def run(self) -> Result:
        """Run the task; raise `FilesNotReached` if this machine does not see its files."""
        task = self.task
        if isinstance(task, ImageTask) and not self._reaches(task):
            raise FilesNotReached(socket.gethostname())
        return task.run()

    def _reaches(self, task: ImageTask) -> bool:
        try:
            if not SeesMarker(images=task.images, marker=self.marker).run():
                return False
            there = open_images(task.images).stat_many(task.reads)
        except (OSError, LocalFault):
            return False
        brand = all(Path(file.path).is_file() for file in brand_files(task))
        return brand and all(path in there for path in task.reads)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultWithFiles:
    """The result of a task, and the files that it wrote."""

    result: object
    files: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskWithFiles:
    """An image task with the bytes of the files that it reads."""

    task: ImageTask
    files: Mapping[str, bytes]
    """By their paths in the store."""
    brand: Mapping[str, bytes]
    """Logos and fonts, by their paths on the coordinator's machine."""

    def run(self) -> ResultWithFiles:
        """Run the task in a folder of its own. What fails here is the fault of this machine."""
        try:
            return self._run()
        except OSError as error:
            raise WorkerFault(f"{error} (worker {socket.gethostname()})") from error
        except LocalFault as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise  # it was not there at the coordinator's either
            raise WorkerFault(f"{error} (worker {socket.gethostname()})") from error

    def _run(self) -> ResultWithFiles:
        with TemporaryDirectory(prefix="campaign-pipeline-") as folder:
            store = Path(folder, "images")
            store.mkdir()
            for path, content in self.files.items():
                place = store / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            moved = dict[str, str]()
            for number, (path, content) in enumerate(self.brand.items()):
                moved[path] = f"{folder}/{number}{Path(path).suffix}"
                Path(moved[path]).write_bytes(content)
            here = StoreLocation(kind=LOCAL, place=str(store))
            task = replace(with_brand_files_at(self.task, moved), images=here)  # type: ignore[type-var] # tasks are dataclasses
            result = task.run()
            made = {
                path: file.read_bytes()
                for file in sorted(store.rglob("*"))
                if file.is_file() and (path := file.relative_to(store).as_posix()) not in self.files
            }
        return ResultWithFiles(result=result, files=made)


class ImageTransfer:
    """Sends images by their paths, or as bytes to workers that do not reach the store.

    A worker recognises the store by a file with a random name, since a folder of the same path on
    another machine may be another one.
    """

    def __init__(self, images: ImageStore) -> None:
        self._images = images
        self._marker = f"{MARKER}{secrets.token_hex(8)}"

    @property
    def has_paths(self) -> bool:
        """See `FileTransfer.has_paths`. A worker has no credentials of an object store."""
        return self._images.location.kind == LOCAL

    def begin(self) -> None:
        """See `FileTransfer.begin`."""
        if self.has_paths:
            _remove_old(Path(self._images.location.place))
            self._images.write(self._marker, b"")

    def end(self) -> None:
        """See `FileTransfer.end`."""
        if self.has_paths:
            with suppress(OSError):
                Path(self._images.location.place, self._marker).unlink()

    def probe(self) -> AnyTask[bool]:
        """See `FileTransfer.probe`."""
        return SeesMarker(images=self._images.location, marker=self._marker)

    def by_path(self, task: AnyTask[Result]) -> AnyTask[Result]:
        """See `FileTransfer.by_path`."""
        if not isinstance(task, ImageTask):
            return task
        return TaskByPath(task=cast("AnyTask[Result]", task), marker=self._marker)

    def with_files(self, task: AnyTask[Result]) -> AnyTask[object]:
        """See `FileTransfer.with_files`. A file that is not there is left out."""
        if not isinstance(task, ImageTask):
            return task
        files, brand = dict[str, bytes](), dict[str, bytes]()
        for path in task.reads:
            with suppress(FileNotFoundError):
                files[path] = read_file(self._images, path)
        for file in brand_files(task):
            with suppress(OSError):
                brand[file.path] = Path(file.path).read_bytes()
        return TaskWithFiles(task=task, files=files, brand=brand)

    def received(self, result: object) -> object:
        """See `FileTransfer.received`."""
        if not isinstance(result, ResultWithFiles):
            return result
        for path, content in result.files.items():
            self._images.write(path, content)
        return result.result


def _remove_old(folder: Path) -> None:
    """Remove the markers of runs that were killed."""
    for file in folder.glob(f"{MARKER}*"):
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > OLD:
                file.unlink()


def brand_files(value: object) -> Iterator[BrandFile]:
    """Yield the logos and fonts that a task names."""
    if isinstance(value, BrandFile):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from brand_files(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from brand_files(one)


def with_brand_files_at(value: T, places: Mapping[str, str]) -> T:
    """Return a task whose logos and fonts are at other paths."""
    if not places:
        return value
    if isinstance(value, BrandFile):
        return cast("T", replace(value, path=places.get(value.path, value.path)))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: with_brand_files_at(getattr(value, field.name), places)
            for field in fields(value)
            if field.init
        }
        return cast("T", replace(value, **changed))
    if type(value) is tuple:
        return cast(
            "T",
            tuple(with_brand_files_at(one, places) for one in cast("tuple[object, ...]", value)),
        )
    return value
