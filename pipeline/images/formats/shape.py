"""The shape of an image file, and the limit on its size."""

from dataclasses import dataclass

from pipeline.errors import ImageBroken
from pipeline.model.artifact import Alpha, ImageKind

MOST_PIXELS = 50_000_000
"""Most pixels of an image, against decompression bombs: six times what any API sells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """Kind, size in pixels and alpha of a complete file."""

    kind: ImageKind
    width: int
    height: int
    alpha: Alpha


def sane_size(width: int, height: int) -> tuple[int, int]:
    """Return the size; raise `ImageBroken` if it is zero or above `MOST_PIXELS`."""
    if width < 1 or height < 1 or width * height > MOST_PIXELS:
        raise ImageBroken(f"an image of {width}×{height} pixels is not accepted")
    return width, height
