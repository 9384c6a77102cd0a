"""Rendering a campaign: planned and rendered, unless nothing at all has changed since the last run.

A nightly run over a campaign of 100,000 images that finds nothing to do should cost next to
nothing, so what a session needs is imported only where there may be work.
"""

import argparse
import asyncio
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pipeline.commands.accounts import account_of
from pipeline.commands.facts import git_commit, redacted, utc_stamp, versions
from pipeline.commands.registry import load_part
from pipeline.commands.terminal import counted, paint, say
from pipeline.errors import UsageError
from pipeline.ledger.registry import open_ledger
from pipeline.model.run import Run, RunPaths
from pipeline.planning.blueprint import Blueprint, load_blueprint
from pipeline.planning.expansion import check_only
from pipeline.providers.registry import profiles
from pipeline.runs.folder import LEDGER, new_run_id, open_output, point_latest
from pipeline.runs.lock import campaign_lock
from pipeline.runs.losses import forgotten
from pipeline.runs.settled import (
    Settled,
    Sight,
    fingerprint,
    look,
    remember,
    repeat_account,
    still_settled,
)
from pipeline.settings import Settings


def render(arguments: argparse.Namespace, settings: Settings, *, locked: str | None) -> int:
    """Render a campaign; `locked` names the campaign whose lock is already held."""
    blueprint = load_blueprint(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    check_only(blueprint, arguments.only)
    slug = blueprint.campaign.slug
    output = open_output(settings.output)
    pace = blueprint.campaign.pace
    if pace.concurrency and not arguments.concurrency:
        rendering = replace(settings.rendering, concurrency=pace.concurrency)
        settings = replace(settings, rendering=rendering)
    with nullcontext() if locked == slug else campaign_lock(output, slug):
        if not (output / LEDGER).exists() and (lost := forgotten(output, slug)):
            raise UsageError(f"{lost}\nNothing was sent.")
        seen = what_is_asked(arguments, settings, blueprint)
        sight = look(output, slug) if is_plain(arguments) else None
        before = still_settled(output, slug, seen=seen, sight=sight)
        if before is not None:
            try:
                return asyncio.run(
                    _repeat(
                        arguments, settings, blueprint, output=output, before=before, sight=sight
                    )
                )
            except ValueError:
                pass  # the last account is gone or foreign: plan anew
        session = load_part("session").render_session
        rendered = session(arguments, settings, blueprint, output=output, sight=sight)
        return cast("int", asyncio.run(rendered))


def what_is_asked(arguments: argparse.Namespace, settings: Settings, blueprint: Blueprint) -> str:
    """The fingerprint under which an account is remembered."""
    account = account_of(blueprint.campaign, settings)
    return fingerprint(blueprint.campaign, account=account, asked=[arguments.max_credits])


def is_plain(arguments: argparse.Namespace) -> bool:
    """Whether the run asks for the whole campaign and nothing special."""
    special = (
        arguments.stage,
        arguments.only,
        arguments.plan,
        arguments.retry_failed,
        arguments.rebuy_lost,
        arguments.detailed_exitcode,
        arguments.json,
        arguments.log != "text",
    )
    return not any(special)


async def _repeat(
    arguments: argparse.Namespace,
    settings: Settings,
    blueprint: Blueprint,
    *,
    output: Path,
    before: Settled,
    sight: Sight | None,
) -> int:
    """Nothing has changed: the last account, as that of a run of its own."""
    campaign = blueprint.campaign
    run = Run(
        id=new_run_id(datetime.now(UTC)),
        campaign=campaign.slug,
        account=account_of(campaign, settings),
    )
    started = utc_stamp()
    ledger = await open_ledger(output / LEDGER)
    try:
        await ledger.begin(run)
        repeat_account(
            output,
            campaign.slug,
            before=before.run,
            now=run.id,
            run={
                "id": run.id,
                "started": started,
                "finished": utc_stamp(),
                "exit_code": 0,
                "arguments": redacted(sys.argv[1:]),
                "versions": versions(),
                "git": git_commit(Path(campaign.file).parent) or None,
            },
        )
        point_latest(output, RunPaths(campaign=campaign.slug, run=run.id))
        await ledger.end(run.id, exit_code=0)
    finally:
        await ledger.close()
    remember(
        output,
        campaign.slug,
        run=run.id,
        seen=before.fingerprint,
        sight=sight,
        images=before.images,
    )
    if not arguments.quiet:
        images = counted(before.images, "image")
        name = paint(campaign.slug, "bold", stream=sys.stderr)
        say(f"{name}  nothing has changed since run {before.run}: {images} as they are, 0 requests")
    return 0
