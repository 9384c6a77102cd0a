"""Checks that a file is a complete image, by its structure alone, while its bytes arrive.

Nothing is decompressed here, so a decompression bomb does no harm, and memory does not grow with
the file. `inspection` decodes the pixels later.
"""

from typing import Protocol

from pipeline.errors import ImageBroken
from pipeline.images.formats import jpeg, png, webp
from pipeline.images.formats.shape import Shape

_MAGIC = 12
"""Number of bytes at the start of a file that identify its kind."""


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
            self._scan = _scan_for(chunk[:_MAGIC])
        self._scan.feed(chunk)

    def finish(self) -> Shape:
        """Return the shape of the file; raise `ImageBroken` if its end is missing."""
        if self._scan is None:
            raise ImageBroken(f"the image is empty or cut off: {len(self._start)} bytes")
        return self._scan.finish()


def _scan_for(start: bytes) -> _FormatScan:
    """Return the scan for a file by its first bytes; its name and Content-Type do not count."""
    if start.startswith(png.SIGNATURE):
        return png.PngScan()
    if start.startswith(jpeg.SIGNATURE):
        return jpeg.JpegScan()
    if webp.is_webp(start):
        return webp.WebpScan()
    raise ImageBroken(f"the file is neither PNG, JPEG nor WebP: it starts with {start!r}")
