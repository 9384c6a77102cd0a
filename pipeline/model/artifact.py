"""One image file on disk, as it was received."""

from dataclasses import dataclass
from enum import StrEnum


class ImageKind(StrEnum):
    """File types that a provider may send, by their first bytes."""

    PNG = "png"
    JPEG = "jpg"
    WEBP = "webp"


class Alpha(StrEnum):
    """How much is known about an image's transparency."""

    NONE = "none"
    """No alpha channel, or none of it used."""
    CHANNEL = "channel"
    """An alpha channel; not known whether any of it is used."""
    USED = "used"
    """Some pixels are transparent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """The path, digest and properties of a stored image file."""

    path: str
    """Relative to the output folder."""
    sha256: str
    bytes: int
    kind: ImageKind
    width: int
    height: int
    alpha: Alpha
