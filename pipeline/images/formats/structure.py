"""Checks that a file is a complete image, by its structure alone, while its bytes arrive.

Nothing is decompressed here, so a decompression bomb does no harm, and memory does not grow with
the file. `inspection` decodes the pixels later.
"""

import re
from typing import Protocol

from pipeline.errors import ImageBroken, NotAnImage
from pipeline.images.formats import jpeg, png, webp
from pipeline.images.formats.shape import Shape

_MAGIC = 12
"""Number of bytes at the start of a file that identify its kind."""
_SEEN = 512
"""Number of bytes that identify a kind of image that is not accepted."""

_OTHER_KINDS = (
    ("a GIF", rb"GIF8[79]a"),
    ("a BMP", rb"BM"),
    ("a TIFF", rb"II\*\x00|MM\x00\*"),
    ("an icon", rb"\x00\x00\x01\x00"),
    ("an AVIF or HEIC", rb"(?s)....ftyp(?:avi[fs]|hei[cfsx]|hev[cx]|mif1|msf1)"),
    ("a JPEG XL", rb"\xff\x0a|\x00\x00\x00\x0cJXL "),
    ("a JPEG 2000", rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"),
    ("an SVG", rb"(?s)(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,400}?)?<svg"),
)
"""Image formats that are not accepted, by their first bytes."""


class _FormatScan(Protocol):
    def feed(self, chunk: bytes) -> None: ...

    def finish(self) -> Shape: ...


class StructureScan:
    """Checks one file as its bytes arrive; raises `ImageBroken` at the first error."""

    def __init__(self) -> None:
        self._start = b""
        self._scan: _FormatScan | None = None

    def feed(self, chunk: bytes) -> None:
        """Check the next bytes."""
        if self._scan is None:
            chunk = self._start + chunk
            if len(chunk) < _MAGIC:
                self._start = chunk
                return
            self._scan = _scan_for(chunk[:_SEEN])
        self._scan.feed(chunk)

    def finish(self) -> Shape:
        """Return the shape of the file; raise `ImageBroken` if its end is missing."""
        if self._scan is None:
            raise NotAnImage(f"the image is empty or cut off: {len(self._start)} bytes")
        return self._scan.finish()


def _scan_for(start: bytes) -> _FormatScan:
    """Return the scan for a file by its first bytes; its name and Content-Type do not count."""
    if start.startswith(png.SIGNATURE):
        return png.PngScan()
    if start.startswith(jpeg.SIGNATURE):
        return jpeg.JpegScan()
    if webp.is_webp(start):
        return webp.WebpScan()
    other = next((name for name, magic in _OTHER_KINDS if re.match(magic, start)), None)
    if other is not None:
        raise ImageBroken(f"the file is neither PNG, JPEG nor WebP, but {other}")
    begins = start[:_MAGIC].decode("latin-1")
    raise NotAnImage(f"the file is neither PNG, JPEG nor WebP: it begins with {begins!r}")
