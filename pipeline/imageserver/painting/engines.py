"""Which painters a server has, by the name of its engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never

from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.painting.finishing import fitted
from pipeline.imageserver.painting.order import PaintedPicture, Painter, PaintOrder
from pipeline.imageserver.painting.painter_pool import Paint, PainterPool
from pipeline.imageserver.painting.painter_process import NamedPainter
from pipeline.imageserver.painting.plain import paint_none, painted_before

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
