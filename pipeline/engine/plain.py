"""The engine `none`: a plain grey PNG of the right pixels, made once for each size."""

import struct
import zlib
from functools import cache

from pipeline.engine.order import Order, Picture
from pipeline.engine.pixels import pixels

_GREY = 0xB8
_COLOUR_TYPES = {False: 2, True: 6}
"""RGB, and RGB with alpha."""


def paint_none(order: Order) -> Picture:
    """No scene at all, for load tests; transparent where asked."""
    width, height = pixels(order.ratio, order.quality)
    return _plain(width, height, transparent=order.transparent)


@cache
def _plain(width: int, height: int, *, transparent: bool) -> Picture:
    row = b"\0" + (b"\0\0\0\0" if transparent else bytes([_GREY] * 3)) * width
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[transparent], 0, 0, 0)
    png = b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(row * height, 9)),
            _chunk(b"IEND", b""),
        )
    )
    return Picture(png=png, width=width, height=height, renderer="none")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum
