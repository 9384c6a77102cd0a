"""What the structure of an image file says, and how large an image may be."""

from dataclasses import dataclass

from pipeline.errors import ImageBroken
from pipeline.model.artifact import Alpha, ImageKind

MOST_PIXELS = 50_000_000
"""Six times the largest size any image API sells; a 65535² file is a bomb, not a picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """Kind, pixels and alpha of a file whose structure is whole."""

    kind: ImageKind
    width: int
    height: int
    alpha: Alpha


def sane_size(width: int, height: int) -> tuple[int, int]:
    """The size again; `ImageBroken` where it is empty or more than will ever be decoded."""
    if width < 1 or height < 1 or width * height > MOST_PIXELS:
        raise ImageBroken(f"an image of {width}×{height} pixels is refused")
    return width, height
