"""Names of images: endings by the kind of image, and second names made of the sha256."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from pipeline.model.artifact import Artifact, ImageKind

ENDINGS = {
    ImageKind.PNG: (".png",),
    ImageKind.JPEG: (".jpg", ".jpeg"),
    ImageKind.WEBP: (".webp",),
}
"""Kind → endings; the first is added if a name has none of them."""

_KNOWN = frozenset(ending for endings in ENDINGS.values() for ending in endings)


def name_for(name: str, kind: ImageKind) -> str:
    """Return the name with an ending for the kind of image."""
    stem = PurePosixPath(name)
    if stem.suffix.lower() in ENDINGS[kind]:
        return name
    return without_ending(name) + ENDINGS[kind][0]


def names_for(name: str) -> Sequence[str]:
    """Return every name that an image put under this name may get, this one first."""
    return list(dict.fromkeys([name, *(name_for(name, kind) for kind in ImageKind)]))


def without_ending(name: str) -> str:
    """Return the name without the ending of a kind of image."""
    ending = PurePosixPath(name).suffix
    return name.removesuffix(ending) if ending.lower() in _KNOWN else name


def second_name(artifact: Artifact) -> str:
    """Return the second path of an image, for when a newer image takes its first one."""
    path = PurePosixPath(artifact.path)
    return str(path.with_name(f"{path.stem}{_mark(artifact)}{path.suffix}"))


def first_name(artifact: Artifact) -> str:
    """Return the first path of an image, also if `artifact` has the second one."""
    path = PurePosixPath(artifact.path)
    return str(path.with_name(path.stem.removesuffix(_mark(artifact)) + path.suffix))


def _mark(artifact: Artifact) -> str:
    return f".{artifact.sha256[:12]}"
