"""The pictures of a comparison, reduced and embedded, so that the page can be mailed."""

import base64
import io
from collections.abc import Callable

from PIL import Image

from pipeline.errors import LocalFault
from pipeline.images.base import ImageStore
from pipeline.images.reading import read_file, sha256_of
from pipeline.images.thumbs import SIDES, read_thumb
from pipeline.model.names import Slug
from pipeline.reports.diff.shown_run import ShownImage

Picture = Callable[[ShownImage, int], str]
"""Returns the `src` of an image with at most so many pixels; empty if its picture is not kept."""

_QUALITY = 72


def pictures_in(images: ImageStore, campaign: Slug) -> Picture:
    """Return a function that embeds the picture of an image as it was: by its sha256."""

    def picture(image: ShownImage, most: int) -> str:
        content = _kept(images, campaign, image) if image.sha256 else None
        if content is None:
            return ""
        return "data:image/webp;base64," + base64.b64encode(_reduced(content, most)).decode()

    return picture


def _kept(images: ImageStore, campaign: Slug, image: ShownImage) -> bytes | None:
    """Return the largest thumb, or the file if it still has the picture of that run."""
    for side in SIDES[:2]:
        try:
            return read_thumb(images, campaign, image.sha256, side)
        except (FileNotFoundError, LocalFault):
            continue
    try:
        if image.file and sha256_of(images, image.file) == image.sha256:
            return read_file(images, image.file)
    except (FileNotFoundError, LocalFault, ValueError):
        pass
    return None


def _reduced(content: bytes, most: int) -> bytes:
    with Image.open(io.BytesIO(content), formats=("WEBP", "PNG", "JPEG")) as image:
        if max(image.size) <= most and image.format == "WEBP":
            return content
        image.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=3.0)
        out = io.BytesIO()
        mode = "RGBA" if image.has_transparency_data else "RGB"
        image.convert(mode).save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
