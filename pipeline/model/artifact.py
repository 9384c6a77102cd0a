"""One image file as received, safely on disk."""

from dataclasses import dataclass
from enum import StrEnum


class ImageKind(StrEnum):
    """File types that a provider may send, by their first bytes."""

    PNG = "png"
    JPEG = "jpg"
    WEBP = "webp"


class Alpha(StrEnum):
    """What is known of an image's transparency."""

    NONE = "none"
    """No alpha channel, or none of it used."""
    CHANNEL = "channel"
    """There is an alpha channel; whether it is used is not known."""
    USED = "used"
    """Some pixels really are transparent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """Where it lies, and proof that it is whole."""

    path: str
    """Relative to the output folder."""
    sha256: str
    bytes: int
    kind: ImageKind
    width: int
    height: int
    alpha: Alpha
