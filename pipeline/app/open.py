"""Opening what a command works with: the one module that names backends.

Heavy modules are imported when they are needed: a command that only reads the ledger pays neither
for an HTTP client nor for the image server.
"""

import importlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import cast

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import Slug
from pipeline.model.provider import Account, ProfileName
from pipeline.providers.base import Provider
from pipeline.settings import ProviderSettings

EMBEDDED = ProfileName("embedded")
EMBEDDED_ACCOUNT = Account("embedded")
"""One account whatever the port: its state lies in the output folder."""


def late(module: str) -> ModuleType:
    """Import a module of `pipeline` at the moment it is needed."""
    return importlib.import_module(f"pipeline.{module}")


@asynccontextmanager
async def ledger_in(output: Path, *, read_only: bool = False) -> AsyncIterator[Ledger]:
    """Open the ledger of an output folder while inside."""
    ledger = await open_ledger(output, read_only=read_only)
    try:
        yield ledger
    finally:
        await ledger.close()


def require_ledger(output: Path) -> None:
    """Raise `UsageError` if nothing was ever rendered into the output folder."""
    if not ledger_exists(output):
        raise UsageError(f"there is no ledger in {output}: nothing has been rendered there")


def campaign_name(file: Path) -> Slug:
    """Return the name in a campaign file, as the loader reads it; `CampaignError` if it has none.

    The rest of the file may be wrong.
    """
    return cast("Slug", late("campaign.naming").read_name(file))


def open_account(
    name: ProfileName, settings: ProviderSettings, *, state: Path
) -> AbstractAsyncContextManager[Provider]:
    """Return a connection to a provider, to be entered; for `embedded`, with its server behind it.

    `state` is the folder of that server. Each campaign has one of its own, so that two campaigns
    run side by side.
    """
    if name == EMBEDDED:
        return _embedded(settings, state=state)
    provider = late("providers.registry").open_provider(name, settings=settings)
    return cast("AbstractAsyncContextManager[Provider]", provider)


@asynccontextmanager
async def _embedded(settings: ProviderSettings, *, state: Path) -> AsyncIterator[Provider]:
    """Serve images on a loopback port while inside, and connect to it.

    Keys are honoured and the state is durable: a run that was killed finds its images again
    instead of painting them twice.
    """
    options = late("imageserver.options")
    choices = options.ServerSettings(state=state, idempotency=options.Idempotency.REPLAY)
    async with late("imageserver.server").ImageServer(choices) as server:
        with _log_in(state):
            reached = replace(settings, base_url=server.url, key=server.key)
            open_provider = late("providers.registry").open_provider
            async with open_provider(EMBEDDED, settings=reached, account=EMBEDDED_ACCOUNT) as here:
                yield here


@contextmanager
def _log_in(state: Path) -> Iterator[None]:
    """Write what the server logs to a file of its own, not among the run's messages."""
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
