"""Making the ad files of a campaign without rendering anything."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pipeline.adfiles.contents import ContentsRecord
from pipeline.adfiles.record import AdFileRecord
from pipeline.app.campaign import load
from pipeline.app.commands.verdicts import VerdictOptions
from pipeline.app.event_loop import run_in_loop
from pipeline.app.open import ledger_in, require_ledger
from pipeline.app.options import CampaignOptions
from pipeline.app.run.ad_files import AdFileMaker, AdFileReport
from pipeline.app.run.examining import PictureExaminer
from pipeline.app.run.facts import reviewer_name, utc_stamp
from pipeline.campaign.cell_globs import Globs, canonical_glob
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import UsageError
from pipeline.executors.registry import open_executor
from pipeline.images.registry import images_in
from pipeline.model.ad_file import RecipeId
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.prompts.cells import check_only
from pipeline.settings import Settings
from pipeline.state.output.ad_files import AdFilePlan, plan_ad_files
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock
from pipeline.state.survey import survey
from pipeline.suggestions import did_you_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileOptions(CampaignOptions):
    """The campaign and the stage to make ad files of."""

    preview: bool = False
    """True for all stored drafts, into a separate folder."""


def make_campaign_ad_files(options: AdFileOptions, settings: Settings) -> AdFileReport:
    """Make the ad files of a campaign that are missing or changed; sends nothing.

    `LockHeld` if a run of the campaign is active, `UsageError` if nothing was ever rendered.
    """
    require_ledger(settings.output)
    loaded = load(options, settings)
    check_only(loaded, options.only)
    output = open_output(settings.output)
    with campaign_lock(output, loaded.campaign.slug):
        return run_in_loop(_make(loaded, options, settings))


async def _make(loaded: LoadedCampaign, options: AdFileOptions, settings: Settings) -> AdFileReport:
    output = open_output(settings.output)
    stage = Stage.DRAFT if options.preview else Stage.FINAL
    async with ledger_in(output, read_only=True) as ledger, open_executor() as executor:
        state = await survey(ledger, loaded, only=options.only, shown=options.preview)
        plan = await asyncio.to_thread(plan_ad_files, loaded, state, stage=stage)
        images = images_in(output)
        await images.sweep(loaded.campaign.slug)
        slug = loaded.campaign.slug
        record = ContentsRecord(output, slug)
        examiner = PictureExaminer(images=images, executor=executor, record=record)
        maker = AdFileMaker(examiner=examiner, output=output, campaign=slug)
        return await maker.make(plan, stage=stage, only=state.asked)


def approve_ad_files(options: VerdictOptions, settings: Settings) -> tuple[str, ...]:
    """Approve flagged ad files, or take that back, and return their names: `CELL@PLACEMENT`.

    `UsageError` if the glob fits no flagged ad file that is on disk and current.
    """
    require_ledger(settings.output)
    loaded = load(options, settings)
    output = open_output(settings.output)
    plan = run_in_loop(_planned(loaded, output))
    record = AdFileRecord(output, loaded.campaign.slug)
    there = record.whole(images_in(output))
    flagged: dict[str, list[RecipeId]] = {}
    for planned in plan.files:
        row = there.get(planned.path)
        if row is not None and row.made.flags:
            name = f"{planned.cell}@{planned.placement}"
            flagged.setdefault(name, []).append(row.made.recipe)
    matches = Globs([canonical_glob(options.cells)]).match
    names = tuple(name for name in flagged if matches(name))
    if not names:
        raise UsageError(
            f"no flagged ad file fits {options.cells}{did_you_mean(options.cells, flagged)}; "
            "`pipeline adfiles` lists those to look at"
        )
    by = "" if options.decision is Decision.UNDECIDED else options.by or reviewer_name()
    for name in names:
        for recipe in flagged[name]:
            record.approve(recipe, by=by, at=utc_stamp())
    return names


async def _planned(loaded: LoadedCampaign, output: Path) -> AdFilePlan:
    async with ledger_in(output, read_only=True) as ledger:
        return plan_ad_files(loaded, await survey(ledger, loaded))
