"""The engine `none`: a plain grey PNG of the right pixels, made once for each size."""

import struct
import zlib

from pipeline.imageserver.painting.order import PaintedPicture, PaintOrder
from pipeline.imageserver.painting.pixels import pixels

_GREY = 0xB8
_COLOUR_TYPES = {False: 2, True: 6}
"""RGB, and RGB with alpha."""

_PAINTED: dict[tuple[object, ...], PaintedPicture] = {}


def paint_none(order: PaintOrder) -> PaintedPicture:
    """No scene at all, for load tests; transparent where asked."""
    picture = painted_before(order)
    if picture is None:
        size = pixels(order.ratio, order.quality)
        picture = _PAINTED[_key(order)] = _plain(size, transparent=order.transparent)
    return picture


def painted_before(order: PaintOrder) -> PaintedPicture | None:
    """The picture, where it takes no time at all."""
    return _PAINTED.get(_key(order))


def _key(order: PaintOrder) -> tuple[object, ...]:
    return (order.ratio, order.quality, order.transparent)


def _plain(size: tuple[int, int], *, transparent: bool) -> PaintedPicture:
    width, height = size
    row = b"\0" + (b"\0\0\0\0" if transparent else bytes([_GREY] * 3)) * width
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[transparent], 0, 0, 0)
    png = b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(row * height, 1)),
            _chunk(b"IEND", b""),
        )
    )
    return PaintedPicture(png=png, width=width, height=height, renderer="none")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum
