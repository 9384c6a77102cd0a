"""Reading image files: those that landed, and checks of stored ones."""

import asyncio
import hashlib
from enum import StrEnum
from pathlib import Path

from pipeline.errors import ImageBroken, LocalFault
from pipeline.files.confined import ConfinedPath, make_folders, write_whole
from pipeline.images.base import LOCAL, ImageStore, local_faults
from pipeline.images.formats.structure import StructureScan
from pipeline.images.names import name_for, names_for
from pipeline.model.artifact import Artifact

CHUNK = 512 * 1024
COPIES = ".copies"
"""The folder of copies of images that a store keeps elsewhere."""


class Condition(StrEnum):
    """The condition of a stored file."""

    WHOLE = "whole"
    MISSING = "missing"
    BROKEN = "broken"
    """Its sha256 is the recorded one, but pixels are missing; an older version stored it."""
    UNDECODED = "not decoded"
    """Its sha256 is the recorded one; decoding failed, which does not prove the file broken."""
    CHANGED = "changed"
    """The file exists, but its sha256 differs from the recorded one."""


def read_landed(images: ImageStore, path: str) -> Artifact | None:
    """Return the image that `put` wrote under a path, with any ending; blocks.

    Returns `None` if there is no file, or only one that `put` cannot have written: one that is
    incomplete, or has the wrong ending.
    """
    names = names_for(path)
    there = images.stat_many(names)
    for name in names:
        if there.get(name, 0) > 0:
            try:
                return _read_whole(images, name)
            except (ImageBroken, FileNotFoundError):
                continue
    return None


def _read_whole(images: ImageStore, path: str) -> Artifact:
    scan, sha256, size = StructureScan(), hashlib.sha256(), 0
    with images.open(path) as stream, local_faults(path):
        while chunk := stream.read(CHUNK):
            scan.feed(chunk)
            sha256.update(chunk)
            size += len(chunk)
    shape = scan.finish()
    if name_for(path, shape.kind) != path:
        raise ImageBroken(f"{path} is a {shape.kind.name}")
    return Artifact(
        path=path,
        sha256=sha256.hexdigest(),
        bytes=size,
        kind=shape.kind,
        width=shape.width,
        height=shape.height,
        alpha=shape.alpha,
    )


def read_file(images: ImageStore, path: str) -> bytes:
    """Return a file's bytes; raise `FileNotFoundError` if there is none; blocks."""
    with images.open(path) as stream, local_faults(path):
        return stream.read()


def sha256_of(images: ImageStore, path: str) -> str | None:
    """Return the sha256 of a file, or `None` if there is none; blocks."""
    try:
        with images.open(path) as stream, local_faults(path):
            sha256 = hashlib.sha256()
            while chunk := stream.read(CHUNK):
                sha256.update(chunk)
            return sha256.hexdigest()
    except FileNotFoundError:
        return None


def verify(images: ImageStore, artifact: Artifact) -> Condition:
    """Read the file of an artifact and compare its sha256; blocks."""
    found = sha256_of(images, artifact.path)
    if found is None:
        return Condition.MISSING
    return Condition.WHOLE if found == artifact.sha256 else Condition.CHANGED


async def local_file(images: ImageStore, artifact: Artifact, *, scratch: Path) -> str:
    """Return the absolute path of a file with an image's bytes.

    An image that is not on this disk is copied into a folder below `scratch`, and checked.
    """
    if images.location.kind == LOCAL:
        return f"{images.location.place}/{artifact.path}"
    place = ConfinedPath(folders=(COPIES,), name=artifact.sha256 + Path(artifact.path).suffix)
    if not (scratch / str(place)).is_file():
        await asyncio.to_thread(_copy, images, artifact, scratch, place)
    return str(scratch.resolve() / str(place))


def _copy(images: ImageStore, artifact: Artifact, scratch: Path, place: ConfinedPath) -> None:
    try:
        content = read_file(images, artifact.path)
    except FileNotFoundError as error:
        raise LocalFault(f"{artifact.path} is not in the store any more") from error
    if hashlib.sha256(content).hexdigest() != artifact.sha256:
        raise LocalFault(f"{artifact.path} was changed in the store; run pipeline verify")
    with local_faults(str(place)):
        make_folders(scratch, place.folders)
        write_whole(scratch, place, content)
