"""Small copies for the review page and the contact sheet, named after the image they show."""

import io

from PIL import Image

from pipeline.images.base import ImageStore
from pipeline.images.reading import read_file

SIDES = (512, 256, 128)
"""Pixels of the longest side."""

_QUALITY = 80


def thumb_path(campaign: str, sha256: str, side: int) -> str:
    """Return the path of a thumb in the store; images of the same bytes share it."""
    return f"{campaign}/thumbs/{sha256[:16]}-{side}.webp"


def missing_thumbs(images: ImageStore, campaign: str, sha256: str) -> bool:
    """Return whether any thumb of an image has still to be made."""
    there = images.stat_many(thumb_path(campaign, sha256, side) for side in SIDES)
    return sum(size > 0 for size in there.values()) < len(SIDES)


def write_thumbs(image: Image.Image, images: ImageStore, campaign: str, sha256: str) -> None:
    """Write an RGB or RGBA image in every side, largest first; blocks."""
    for side in SIDES:
        image = image.copy() if max(image.size) <= side else _shrunk(image, side)
        content = io.BytesIO()
        image.save(content, "WEBP", quality=_QUALITY, method=2)
        images.write(thumb_path(campaign, sha256, side), content.getvalue())


def read_thumb(images: ImageStore, campaign: str, sha256: str, side: int) -> bytes:
    """Return a thumb; `FileNotFoundError` if it was not made."""
    return read_file(images, thumb_path(campaign, sha256, side))


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
