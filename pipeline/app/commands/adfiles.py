"""Making the ad files of a campaign without rendering anything."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.adfiles.record import AdFileRecord, AdFileRow
from pipeline.app.campaign import load, signing_for
from pipeline.app.commands.verdicts import VerdictOptions, review_file_of, write_review_file
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import hold_to_file
from pipeline.app.open import campaign_ledger, ledger_in, require_ledger
from pipeline.app.open_executor import executor_for, executor_that_signs
from pipeline.app.options import CampaignOptions
from pipeline.app.run.ad_files import (
    AdFileMaker,
    AdFileReport,
    forget_damaged,
    make_ad_files,
)
from pipeline.app.run.examining import PictureExaminer
from pipeline.app.run.facts import reviewer_name
from pipeline.campaign.cell_globs import Globs, canonical_glob
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import CampaignError, LocalFault, PipelineError, UsageError
from pipeline.images.registry import images_in
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.prompts.cells import check_only
from pipeline.review.ad_files import decide_ad_files
from pipeline.review.verdicts import stamp
from pipeline.settings import Settings
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import open_checks
from pipeline.state.output.ad_files import (
    AdFilePlan,
    AdFileResults,
    checked_ad_files,
    plan_ad_files,
)
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock
from pipeline.state.survey import survey
from pipeline.suggestions import did_you_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileOptions(CampaignOptions):
    """The campaign and the stage to make ad files of."""

    preview: bool = False
    """True for all stored drafts, into a separate folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFilesDecided:
    """The flagged ad files that were approved, or whose approval was withdrawn."""

    names: Sequence[str]
    """`CELL@PLACEMENT` of each."""
    unwritten: PipelineError | None = None
    """Why the review file was not written; the record has the approvals all the same."""


def make_campaign_ad_files(
    options: AdFileOptions, settings: Settings, *, tell: Callable[[str], None]
) -> AdFileReport:
    """Make the ad files of a campaign that are missing or changed; sends nothing.

    `LockHeld` if a run of the campaign is active, `UsageError` if nothing was ever rendered.
    """
    require_ledger(settings.output)
    loaded = load(options, settings)
    hold_to_file(settings.output, loaded.campaign.slug, options.campaign)
    check_only(loaded, options.only)
    output = open_output(settings.output)
    with campaign_lock(output, loaded.campaign.slug):
        return run_in_loop(make_loaded(loaded, options, settings, tell=tell))


async def make_loaded(
    loaded: LoadedCampaign,
    options: AdFileOptions,
    settings: Settings,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> AdFileReport:
    """Make the ad files of a loaded campaign, whose lock the caller holds."""
    stage = Stage.DRAFT if options.preview else Stage.FINAL
    _, report = await make_surveyed(loaded, settings, only=options.only, stage=stage, tell=tell)
    return report


async def make_surveyed(
    loaded: LoadedCampaign,
    settings: Settings,
    *,
    only: tuple[str, ...] = (),
    stage: Stage = Stage.FINAL,
    tell: Callable[[str], None],
) -> tuple[CampaignState, AdFileReport]:
    """Make the ad files that are missing, changed or damaged; return the state as well."""
    output = open_output(settings.output)
    images, slug = images_in(output), loaded.campaign.slug
    signing = signing_for(loaded, settings)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(ledger_in(output, read_only=True))
        executor = await stack.enter_async_context(executor_for(settings, images, tell=tell))
        checks = open_checks(loaded, output)
        shown = stage is Stage.DRAFT
        state = await survey(ledger, loaded, only=only, shown=shown, checks=checks)
        await asyncio.to_thread(
            forget_damaged, AdFileRecord(output, slug), images, only=state.asked
        )
        await images.sweep(slug)
        examiner = PictureExaminer(images=images, executor=executor, checks=checks)
        maker = AdFileMaker(
            examiner=examiner,
            executor=await executor_that_signs(stack, executor, signing),
            output=output,
            campaign=slug,
            signing=signing,
        )
        return state, await make_ad_files(loaded, state, maker, stage=stage)


def approve_ad_files(options: VerdictOptions, settings: Settings) -> AdFilesDecided:
    """Approve flagged ad files, or withdraw that, and write the review file.

    `UsageError` if the glob fits no flagged ad file that is on disk and current.
    """
    require_ledger(settings.output)
    loaded = load(options, settings)
    return run_in_loop(_approve(loaded, options, settings))


async def _approve(
    loaded: LoadedCampaign, options: VerdictOptions, settings: Settings
) -> AdFilesDecided:
    output, slug, now = open_output(settings.output), loaded.campaign.slug, datetime.now(UTC)
    hold_to_file(output, slug, options.campaign)
    async with campaign_ledger(output, slug) as ledger:
        record = AdFileRecord(output, slug)
        checks = open_checks(loaded, output)
        state = await survey(ledger, loaded, checks=checks)
        plan = plan_ad_files(loaded, state, windows=record.windows, checks=checks)
        there = record.whole(images_in(output))
        flagged = _flagged(plan, there, checked_ad_files(checks, state, there, plan))
        matches = Globs([canonical_glob(options.cells)]).match
        names = tuple(name for name in flagged if matches(name))
        if not names:
            raise UsageError(
                f"no flagged ad file fits {options.cells}{did_you_mean(options.cells, flagged)}; "
                "`pipeline adfiles` lists those to look at"
            )
        decide_ad_files(
            record,
            [row for name in names for row in flagged[name]],
            approved=options.decision is Decision.APPROVED,
            by=options.by or reviewer_name(),
            at=stamp(now),
        )
        shown = await survey(ledger, loaded, shown=True)
        file, unwritten = review_file_of(options.campaign, slug, output=output), None
        try:
            await write_review_file(ledger, loaded, shown, file, now=now)
        except (CampaignError, UsageError, LocalFault) as error:
            unwritten = error
    return AdFilesDecided(names=names, unwritten=unwritten)


def _flagged(
    plan: AdFilePlan, there: Mapping[str, AdFileRow], results: AdFileResults
) -> Mapping[str, Sequence[AdFileRow]]:
    """Return the flagged ad files that are on disk and current, by `CELL@PLACEMENT`."""
    flagged: dict[str, list[AdFileRow]] = {}
    for planned in plan.files:
        row = there.get(planned.path)
        if row is None:
            continue
        if row.made.flags or any(one.needs_a_look for one in results[planned.path]):
            flagged.setdefault(f"{planned.cell}@{planned.placement}", []).append(row)
    return flagged
