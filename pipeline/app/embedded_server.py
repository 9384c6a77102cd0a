"""The image server inside a run: loopback, its own key, its state beside the images."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.imageserver.options import Idempotency, ServerSettings
from pipeline.imageserver.server import ImageServer
from pipeline.settings import ProviderSettings


@asynccontextmanager
async def embedded_server(
    state: Path, settings: ProviderSettings
) -> AsyncIterator[ProviderSettings]:
    """Serve while inside; yields how the provider reaches it.

    Keys are honoured and the state is durable, so that a run that was killed finds its images
    again instead of painting them twice.
    """
    options = ServerSettings(state=state, idempotency=Idempotency.REPLAY)
    async with ImageServer(options) as server:
        with log_beside(state):
            yield replace(settings, base_url=server.url, key=server.key)


@contextmanager
def log_beside(state: Path) -> Iterator[None]:
    """What the server logs belongs to the server: in a file of its own, not among a run's words."""
    log = logging.getLogger("pipeline.imageserver")
    handler = logging.FileHandler(state / "server.log", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = True
        handler.close()
