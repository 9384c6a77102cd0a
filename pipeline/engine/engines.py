"""Which painters a server has, by the name of its engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import assert_never

from pipeline.engine.finishing import fitted
from pipeline.engine.options import Engine, EngineSettings
from pipeline.engine.order import Order, Painter, Picture, Quality
from pipeline.engine.painters import Paint, Painters
from pipeline.engine.plain import paint_none, painted_before
from pipeline.engine.studio.traced.readiness import (
    ATOMIC,
    PACKAGES,
    without_library,
    without_packages,
)
from pipeline.engine.workbench import NamedPainter

_PROOF = NamedPainter("pipeline.engine.studio.proof", "paint")
_TRACED = NamedPainter("pipeline.engine.studio.traced.painter", "paint")


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
            case Engine.STUDIO:
                yield await _open_studio(opening, settings)
            case Engine.AUTO:
                yield await _open_auto(opening, settings)
            case _:
                assert_never(settings.engine)


def studio_is_installed() -> bool:
    """Whether the path tracer's packages are there; nothing is imported."""
    return not without_packages(PACKAGES)


def shortfall(engine: Engine) -> str:
    """Why this engine will paint as proof does instead of tracing, in words; empty where not."""
    match engine:
        case Engine.STUDIO | Engine.AUTO:
            return without_packages(PACKAGES) or without_library(ATOMIC)
        case Engine.PROOF | Engine.NONE:
            return ""
        case _:
            assert_never(engine)


async def _open(
    opening: AsyncExitStack,
    settings: EngineSettings,
    painter: Painter,
    *,
    workers: int | None = None,
    fallback: Paint | None = None,
) -> Paint:
    painters = Painters(
        painter,
        workers=workers or settings.workers,
        seconds=settings.paint_seconds,
        fallback=fallback,
    )
    return (await opening.enter_async_context(painters)).paint


async def _open_studio(opening: AsyncExitStack, settings: EngineSettings) -> Paint:
    """One process, since it uses every core; where it dies, proof steps in.

    Where it cannot trace at all it paints as proof does, and says so in the picture's notes.
    """
    proof = await _open(opening, settings, _PROOF, workers=1)
    return await _open(opening, settings, _TRACED, workers=1, fallback=proof)


async def _open_auto(opening: AsyncExitStack, settings: EngineSettings) -> Paint:
    """Proof for low, the studio above, where it is installed."""
    proof = await _open(opening, settings, _PROOF)
    if not studio_is_installed():
        return proof
    studio = await _open(opening, settings, _TRACED, workers=1, fallback=proof)

    async def paint(order: Order, exact: tuple[int, int] | None) -> Picture:
        chosen = proof if order.quality is Quality.LOW else studio
        return await chosen(order, exact)

    return paint


async def _paint_plainly(order: Order, exact: tuple[int, int] | None) -> Picture:
    """A picture that is known already costs nothing; a new one is made in a thread."""
    picture = painted_before(order)
    if picture is None:
        picture = await asyncio.to_thread(paint_none, order)
    return picture if exact is None else await asyncio.to_thread(fitted, picture, exact)
