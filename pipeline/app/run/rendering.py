"""Rendering a locked campaign: the last report is repeated if nothing has changed since.

A nightly run over 100,000 images with nothing to do must be cheap, so the modules of a session
are imported only if there may be work.
"""

from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import cast

from pipeline.app import campaign as loading
from pipeline.app.campaign import account_of
from pipeline.app.console import Console
from pipeline.app.open import campaign_ledger, late, ledger_in
from pipeline.app.options import RunOptions
from pipeline.app.run.facts import git_commit, redacted, utc_stamp, versions
from pipeline.app.stores.campaign_store import refuse_unusable_store, store_of
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import UsageError
from pipeline.inspection.readers import NEEDED, is_installed
from pipeline.ledger.place import is_shared
from pipeline.model.adfiles.ad_file import METHOD
from pipeline.model.coordination import WHOLE
from pipeline.model.names import Slug
from pipeline.model.run import RunPaths
from pipeline.prompts.cells import check_only
from pipeline.purchasing.recovery import begin_run
from pipeline.purchasing.sealed_replies import replies_in
from pipeline.settings import Settings
from pipeline.state.output.ad_files import makes_ad_files
from pipeline.state.output.campaign_file import record_file
from pipeline.state.output.folder import open_output, point_latest
from pipeline.state.output.location import DEFAULT
from pipeline.state.output.second_ledger import refuse_second_ledger
from pipeline.state.output.unchanged import (
    Fingerprint,
    Unchanged,
    campaign_fingerprint,
    remember_unchanged,
    repeat_report,
    still_unchanged,
    take_fingerprint,
)


def load(options: RunOptions, settings: Settings, *, name: Slug) -> LoadedCampaign:
    """Load the campaign of a run; the caller holds the lock of `name`.

    `UsageError` if the campaign now has another name, or if the options choose none of its cells;
    `CampaignError` if its ad files are to be signed and nothing here can sign.
    """
    loaded = loading.load(options, settings, plan=options.plan)
    if loaded.campaign.slug != name:
        raise UsageError(f"{options.campaign} was renamed while it was read; run it again")
    check_only(loaded, options.only)
    _check_shard(options, loaded)
    loading.signing_for(loaded, settings)
    refuse_unusable_store(loaded)
    return loaded


def _check_shard(options: RunOptions, loaded: LoadedCampaign) -> None:
    """Raise `UsageError` if a share of the campaign cannot be rendered by itself."""
    if options.shard == WHOLE:
        return
    if not is_shared():
        raise UsageError(
            f"--shard {options.shard} needs a ledger that the coordinators share; nothing was sent."
            "\nNext  export PIPELINE_LEDGER=postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    if loaded.campaign.batch:
        raise UsageError(
            "--shard does not go with batches, which one run orders and collects; nothing was sent."
            "\nAdd --no-batch, or run the whole campaign once"
        )


async def render(
    options: RunOptions,
    settings: Settings,
    loaded: LoadedCampaign,
    *,
    console: Console,
    besides: int = 0,
) -> int:
    """Render a campaign whose lock the caller holds, and call its health checks."""
    rendering = _render(options, settings, loaded, console=console, besides=besides)
    if not any(notice.ping for notice in loaded.campaign.notices):
        return await rendering
    pinged = late("app.notices").pinged(loaded.campaign, rendering, tell=console.note)
    return await cast("Awaitable[int]", pinged)


async def _render(
    options: RunOptions,
    settings: Settings,
    loaded: LoadedCampaign,
    *,
    console: Console,
    besides: int,
) -> int:
    """Repeat the last report if nothing has changed, or else run a session."""
    slug = loaded.campaign.slug
    output = open_output(settings.output)
    pace = loaded.campaign.pace
    if pace.concurrency and not options.concurrency:
        rendering = replace(settings.rendering, concurrency=pace.concurrency)
        settings = replace(settings, rendering=rendering)
    found = take_fingerprint(output, slug) if options.is_plain else None
    record_file(
        output,
        slug,
        options.campaign,
        extends=len(loaded.checked.bases) > 1,
        provider=options.provider,
    )
    before = still_unchanged(
        output, slug, seen=what_is_asked(options, settings, loaded), found=found
    )
    if before is not None:
        try:
            return await _repeat(
                options,
                settings,
                loaded,
                console=console,
                output=output,
                before=before,
                found=found,
            )
        except ValueError:
            pass  # the last report is missing or not ours: plan again
    if not (loaded.profile.play_money or options.new_ledger or is_shared()):
        await refuse_second_ledger(
            output,
            slug,
            account_of(loaded.campaign, settings),
            file=options.campaign,
            name=options.output or DEFAULT,
            open_=lambda place: ledger_in(place, read_only=True),
        )
    rendered = late("app.run.session").render_session(
        options,
        settings,
        loaded,
        console=console,
        output=output,
        besides=besides,
        found=found,
    )
    return await cast("Awaitable[int]", rendered)


def what_is_asked(options: RunOptions, settings: Settings, loaded: LoadedCampaign) -> str:
    """Return the fingerprint under which the report of this run is remembered."""
    account = account_of(loaded.campaign, settings)
    looks = "looked for" if is_installed(*NEEDED) else "not looked for"
    looks_at = makes_ad_files(loaded) or loaded.campaign.checks
    method = [f"ad files {METHOD}, boxes {looks}"] if looks_at else []
    store = store_of(loaded.campaign)
    uploads = [] if store is None else [store.address.url, store.public]
    limits = [one for one in (options.max_cost, options.most) if one is not None]
    asked = [options.max_credits, *limits, *method, *uploads]
    if loaded.campaign.batch:
        asked.append("batch")
    return campaign_fingerprint(loaded.campaign, account=account, asked=asked)


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
    """Write the last report again as that of a new run, because nothing has changed."""
    campaign = loaded.campaign
    run = loading.new_run(campaign, settings)
    started = utc_stamp()
    async with campaign_ledger(output, campaign.slug, settles=True) as ledger:
        if await begin_run(ledger, run, replies_in(output)):
            # cannot happen: the ledger has not changed since a run that left nothing due
            raise ValueError("a dead run left attempts open")
        number = (await ledger.known_runs([run.id]))[run.id].number
        repeat_report(
            output,
            campaign.slug,
            before=before.run,
            now=run.id,
            run={
                "id": run.id,
                "number": number,
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
    remember_unchanged(
        output,
        campaign.slug,
        run=run.id,
        seen=before.fingerprint,
        found=found,
        images=before.images,
    )
    if campaign.notices:
        unchanged = late("app.notices").notify_unchanged(
            campaign, run.id, since=before.run, images=before.images, tell=console.note
        )
        await cast("Awaitable[None]", unchanged)
    console.unchanged(campaign.slug, since=before.run, images=before.images)
    return 0
