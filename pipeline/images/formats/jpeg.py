"""The structure of JPEG files: complete segments, a frame, a scan, and the end marker.

Source: ITU-T T.81, annex B. A JPEG has no checksums; only decoding finds damage inside a scan.
"""

import re
import struct

from pipeline.errors import ImageBroken
from pipeline.images.formats.shape import Shape, sane_size
from pipeline.model.artifact import Alpha, ImageKind

SIGNATURE = b"\xff\xd8\xff"

_MARK = 0xFF
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD8), _START})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LENGTH = struct.Struct(">H")
_FRAME = struct.Struct(">HBHH")

# A marker that ends a scan: not a stuffed byte, a restart marker or a fill byte.
_LEAVES_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class JpegScan:
    """Checks segments as bytes arrive; keeps only the image size."""

    def __init__(self) -> None:
        self._unread = b""
        self._skip = 0
        self._scanning = self._scanned = self._ended = False
        self._size: tuple[int, int] | None = None

    def feed(self, chunk: bytes) -> None:
        """Check the next bytes; raise `ImageBroken` at the first error."""
        if self._unread:
            chunk, self._unread = self._unread + chunk, b""
        at = 0
        # Bytes after the end marker are ignored: phones append depth maps and previews.
        while at < len(chunk) and not self._ended:
            step = self._step(chunk, at)
            if not step:
                self._unread = chunk[at:]
                return
            at += step

    def finish(self) -> Shape:
        """Return the shape of the file; raise `ImageBroken` if its end is missing."""
        if not self._ended or self._size is None or not self._scanned:
            raise ImageBroken("the JPEG is truncated: its end marker is missing")
        width, height = self._size
        return Shape(kind=ImageKind.JPEG, width=width, height=height, alpha=Alpha.NONE)

    def _step(self, chunk: bytes, at: int) -> int:
        """Return the number of bytes read; 0 if more are needed."""
        if self._skip:
            step = min(self._skip, len(chunk) - at)
            self._skip -= step
            return step
        if self._scanning:
            return self._scan(chunk, at)
        return self._mark(chunk, at)

    def _scan(self, chunk: bytes, at: int) -> int:
        found = _LEAVES_SCAN.search(chunk, at)
        if found:
            self._scanning = False
            return found.start() - at or self._mark(chunk, at)
        # A marker may be split over two chunks of the download.
        return len(chunk) - at - (chunk[-1] == _MARK)

    def _mark(self, chunk: bytes, at: int) -> int:
        if chunk[at] != _MARK:
            raise ImageBroken("the JPEG contains bytes that are not a segment")
        if len(chunk) - at < 2:  # noqa: PLR2004 - a marker has two bytes
            return 0
        code = chunk[at + 1]
        if code == _MARK:
            return 1
        if code in _ALONE:
            return 2
        if code == _END:
            self._ended = True
            return 2
        return self._segment(code, chunk, at + 2)

    def _segment(self, code: int, chunk: bytes, at: int) -> int:
        """Read a segment's length and, in a frame, the image size; the rest is skipped."""
        framed = code in _FRAMES
        if len(chunk) - at < (_FRAME.size if framed else _LENGTH.size):
            return 0
        (length,) = _LENGTH.unpack_from(chunk, at)
        if not code or length < (_FRAME.size if framed else _LENGTH.size):
            raise ImageBroken("the JPEG contains a segment without a valid length")
        if framed:
            _, _, height, width = _FRAME.unpack_from(chunk, at)
            self._size = sane_size(width, height)
        if code == _SCAN:
            self._scanning = self._scanned = True
        self._skip = length
        return 2
