"""Rendering a campaign file, for `pipeline run` and `finals` and for launches from the page.

The campaign's lock is taken before anything heavy is imported, so that a second run ends at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import ModuleType
from typing import cast

from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import campaign_name, hold_to_file
from pipeline.app.open import late
from pipeline.app.options import FeedReading, RunOptions
from pipeline.errors import CampaignError, PipelineError, RunHangs
from pipeline.model.names import Slug
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock


def run_campaign_file(
    options: RunOptions, settings: Settings, *, open_console: Callable[[], object]
) -> int:
    """Bring a campaign as far as it can go, and return the exit code.

    `open_console` returns a `Console`, whose module is too heavy to be imported before the lock.

    The run handles signals: at the first SIGINT or SIGTERM it waits for images in flight.
    `LockHeld` if another run of the campaign is active.
    """
    try:
        with _locked(options, settings) as (name, rendering):
            loaded = rendering.load(options, settings, name=name)
            ending = rendering.render(options, settings, loaded, console=open_console())
            return run_in_loop(cast("Coroutine[None, None, int]", ending))
    except RunHangs as hangs:
        with suppress(PipelineError):  # of a campaign that cannot be read, nobody is notified
            kept = replace(options, feeds=FeedReading.KEPT_FIRST)
            campaign = late("app.campaign").load(kept, settings).campaign
            run_in_loop(late("app.notices").notify_overlap(campaign, hangs))
        raise


async def run_in_server(
    options: RunOptions, settings: Settings, *, console: object, besides: int
) -> int:
    """Do the same inside a server, which keeps answering requests.

    Its signals reach the run too. `besides`: files that the server may open meanwhile.
    """
    with _locked(options, settings) as (name, rendering):
        loaded = await asyncio.to_thread(rendering.load, options, settings, name=name)
        ending = rendering.render(options, settings, loaded, console=console, besides=besides)
        return await cast("Awaitable[int]", ending)


@contextmanager
def _locked(options: RunOptions, settings: Settings) -> Iterator[tuple[Slug, ModuleType]]:
    """Hold the campaign's lock; yield the campaign's name, and the module that renders it."""
    try:
        name = campaign_name(options.campaign)
    except CampaignError:  # loading reports every mistake, not only the first
        name = late("app.campaign").load(options, settings).campaign.slug
    output = open_output(settings.output)
    with campaign_lock(output, name):
        hold_to_file(output, name, options.campaign)
        yield name, late("app.run.rendering")
