"""Which painters a server has, by the name of its engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never

from pipeline.engine.finishing import fitted
from pipeline.engine.options import Engine, EngineSettings
from pipeline.engine.order import Order, Painter, Picture
from pipeline.engine.painters import Paint, Painters
from pipeline.engine.plain import paint_none, painted_before
from pipeline.engine.workbench import NamedPainter

_PROOF = NamedPainter("pipeline.engine.studio.proof", "paint")


@asynccontextmanager
async def painters_of(settings: EngineSettings, painter: Painter | None) -> AsyncIterator[Paint]:
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


async def _open(opening: AsyncExitStack, settings: EngineSettings, painter: Painter) -> Paint:
    painters = Painters(painter, workers=settings.workers, seconds=settings.paint_seconds)
    return (await opening.enter_async_context(painters)).paint


async def _paint_plainly(order: Order, exact: tuple[int, int] | None) -> Picture:
    """A picture that is known already costs nothing; a new one is made in a thread."""
    picture = painted_before(order)
    if picture is None:
        picture = await asyncio.to_thread(paint_none, order)
    return picture if exact is None else await asyncio.to_thread(fitted, picture, exact)
