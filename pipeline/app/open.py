"""Opening the ledger of a command; backends are named only here and in `open_account`.

Heavy modules are imported on demand: a command that only reads the ledger loads neither an HTTP
client nor the image server.
"""

import importlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.place import is_shared, ledger_exists, ledger_file_exists
from pipeline.ledger.registry import open_ledger
from pipeline.model.names import Slug
from pipeline.state.output.lock import refuse_living
from pipeline.state.output.lost_runs import (
    all_lost_runs,
    hold_ledger_to_runs,
    hold_to_ledger_file,
)

Result = TypeVar("Result")


def late(module: str) -> ModuleType:
    """Import a module of `pipeline` on demand."""
    return importlib.import_module(f"pipeline.{module}")


def run_reading(reading: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that waits for nothing but reading the ledger, and return its result.

    No event loop is started: importing asyncio takes a third of the time of `status`.
    """
    try:
        reading.send(None)
    except StopIteration as ended:
        return cast("Result", ended.value)
    reading.close()
    raise RuntimeError("a command that only reads has waited for something else")


@asynccontextmanager
async def ledger_in(
    output: Path, *, address: str | None = None, read_only: bool = False, recovers: bool = False
) -> AsyncIterator[Ledger]:
    """Open the ledger of an output folder, and close it at the end."""
    ledger = await open_ledger(output, address=address, read_only=read_only, recovers=recovers)
    try:
        yield ledger
    finally:
        await ledger.close()


@asynccontextmanager
async def campaign_ledger(
    output: Path, campaign: Slug, *, recovers: bool = False, settles: bool = False
) -> AsyncIterator[Ledger]:
    """Open the ledger to write about one campaign, and close it at the end.

    `UsageError`, and nothing is made or written, if it lacks what runs beside it bought. With
    `settles`, `LockHeld` while a run of the campaign is alive in another output folder.
    """
    if not ledger_exists(output):
        await hold_ledger_to_runs(None, output, campaign)
    async with ledger_in(output, recovers=recovers) as ledger:
        await hold_ledger_to_runs(ledger, output, campaign)
        if is_shared() and ledger_file_exists(output):
            async with ledger_in(output, address="", read_only=True) as file:
                await hold_to_ledger_file(ledger, file, output, campaign)
        if settles:
            await refuse_living(ledger, campaign)
        yield ledger


def require_ledger(output: Path) -> None:
    """Raise `UsageError` if nothing was rendered into the output folder, or its ledger is lost."""
    if not ledger_exists(output):
        if lost := run_reading(all_lost_runs(None, output)):
            raise UsageError("\n".join(lost))
        raise UsageError(f"there is no ledger in {output}: nothing has been rendered there")
