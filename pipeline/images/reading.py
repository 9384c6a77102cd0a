"""Reading image files: those that landed, and checks of stored ones."""

import hashlib
from enum import StrEnum

from pipeline.errors import ImageBroken
from pipeline.images.base import ImageStore, local_faults
from pipeline.images.formats.structure import StructureScan
from pipeline.images.names import name_for, names_for
from pipeline.model.artifact import Artifact

CHUNK = 512 * 1024


class Condition(StrEnum):
    """The condition of a stored file."""

    WHOLE = "whole"
    MISSING = "missing"
    BROKEN = "broken"
    """Its sha256 is the recorded one, but pixels are missing; an older version stored it."""
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
