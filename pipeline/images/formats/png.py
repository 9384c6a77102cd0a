"""The structure of PNG files: complete chunks with correct CRCs, from header to end chunk.

Source: PNG specification (W3C, third edition), sections 5 and 11.
"""

import struct

from zlib_ng.zlib_ng import crc32

from pipeline.errors import ImageBroken
from pipeline.images.formats.shape import Shape, sane_size
from pipeline.model.artifact import Alpha, ImageKind

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HEAD = struct.Struct(">I4s")
_HEADER = struct.Struct(">IIBBBBB")
_CRC = struct.Struct(">I")
_LONGEST_CHUNK = 0x7FFFFFFF

# Colour type → allowed bit depths.
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
_WITH_ALPHA = (4, 6)


class PngScan:
    """Checks chunks as bytes arrive; keeps only the header."""

    def __init__(self) -> None:
        self._unread = b""
        self._started = self._closing = self._ended = False
        self._name, self._left, self._sum = b"", 0, 0
        self._header = b""
        self._seen: set[bytes] = set()

    def feed(self, chunk: bytes) -> None:
        """Check the next bytes; raise `ImageBroken` at the first error."""
        if self._unread:
            chunk, self._unread = self._unread + chunk, b""
        view, at, end = memoryview(chunk), 0, len(chunk)
        while at < end:
            if self._left:
                at += self._pass(view[at : at + self._left])
                continue
            step = self._close(view, at) if self._closing else self._open(view, at)
            if not step:
                # The start or the CRC of a chunk is split over two chunks of the download.
                self._unread = bytes(view[at:])
                return
            at += step

    def finish(self) -> Shape:
        """Return the shape of the file; raise `ImageBroken` if its end is missing."""
        if not self._ended:
            raise ImageBroken("the PNG is truncated: its end chunk is missing")
        width, height, _, color, *_ = _HEADER.unpack(self._header)
        transparent = color in _WITH_ALPHA or b"tRNS" in self._seen
        return Shape(
            kind=ImageKind.PNG,
            width=width,
            height=height,
            alpha=Alpha.CHANNEL if transparent else Alpha.NONE,
        )

    def _pass(self, body: memoryview) -> int:
        """Read bytes of a chunk's body; return their number."""
        self._sum = crc32(body, self._sum)
        if self._name == b"IHDR":
            self._header += bytes(body)
        self._left -= len(body)
        self._closing = not self._left
        return len(body)

    def _open(self, view: memoryview, at: int) -> int:
        """Read the signature, or a chunk's length and name; return 0 if more bytes are needed."""
        if len(view) - at < len(SIGNATURE):
            if self._ended:
                raise ImageBroken("bytes follow the PNG's end chunk")
            return 0
        if not self._started:
            self._started = True
            return len(SIGNATURE)
        if self._ended:
            raise ImageBroken("bytes follow the PNG's end chunk")
        length, name = _HEAD.unpack_from(view, at)
        self._check_order(name, length)
        self._seen.add(name)
        self._name, self._left, self._sum = name, length, crc32(name)
        self._closing = not length
        return _HEAD.size

    def _check_order(self, name: bytes, length: int) -> None:
        if not name.isalpha() or length > _LONGEST_CHUNK:
            raise ImageBroken("the PNG contains bytes that are not a chunk")
        if (name == b"IHDR") == bool(self._seen):
            raise ImageBroken("the PNG must start with its only header chunk")
        if name == b"IHDR" and length != _HEADER.size:
            raise ImageBroken(f"the PNG's header has {length} bytes")
        if name == b"IEND" and (length or b"IDAT" not in self._seen):
            raise ImageBroken("the PNG ends without pixels")

    def _close(self, view: memoryview, at: int) -> int:
        """Check a chunk's CRC; return 0 if more bytes are needed."""
        if len(view) - at < _CRC.size:
            return 0
        if _CRC.unpack_from(view, at)[0] != self._sum:
            raise ImageBroken(f"the PNG is damaged: wrong CRC of its {self._name.decode()} chunk")
        self._closing = False
        if self._name == b"IHDR":
            self._check_header()
        elif self._name == b"IEND":
            self._ended = True
        elif self._name == b"IDAT" and b"PLTE" not in self._seen:
            self._check_palette()
        return _CRC.size

    def _check_header(self) -> None:
        width, height, depth, color, compression, filtering, interlace = _HEADER.unpack(
            self._header
        )
        sane_size(width, height)
        if depth not in _DEPTHS.get(color, ()) or compression or filtering or interlace > 1:
            raise ImageBroken("the PNG's header names a format that does not exist")

    def _check_palette(self) -> None:
        if self._header[9] == _PALETTE:
            raise ImageBroken("the PNG has no palette for its colours")
