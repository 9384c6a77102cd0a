"""Removing what an output folder does not need any more."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import campaign_name
from pipeline.app.open import campaign_ledger, ledger_in, require_ledger
from pipeline.app.stores.uploaded_objects import remove_object
from pipeline.errors import LockHeld
from pipeline.images.registry import images_in
from pipeline.ledger.base import Ledger
from pipeline.model.names import Slug
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock, run_is_alive
from pipeline.state.upkeep.removable import Removable, Removal, removable, remove

BY_GC = "removed by pipeline gc"
"""Why an image is not on disk any more; a run of its campaign would download it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GcOptions:
    """What is removed, and of which campaigns."""

    file: Path | None = None
    """Only the campaign of this file; `None`: all campaigns of the output folder."""
    keep_runs: int = 90
    images_gone: bool = False
    """Also images of campaigns whose file is gone; otherwise they are only listed."""
    yes: bool = False
    """Remove; otherwise nothing is changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GcReport:
    """What may be removed, or was."""

    items: Sequence[Removable]
    """What is removed, or would be."""
    images: Sequence[Removable]
    """Images of campaigns that are gone, which are left alone unless that is asked for."""
    busy: Sequence[Slug] = field(default=())
    """Campaigns that were left out, since a run of them is alive."""


def collect_garbage(options: GcOptions, settings: Settings) -> GcReport:
    """List what may be removed, and remove it with `yes`; safe to interrupt and to repeat."""
    require_ledger(settings.output)
    output = open_output(settings.output)
    only = None if options.file is None else campaign_name(options.file)
    return run_in_loop(_collect(options, output, only))


async def _collect(options: GcOptions, output: Path, only: Slug | None) -> GcReport:
    items: list[Removable] = []
    images: list[Removable] = []
    busy: list[Slug] = []
    for campaign in await _campaigns(output, only):
        if not options.yes and run_is_alive(output, campaign):
            busy.append(campaign)
            continue
        try:
            found = await _of_campaign(options, output, campaign)
        except LockHeld:
            busy.append(campaign)
            continue
        chosen = [one for one in found if options.images_gone or one.why is not Removal.IMAGE]
        items += chosen
        images += [one for one in found if one not in chosen]
    return GcReport(items=items, images=images, busy=busy)


async def _campaigns(output: Path, only: Slug | None) -> list[Slug]:
    if only is not None:
        return [only]
    async with ledger_in(output, read_only=True) as ledger:
        return sorted({run.campaign for run in await ledger.runs()})


async def _of_campaign(options: GcOptions, output: Path, campaign: Slug) -> list[Removable]:
    """Return what may be removed of one campaign; with `yes`, it is removed under its lock."""
    async with AsyncExitStack() as stack:
        if not options.yes:
            ledger = await stack.enter_async_context(ledger_in(output, read_only=True))
            return await _found(options, ledger, output, campaign)
        stack.enter_context(campaign_lock(output, campaign))
        opened = campaign_ledger(output, campaign, settles=True)
        ledger = await stack.enter_async_context(opened)
        found = await _found(options, ledger, output, campaign)
        for item in found:
            if item.why is Removal.OBJECT:
                await remove_object(output, campaign, str(item.path))
            elif item.why is not Removal.IMAGE:
                remove(output, item)
            elif options.images_gone:
                await _remove_image(ledger, output, item)
        return found


async def _found(
    options: GcOptions, ledger: Ledger, output: Path, campaign: Slug
) -> list[Removable]:
    return await removable(
        ledger, output, campaign, keep_runs=options.keep_runs, images_gone=options.images_gone
    )


async def _remove_image(ledger: Ledger, output: Path, item: Removable) -> None:
    """Remove the file first: a kill in between leaves an image that the next call records."""
    remove(output, item)
    await images_in(output).delete(str(item.path))  # where an object store keeps it
    if item.entry is not None:
        await ledger.unfetched(item.entry.key, reason=BY_GC, lost=False)
