"""Rendering a campaign: planned and rendered, unless nothing at all has changed since the last run.

A nightly run over a campaign of 100,000 images that finds nothing to do should cost next to
nothing, so what a session needs is imported only where there may be work.
"""

import asyncio
import importlib
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pipeline.app.accounts import account_of
from pipeline.app.console import Console
from pipeline.app.options import RunOptions
from pipeline.app.run_facts import git_commit, redacted, utc_stamp, versions
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.errors import UsageError
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.run import Run, RunPaths
from pipeline.prompts.cells import check_only
from pipeline.providers.registry import profiles
from pipeline.purchasing.recovery import begin_run
from pipeline.settings import Settings
from pipeline.state.output.folder import new_run_id, open_output, point_latest
from pipeline.state.output.lock import campaign_lock
from pipeline.state.output.missing_ledger import unknown_to_ledger
from pipeline.state.output.unchanged import (
    Fingerprint,
    Unchanged,
    campaign_fingerprint,
    remember_unchanged,
    repeat_report,
    still_unchanged,
    take_fingerprint,
)


def render(options: RunOptions, settings: Settings, *, console: Console, locked: str | None) -> int:
    """Render a campaign; `locked` names the campaign whose lock is already held."""
    loaded = load_campaign(options.campaign, profiles=profiles(), provider=options.provider)
    check_only(loaded, options.only)
    slug = loaded.campaign.slug
    output = open_output(settings.output)
    pace = loaded.campaign.pace
    if pace.concurrency and not options.concurrency:
        rendering = replace(settings.rendering, concurrency=pace.concurrency)
        settings = replace(settings, rendering=rendering)
    with nullcontext() if locked == slug else campaign_lock(output, slug):
        if not ledger_exists(output) and (lost := unknown_to_ledger(output, slug)):
            raise UsageError(f"{lost}\nNothing was sent.")
        seen = what_is_asked(options, settings, loaded)
        found = take_fingerprint(output, slug) if options.is_plain else None
        before = still_unchanged(output, slug, seen=seen, found=found)
        if before is not None:
            try:
                return asyncio.run(
                    _repeat(
                        options,
                        settings,
                        loaded,
                        console=console,
                        output=output,
                        before=before,
                        found=found,
                    )
                )
            except ValueError:
                pass  # the last account is gone or foreign: plan anew
        session = importlib.import_module("pipeline.app.session").render_session
        rendered = session(options, settings, loaded, console=console, output=output, found=found)
        return cast("int", asyncio.run(rendered))


def what_is_asked(options: RunOptions, settings: Settings, loaded: LoadedCampaign) -> str:
    """The fingerprint under which an account is remembered."""
    account = account_of(loaded.campaign, settings)
    return campaign_fingerprint(loaded.campaign, account=account, asked=[options.max_credits])


async def _repeat(
    options: RunOptions,
    settings: Settings,
    loaded: LoadedCampaign,
    *,
    console: Console,
    output: Path,
    before: Unchanged,
    found: Fingerprint | None,
) -> int:
    """Nothing has changed: the last account, as that of a run of its own."""
    campaign = loaded.campaign
    run = Run(
        id=new_run_id(datetime.now(UTC)),
        campaign=campaign.slug,
        account=account_of(campaign, settings),
    )
    started = utc_stamp()
    ledger = await open_ledger(output)
    try:
        if await begin_run(ledger, run):
            # cannot be: the ledger is as the run that found nothing due left it
            raise ValueError("a dead run left attempts open")
        repeat_report(
            output,
            campaign.slug,
            before=before.run,
            now=run.id,
            run={
                "id": run.id,
                "started": started,
                "finished": utc_stamp(),
                "exit_code": 0,
                "arguments": redacted(options.command_line),
                "versions": versions(),
                "git": git_commit(Path(campaign.file).parent) or None,
            },
        )
        point_latest(output, RunPaths(campaign=campaign.slug, run=run.id))
        await ledger.end(run.id, exit_code=0)
    finally:
        await ledger.close()
    remember_unchanged(
        output,
        campaign.slug,
        run=run.id,
        seen=before.fingerprint,
        found=found,
        images=before.images,
    )
    console.unchanged(campaign.slug, since=before.run, images=before.images)
    return 0
