"""The structure of WebP files: a RIFF file of exactly the stated length, filled with chunks.

Source: RFC 9649. A WebP has no checksums; only decoding finds damage inside the picture.
"""

import struct

from pipeline.errors import ImageBroken
from pipeline.images.formats.shape import Shape, sane_size
from pipeline.model.artifact import Alpha, ImageKind

_FILE = struct.Struct("<4sI4s")
_HEAD = struct.Struct("<4sI")
_PEEK = 10
"""Number of bytes at the start of a chunk's body that contain the picture's size."""

_PICTURES = (b"VP8 ", b"VP8L", b"ANMF")
_ALPHA_FLAG = 0x10
_14_BITS = 0x3FFF


def is_webp(start: bytes) -> bool:
    """Return True if the first twelve bytes are those of a WebP."""
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


class WebpScan:
    """Checks chunks as bytes arrive; keeps only the image size and alpha."""

    def __init__(self) -> None:
        self._unread = b""
        self._left: int | None = None
        """Number of bytes still to come; `None` before the header."""
        self._skip = 0
        self._size: tuple[int, int] | None = None
        self._alpha = self._pictured = False

    def feed(self, chunk: bytes) -> None:
        """Check the next bytes; raise `ImageBroken` at the first error."""
        if self._unread:
            chunk, self._unread = self._unread + chunk, b""
        at = 0
        while at < len(chunk):
            step = self._step(chunk, at)
            if not step:
                self._unread = chunk[at:]
                return
            at += step

    def finish(self) -> Shape:
        """Return the shape of the file; raise `ImageBroken` if its end is missing."""
        if self._left != 0 or self._size is None or not self._pictured:
            raise ImageBroken("the WebP is truncated")
        width, height = self._size
        return Shape(
            kind=ImageKind.WEBP,
            width=width,
            height=height,
            alpha=Alpha.CHANNEL if self._alpha else Alpha.NONE,
        )

    def _step(self, chunk: bytes, at: int) -> int:
        """Return the number of bytes read; 0 if more are needed."""
        if self._left is None:
            return self._open(chunk, at)
        if self._skip:
            step = min(self._skip, len(chunk) - at)
            self._skip -= step
            self._left -= step
            return step
        if not self._left:
            raise ImageBroken("bytes follow the WebP's end")
        return self._chunk(chunk, at, self._left)

    def _open(self, chunk: bytes, at: int) -> int:
        if len(chunk) - at < _FILE.size:
            return 0
        _, size, _ = _FILE.unpack_from(chunk, at)
        self._left = size - 4
        if self._left < _HEAD.size:
            raise ImageBroken("the WebP is empty")
        return _FILE.size

    def _chunk(self, chunk: bytes, at: int, left: int) -> int:
        if len(chunk) - at < _HEAD.size:
            return 0
        name, length = _HEAD.unpack_from(chunk, at)
        padded = length + length % 2
        if _HEAD.size + padded > left:
            raise ImageBroken("a chunk of the WebP is longer than the file")
        start = at + _HEAD.size
        body = chunk[start : start + min(_PEEK, length)]
        if len(body) < min(_PEEK, length):
            return 0
        self._read(name, body)
        self._left, self._skip = left - _HEAD.size, padded
        return _HEAD.size

    def _read(self, name: bytes, body: bytes) -> None:
        if self._size is None:
            self._size = _size(name, body)
        self._pictured |= name in _PICTURES
        if name == b"VP8X" and body:
            self._alpha |= bool(body[0] & _ALPHA_FLAG)
        elif name == b"VP8L" and len(body) >= 5:  # noqa: PLR2004 - signature and 32 bits
            self._alpha |= bool(body[4] & _ALPHA_FLAG)
        elif name == b"ALPH":
            self._alpha = True


def _size(name: bytes, body: bytes) -> tuple[int, int] | None:
    """Return width and height from the start of a chunk; `None` if the chunk has no size."""
    if name == b"VP8X" and len(body) == _PEEK:
        return sane_size(
            1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        )
    if name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) == _PEEK:
        width, height = struct.unpack_from("<HH", body, 6)
        return sane_size(width & _14_BITS, height & _14_BITS)
    if name == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:  # noqa: PLR2004 - as above
        bits = int.from_bytes(body[1:5], "little")
        return sane_size(1 + (bits & _14_BITS), 1 + (bits >> 14 & _14_BITS))
    if name in _PICTURES:
        raise ImageBroken("the WebP's picture data starts with invalid bytes")
    return None
