"""Names of images: an ending that follows the bytes, and a second name made of the sha256."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from pipeline.model.artifact import Artifact, ImageKind

ENDINGS = {
    ImageKind.PNG: (".png",),
    ImageKind.JPEG: (".jpg", ".jpeg"),
    ImageKind.WEBP: (".webp",),
}
"""The first of each kind is given if a name has none of them."""

_KNOWN = frozenset(ending for endings in ENDINGS.values() for ending in endings)


def name_for(name: str, kind: ImageKind) -> str:
    """Return the name with the ending of what the file really is."""
    stem = PurePosixPath(name)
    if stem.suffix.lower() in ENDINGS[kind]:
        return name
    return without_ending(name) + ENDINGS[kind][0]


def names_for(name: str) -> Sequence[str]:
    """Return every name that an image asked for under this one may be given, this one first."""
    return list(dict.fromkeys([name, *(name_for(name, kind) for kind in ImageKind)]))


def without_ending(name: str) -> str:
    """Return the name without an ending that tells a kind of image."""
    ending = PurePosixPath(name).suffix
    return name.removesuffix(ending) if ending.lower() in _KNOWN else name


def second_name(artifact: Artifact) -> str:
    """Return the path of an image that has made way for a newer one."""
    path = PurePosixPath(artifact.path)
    return str(path.with_name(f"{path.stem}{_mark(artifact)}{path.suffix}"))


def first_name(artifact: Artifact) -> str:
    """Return the path that an image had before it made way; its own path if it never did."""
    path = PurePosixPath(artifact.path)
    return str(path.with_name(path.stem.removesuffix(_mark(artifact)) + path.suffix))


def _mark(artifact: Artifact) -> str:
    return f".{artifact.sha256[:12]}"
