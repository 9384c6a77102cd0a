"""Opening the ledger and the account of a command: the only module that names backends.

Heavy modules are imported on demand: a command that only reads the ledger loads neither an HTTP
client nor the image server.
"""

import importlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import cast

from pipeline.app.event_loop import run_in_loop
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.place import ledger_exists
from pipeline.ledger.registry import open_ledger
from pipeline.model.names import Account, ProfileName, Slug
from pipeline.providers.base import Provider
from pipeline.settings import ProviderSettings
from pipeline.state.output.campaign_file import refuse_second_file
from pipeline.state.output.lost_runs import all_lost_runs, hold_ledger_to_runs

EMBEDDED = ProfileName("embedded")
EMBEDDED_ACCOUNT = Account("embedded")
"""The same account on every port: its state is in the output folder."""


def late(module: str) -> ModuleType:
    """Import a module of `pipeline` on demand."""
    return importlib.import_module(f"pipeline.{module}")


@asynccontextmanager
async def ledger_in(
    output: Path, *, read_only: bool = False, recovers: bool = False
) -> AsyncIterator[Ledger]:
    """Open the ledger of an output folder, and close it at the end."""
    ledger = await open_ledger(output, read_only=read_only, recovers=recovers)
    try:
        yield ledger
    finally:
        await ledger.close()


@asynccontextmanager
async def campaign_ledger(
    output: Path, campaign: Slug, *, recovers: bool = False
) -> AsyncIterator[Ledger]:
    """Open the ledger to write about one campaign, and close it at the end.

    `UsageError`, and nothing is made or written, if it lacks what runs beside it bought.
    """
    if not ledger_exists(output):
        await hold_ledger_to_runs(None, output, campaign)
    async with ledger_in(output, recovers=recovers) as ledger:
        await hold_ledger_to_runs(ledger, output, campaign)
        yield ledger


def require_ledger(output: Path) -> None:
    """Raise `UsageError` if nothing was rendered into the output folder, or its ledger is lost.

    Must not be called while an event loop runs.
    """
    if not ledger_exists(output):
        if lost := run_in_loop(all_lost_runs(None, output)):
            raise UsageError("\n".join(lost))
        raise UsageError(f"there is no ledger in {output}: nothing has been rendered there")


def campaign_name(file: Path) -> Slug:
    """Return the name in a campaign file, as the loader reads it; `CampaignError` if it has none.

    The rest of the file may be wrong.
    """
    return cast("Slug", late("campaign.naming").read_name(file))


def hold_to_file(output: Path, campaign: Slug, file: Path) -> None:
    """Raise `UsageError` if the campaign's folder belongs to another file of the same name."""
    refuse_second_file(output, campaign, file, read_name=campaign_name)


def campaign_in(output: Path, file: Path) -> Slug:
    """Return the name in a campaign file, to which the campaign's folder belongs; errors of both.

    Commands that only show something need it too: they would show another campaign's images.
    """
    campaign = campaign_name(file)
    hold_to_file(output, campaign, file)
    return campaign


def open_account(
    name: ProfileName, settings: ProviderSettings, *, state: Path
) -> AbstractAsyncContextManager[Provider]:
    """Return a context manager that connects to a provider; for `embedded`, it runs the server too.

    `state` is the folder of that server. Each campaign has its own, so that two campaigns can run
    at the same time.
    """
    if name == EMBEDDED:
        return _embedded(settings, state=state)
    provider = late("providers.registry").open_provider(name, settings=settings)
    return cast("AbstractAsyncContextManager[Provider]", provider)


@asynccontextmanager
async def _embedded(settings: ProviderSettings, *, state: Path) -> AsyncIterator[Provider]:
    """Run the image server on a loopback port, and connect to it.

    It honours idempotency keys, and its state is durable: after a crash, the next run receives
    the same images instead of new ones.
    """
    options = late("imageserver.options")
    choices = options.ServerSettings(state=state, idempotency=options.Idempotency.REPLAY)
    async with late("imageserver.server").ImageServer(choices) as server:
        with _log_in(state):
            reached = replace(settings, base_url=server.url, key=server.key, key_url="")
            open_provider = late("providers.registry").open_provider
            async with open_provider(EMBEDDED, settings=reached, account=EMBEDDED_ACCOUNT) as here:
                yield here


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop a line that cannot be written, without the traceback that logging would print."""


@contextmanager
def _log_in(state: Path) -> Iterator[None]:
    """Write the server's log to a file, not among the run's messages."""
    log = logging.getLogger("pipeline.imageserver")
    handler = _LogFile(state / "server.log", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = True
        with suppress(OSError):  # its last lines, on a disk that is full
            handler.close()
