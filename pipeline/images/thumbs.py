"""Thumbs: small copies of images for the review page and contact sheets."""

import io

from PIL import Image

from pipeline.images.base import ImageStore
from pipeline.images.reading import read_file

SIDES = (512, 256, 128)
"""Sizes of thumbs: pixels of the longer side."""

SCREEN = 1280
"""Pixels of the longer side of a copy for screens; made when a page asks for it, and not kept."""

_QUALITY = 80
_SCREEN_QUALITIES = (84, 62)
_SCREEN_BYTES = 80_000
"""A copy for screens that is larger is made again at the next quality: 1.6 s at 50 kB/s."""


def thumb_path(campaign: str, sha256: str, side: int) -> str:
    """Return the path of a thumb in the store; identical images share it."""
    return f"{campaign}/thumbs/{sha256[:16]}-{side}.webp"


def missing_thumbs(images: ImageStore, campaign: str, sha256: str) -> bool:
    """Return True if any thumb of an image is missing."""
    there = images.stat_many(thumb_path(campaign, sha256, side) for side in SIDES)
    return sum(size > 0 for size in there.values()) < len(SIDES)


def write_thumbs(image: Image.Image, images: ImageStore, campaign: str, sha256: str) -> None:
    """Write the thumbs of an RGB or RGBA image in every size, largest first; blocks."""
    for side in SIDES:
        image = image.copy() if max(image.size) <= side else _shrunk(image, side)
        content = io.BytesIO()
        image.save(content, "WEBP", quality=_QUALITY, method=2)
        images.write(thumb_path(campaign, sha256, side), content.getvalue())


def screen_copy(image: Image.Image) -> bytes:
    """Return an RGB or RGBA image as WebP, at most `SCREEN` pixels wide and high; blocks."""
    small = image if max(image.size) <= SCREEN else _shrunk(image, SCREEN)
    body = b""
    for quality in _SCREEN_QUALITIES:
        content = io.BytesIO()
        small.save(content, "WEBP", quality=quality, method=2)
        body = content.getvalue()
        if len(body) <= _SCREEN_BYTES:
            break
    return body


def read_thumb(images: ImageStore, campaign: str, sha256: str, side: int) -> bytes:
    """Return the bytes of a thumb; raise `FileNotFoundError` if it was not made."""
    return read_file(images, thumb_path(campaign, sha256, side))


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
