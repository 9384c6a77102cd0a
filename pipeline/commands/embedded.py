"""The image server inside a run: loopback, its own key, its state beside the images."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.engine.options import EngineSettings, Idempotency
from pipeline.engine.server import ImageServer
from pipeline.settings import ProviderSettings


@asynccontextmanager
async def embedded_server(
    state: Path, settings: ProviderSettings
) -> AsyncIterator[ProviderSettings]:
    """Serve while inside; yields how the provider reaches it.

    Keys are honoured and the state is durable, so that a run that was killed finds its images
    again instead of painting them twice.
    """
    options = EngineSettings(state=state, idempotency=Idempotency.REPLAY)
    async with ImageServer(options) as server:
        yield replace(settings, base_url=server.url, key=server.key)
