"""The painters of each engine, among them the engine `none`, which paints plain grey."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never

from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.painting.conversion import resized
from pipeline.imageserver.painting.painter import PaintedPicture, Painter, PaintOrder
from pipeline.imageserver.painting.painter_pool import Paint, PainterPool
from pipeline.imageserver.painting.painter_process import NamedPainter
from pipeline.imageserver.painting.pixels import pixels

_PROOF = NamedPainter("pipeline.imageserver.studio.proof", "paint")


@asynccontextmanager
async def open_painters(settings: ServerSettings, painter: Painter | None) -> AsyncIterator[Paint]:
    """Start the painters of the configured engine, or `painter` instead."""
    async with AsyncExitStack() as opening:
        if painter is not None:
            yield await _open(opening, settings, painter)
            return
        match settings.engine:
            case Engine.NONE:
                yield _paint_plain
            case Engine.PROOF:
                yield await _open(opening, settings, _PROOF)
            case _:
                assert_never(settings.engine)


async def _open(opening: AsyncExitStack, settings: ServerSettings, painter: Painter) -> Paint:
    painters = PainterPool(painter, workers=settings.workers, seconds=settings.paint_seconds)
    return (await opening.enter_async_context(painters)).paint


async def _paint_plain(order: PaintOrder, exact: tuple[int, int] | None) -> PaintedPicture:
    """Return a cached picture at once, or make a new one in a thread."""
    picture = cached_picture(order)
    if picture is None:
        picture = await asyncio.to_thread(paint_plain, order)
    return picture if exact is None else await asyncio.to_thread(resized, picture, exact)


_GREY = 0xB8
_COLOUR_TYPES = {False: 2, True: 6}
"""PNG colour types of RGB and of RGB with alpha."""

_CACHE: dict[tuple[object, ...], PaintedPicture] = {}


def paint_plain(order: PaintOrder) -> PaintedPicture:
    """Return a plain grey or transparent picture of the right size, made once for each size."""
    picture = cached_picture(order)
    if picture is None:
        size = pixels(order.ratio, order.quality)
        picture = _CACHE[_key(order)] = _plain(size, transparent=order.transparent)
    return picture


def cached_picture(order: PaintOrder) -> PaintedPicture | None:
    """Return the picture if it has been made before, else None."""
    return _CACHE.get(_key(order))


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
