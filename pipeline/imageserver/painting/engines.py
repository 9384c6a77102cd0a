"""Which painters a server has, by the name of its engine."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never

from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.painting.conversion import fitted
from pipeline.imageserver.painting.painter import PaintedPicture, Painter, PaintOrder
from pipeline.imageserver.painting.painter_pool import Paint, PainterPool
from pipeline.imageserver.painting.painter_process import NamedPainter
from pipeline.imageserver.painting.pixels import pixels

_PROOF = NamedPainter("pipeline.imageserver.studio.proof", "paint")


@asynccontextmanager
async def painters_of(settings: ServerSettings, painter: Painter | None) -> AsyncIterator[Paint]:
    """Open the painters of this engine, or of a painter that is given instead of it."""
    async with AsyncExitStack() as opening:
        if painter is not None:
            yield await _open(opening, settings, painter)
            return
        match settings.engine:
            case Engine.NONE:
                yield _paint_plainly
            case Engine.PROOF:
                yield await _open(opening, settings, _PROOF)
            case _:
                assert_never(settings.engine)


async def _open(opening: AsyncExitStack, settings: ServerSettings, painter: Painter) -> Paint:
    painters = PainterPool(painter, workers=settings.workers, seconds=settings.paint_seconds)
    return (await opening.enter_async_context(painters)).paint


async def _paint_plainly(order: PaintOrder, exact: tuple[int, int] | None) -> PaintedPicture:
    """A picture that is known already costs nothing; a new one is made in a thread."""
    picture = painted_before(order)
    if picture is None:
        picture = await asyncio.to_thread(paint_none, order)
    return picture if exact is None else await asyncio.to_thread(fitted, picture, exact)


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
