"""Is this a whole image, and of which kind: answered while the bytes pass, from structure alone.

Nothing is inflated or decoded here, so a bomb costs no more than its download, and memory stays
the same for any size. Whether the pixels can be decoded is for `looking` to find out afterwards.
"""

from typing import Protocol

from pipeline.errors import ImageBroken
from pipeline.images.formats import jpeg, png, webp
from pipeline.images.formats.shape import Shape

_MAGIC = 12
"""Bytes at the start of a file that tell its kind."""


class _FormatScan(Protocol):
    def feed(self, chunk: bytes) -> None: ...

    def finish(self) -> Shape: ...


class StructureScan:
    """Checks one file as it comes in; raises `ImageBroken` as soon as it is known to be none."""

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
        """What the whole file is; `ImageBroken` where its end is missing."""
        if self._scan is None:
            raise ImageBroken(f"the image is empty or cut off: {len(self._start)} bytes")
        return self._scan.finish()


def _scan_for(start: bytes) -> _FormatScan:
    """The scan for a file that starts so: its first bytes decide, never its name or its label."""
    if start.startswith(png.SIGNATURE):
        return png.PngScan()
    if start.startswith(jpeg.SIGNATURE):
        return jpeg.JpegScan()
    if webp.is_webp(start):
        return webp.WebpScan()
    raise ImageBroken(f"neither PNG, JPEG nor WebP: it starts with {start!r}")
