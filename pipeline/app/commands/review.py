"""Serving the review page, and launching runs from it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pipeline.app.campaign import account_of, load
from pipeline.app.commands.adfiles import AdFileOptions, make_loaded
from pipeline.app.commands.verdicts import review_file_of
from pipeline.app.console import Console
from pipeline.app.event_loop import run_in_loop
from pipeline.app.machine import page_connections, until_signal
from pipeline.app.named_campaign import hold_to_file
from pipeline.app.open import campaign_ledger
from pipeline.app.options import CampaignOptions, FeedReading, RunOptions, next_step
from pipeline.app.run.campaign_file import run_in_server
from pipeline.app.run.facts import reviewer_name
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import LockHeld
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.model.money import Amount
from pipeline.model.names import CellName, Stage
from pipeline.review.page.campaign_source import CampaignSource
from pipeline.review.page.security import ReviewOptions
from pipeline.review.page.server import ReviewServer, ReviewSubject
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock
from pipeline.state.upkeep.feed_snapshots import index_path


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewPageOptions(CampaignOptions):
    """Where a campaign's review page is served, and whether it may spend."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    names: tuple[str, ...] = ()
    """More host names under which browsers may reach the page."""
    reviewer: str | None = None
    """`None`: the name that `reviewer_name` returns."""
    allow_spend: bool = False
    new_link: bool = False
    """True if the former link shall no longer work."""
    command_line: tuple[str, ...] = ()
    """The arguments of the process, for the manifests of runs that the page launches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Launcher:
    """The page's `Launch`: every launch is a run."""

    options: ReviewPageOptions
    settings: Settings
    console: Console

    async def __call__(self, stage: Stage, cells: Sequence[CellName], *, most: Amount) -> int:
        """Render these cells at a stage, as `pipeline run --stage … --only …` does."""
        options = RunOptions(
            campaign=self.options.campaign,
            provider=self.options.provider,
            output=self.options.output,
            only=tuple(cells),
            most=most,
            feeds=FeedReading.KEPT_FIRST,  # what the page showed, and not a newer feed
            stage=stage,
            command_line=self.options.command_line,
        )
        besides = page_connections().most
        return await run_in_server(options, self.settings, console=self.console, besides=besides)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileMaking:
    """The page's `MakeAdFiles`: as `pipeline adfiles --only …` does."""

    options: ReviewPageOptions
    settings: Settings

    async def __call__(self, cells: Sequence[CellName]) -> str:
        """Make the ad files of some cells; see `MakeAdFiles`."""
        options = AdFileOptions(
            campaign=self.options.campaign,
            provider=self.options.provider,
            output=self.options.output,
            only=tuple(cells),
        )
        output = open_output(self.settings.output)
        loaded = await asyncio.to_thread(load, options, self.settings)
        try:
            with campaign_lock(output, loaded.campaign.slug):
                report = await make_loaded(loaded, options, self.settings)
        except LockHeld:
            return ""  # the run that holds the lock makes them when it ends
        return "\n".join(
            f"{one.planned.cell}@{one.planned.placement}: {one.reason}" for one in report.failed
        )


def serve_review(
    options: ReviewPageOptions,
    settings: Settings,
    *,
    console: Console,
    ready: Callable[[str], None],
) -> None:
    """Serve the page until SIGINT or SIGTERM; `ready` gets its URL, `console` shows launches."""
    run_in_loop(_serve(load(options, settings), options, settings, console=console, ready=ready))


async def _serve(
    loaded: LoadedCampaign,
    options: ReviewPageOptions,
    settings: Settings,
    *,
    console: Console,
    ready: Callable[[str], None],
) -> None:
    with until_signal() as stopped:
        async with review_server(loaded, options, settings, console=console) as server:
            ready(server.url)
            await stopped


@asynccontextmanager
async def review_server(
    loaded: LoadedCampaign, options: ReviewPageOptions, settings: Settings, *, console: Console
) -> AsyncIterator[ReviewServer]:
    """Serve the page of a loaded campaign until the context is left."""
    output = open_output(settings.output)
    campaign = loaded.campaign.slug
    hold_to_file(output, campaign, options.campaign)
    async with campaign_ledger(output, campaign, recovers=True) as ledger:
        subject = ReviewSubject(
            campaign=campaign,
            source=CampaignSource(
                file=options.campaign,
                output=output,
                load=lambda: load(options, settings),
                account_of=lambda campaign: account_of(campaign, settings),
                also=(index_path(output, campaign),),
            ),
            ledger=ledger,
            output=output,
            file=review_file_of(options.campaign, campaign, output=output),
            command=lambda stage: _launch_command(options, stage),
            make_ad_files=AdFileMaking(options=options, settings=settings),
        )
        page = ReviewOptions(
            host=options.host,
            port=options.port,
            reviewer=options.reviewer or reviewer_name(),
            allow_spend=options.allow_spend,
            new_link=options.new_link,
            names=options.names,
        )
        launcher = Launcher(options=options, settings=settings, console=console)
        async with AsyncExitStack() as stack:
            with collection_paused():
                server = ReviewServer(subject, page, launch=launcher, limits=page_connections())
                await stack.enter_async_context(server)
                gc.freeze()  # the campaign lives as long as the server, and is no garbage
                stack.callback(gc.unfreeze)
            yield server


def _launch_command(options: ReviewPageOptions, stage: Stage) -> str:
    """Return the command that buys what the page quotes, on the same account and output folder."""
    if stage is Stage.FINAL:
        return next_step(options, "finals")
    return next_step(options, "run", "--stage", stage.value)
