"""Reading stored files again: whole images that landed, and what became of stored ones."""

import hashlib
from enum import StrEnum

from pipeline.errors import ImageBroken
from pipeline.images.base import ImageStore, local_faults
from pipeline.images.formats.structure import StructureScan
from pipeline.images.names import name_for, names_for
from pipeline.model.artifact import Artifact

CHUNK = 512 * 1024


class Condition(StrEnum):
    """What has become of a stored file."""

    WHOLE = "whole"
    MISSING = "missing"
    CHANGED = "changed"
    """There is a file, and its bytes are not the recorded ones: bit rot, or somebody's edit."""


def read_landed(images: ImageStore, path: str) -> Artifact | None:
    """Read the image that `put` left under a path, whichever ending it was given; blocks.

    `None` if there is none, or only a file that `put` would not have left: one that is not
    structurally whole, or whose ending belies its bytes.
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
    """Return a file's bytes; `FileNotFoundError` if there is none; blocks."""
    with images.open(path) as stream, local_faults(path):
        return stream.read()


def sha256_of(images: ImageStore, path: str) -> str | None:
    """Return the sha256 of a file as it is now, or `None` if there is none; blocks."""
    try:
        with images.open(path) as stream, local_faults(path):
            sha256 = hashlib.sha256()
            while chunk := stream.read(CHUNK):
                sha256.update(chunk)
            return sha256.hexdigest()
    except FileNotFoundError:
        return None


def verify(images: ImageStore, artifact: Artifact) -> Condition:
    """Read the whole file again and compare its sha256; blocks."""
    found = sha256_of(images, artifact.path)
    if found is None:
        return Condition.MISSING
    return Condition.WHOLE if found == artifact.sha256 else Condition.CHANGED
