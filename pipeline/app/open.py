"""Opening the ledger of a command; backends are named only here and in `open_account`.

Heavy modules are imported on demand: a command that only reads the ledger loads neither an HTTP
client nor the image server.
"""

import importlib
from collections.abc import AsyncIterator
from contextlib import (
    asynccontextmanager,
)
from pathlib import Path
from types import ModuleType
from typing import cast

from pipeline.app.event_loop import run_in_loop
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.place import ledger_exists
from pipeline.ledger.registry import open_ledger
from pipeline.model.names import Slug
from pipeline.state.output.campaign_file import refuse_second_file
from pipeline.state.output.lost_runs import all_lost_runs, hold_ledger_to_runs


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
