"""Making the ad files of a campaign without rendering anything."""

import asyncio
from dataclasses import dataclass

from pipeline.app.ad_files import AdFileMaker, AdFileReport
from pipeline.app.campaign import load
from pipeline.app.open import ledger_in, require_ledger
from pipeline.app.options import CampaignOptions
from pipeline.campaign.loading import LoadedCampaign
from pipeline.executors.registry import open_executor
from pipeline.images.registry import images_in
from pipeline.model.campaign import Stage
from pipeline.prompts.cells import check_only
from pipeline.settings import Settings
from pipeline.state.output.ad_files import plan_ad_files
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock
from pipeline.state.survey import survey


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileOptions(CampaignOptions):
    """Of which stage ad files are made."""

    preview: bool = False
    """Of all stored drafts, into a folder of their own."""


def make_campaign_ad_files(options: AdFileOptions, settings: Settings) -> AdFileReport:
    """Make the ad files of a campaign that are missing or changed; sends nothing.

    `LockHeld` if a run of the campaign is active, `UsageError` if nothing was ever rendered.
    """
    require_ledger(settings.output)
    loaded = load(options)
    check_only(loaded, options.only)
    output = open_output(settings.output)
    with campaign_lock(output, loaded.campaign.slug):
        return asyncio.run(_make(loaded, options, settings))


async def _make(loaded: LoadedCampaign, options: AdFileOptions, settings: Settings) -> AdFileReport:
    output = open_output(settings.output)
    stage = Stage.DRAFT if options.preview else Stage.FINAL
    async with ledger_in(output, read_only=True) as ledger, open_executor() as executor:
        state = await survey(ledger, loaded, only=options.only, shown=options.preview)
        plan = await asyncio.to_thread(plan_ad_files, loaded, state, stage=stage)
        images = images_in(output)
        await images.sweep(loaded.campaign.slug)
        maker = AdFileMaker(
            images=images, executor=executor, output=output, campaign=loaded.campaign.slug
        )
        return await maker.make(plan, stage=stage, only=state.asked)
