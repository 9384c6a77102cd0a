"""Logos as pixels: SVG at any size, bitmaps never larger than they are."""

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from pipeline.errors import AdFileFailed, ImageBroken
from pipeline.images.formats.svg import check_svg, svg_png
from pipeline.inspection.decoding import decode
from pipeline.model.adfiles.overlay import BrandFile

_ANY_WIDTH = 4096.0
_XML_START = b"<"


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo that was read and checked."""

    ratio: float
    """Width for a height of 1."""
    most: float
    """Most pixels that it may be wide."""
    svg: bytes = b""
    bitmap: Image.Image | None = None

    def pixels(self, width: int, height: int) -> Image.Image:
        """Return the logo as RGBA pixels."""
        if self.bitmap is None:
            return _rgba(decode(io.BytesIO(svg_png(self.svg, width, height))))
        small = self.bitmap.convert("RGBa").resize(
            (width, height), Image.Resampling.LANCZOS, reducing_gap=3.0
        )
        return small.convert("RGBA")


def open_logo(file: BrandFile) -> Logo:
    """Return a logo; `AdFileFailed` if it is not the file that the campaign was read with."""
    try:
        return _opened(file.path, file.sha256)
    except (OSError, ImageBroken) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise AdFileFailed(f"the logo {file.shown} cannot be read: {why}") from error


@lru_cache(16)
def _opened(path: str, sha256: str) -> Logo:
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ImageBroken("it has changed since the campaign was read; run the command again")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_XML_START):
        return Logo(check_svg(content), _ANY_WIDTH, svg=content)
    picture = _rgba(decode(io.BytesIO(content)))
    return Logo(picture.width / picture.height, float(picture.width), bitmap=picture)


def _rgba(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGBA" else image.convert("RGBA")
