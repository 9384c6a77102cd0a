"""The workflow of a run on one page: plan, render drafts, choose, render finals."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.app.run.spending import what_finals_are
from pipeline.campaign.loading import LoadedCampaign
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Review
from pipeline.model.coordination import WHOLE, Shard
from pipeline.model.job import Job
from pipeline.model.names import Stage
from pipeline.model.packed.containers import JoinedSequence
from pipeline.model.run import Run
from pipeline.prompts.finals_check import prove_finals
from pipeline.purchasing.batches.collecting import Collecting
from pipeline.purchasing.events import StageOpening, Watcher
from pipeline.purchasing.renderer import Renderer
from pipeline.review.auto_review import MeasureImage, auto_verdicts
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.due import Rules
from pipeline.state.payers import images_to_share
from pipeline.state.survey import survey
from pipeline.state.upkeep.shared_images import make_way, show_shared
from pipeline.state.work_ahead import work_ahead
from pipeline.system_errors import expected_errors


@dataclass(frozen=True, kw_only=True, slots=True)
class RunScope:
    """The stages and the cells of this run."""

    stages: frozenset[Stage] = frozenset(Stage)
    only: tuple[str, ...] = ()
    shard: Shard = WHOLE


Examine = Callable[[Stage, CampaignState], Awaitable[None]]
"""Finds out what the checks need to know of the stored images of a stage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunContext:
    """Everything a run works with, opened by the caller."""

    run: Run
    loaded: LoadedCampaign
    ledger: Ledger
    renderer: Renderer
    rules: Rules
    score: MeasureImage
    watcher: Watcher
    checks: CampaignChecks
    examine: Examine
    folder: Path | None = None
    """The output folder if the images are in it; `None` if an object store keeps them."""
    collecting: Collecting | None = None
    """Collects what earlier runs ordered; `None` if the provider takes no batches."""


async def run_campaign(work: RunContext, scope: RunScope) -> CampaignState:
    """Bring a campaign as far as it can go; the caller has begun the run in the ledger.

    Safe to call again after any ending. Nothing is sent before every prompt of both stages has been
    written.
    """
    if work.collecting is not None:
        await work.collecting.collect()
    state = await _survey(work, scope)
    prove_finals(work.loaded, only=scope.only)
    await work.renderer.warm_up(now=work.rules.now)
    stages = scope.stages & set(work.loaded.campaign.stages)
    for stage in (one for one in Stage if one in stages):
        state = await render_and_reroll(work, scope, stage, state)
        await choose(work, stage, state)
        del state  # two states of a million images at one time would double the memory
        state = await _survey(work, scope)
    if work.collecting is not None:
        await work.collecting.forget_settled()
    if work.folder is not None:
        await asyncio.to_thread(show_shared, work.folder, state)
    return state


async def _survey(work: RunContext, scope: RunScope) -> CampaignState:
    shard, checks = scope.shard, work.checks
    state = await survey(work.ledger, work.loaded, only=scope.only, shard=shard, checks=checks)
    if await keep_shared(work.ledger, state):
        state = await survey(work.ledger, work.loaded, only=scope.only, shard=shard, checks=checks)
    return state


async def render_and_reroll(
    work: RunContext, scope: RunScope, stage: Stage, state: CampaignState
) -> CampaignState:
    """Render what is due at one stage, and new takes of what misses a check; return the state.

    It ends because every round renders only takes that were not planned before, and each image has
    a limited number of them.
    """
    while True:
        await render_stage(work, stage, state)
        if not work.checks.rules:
            return state
        await work.examine(stage, await _survey(work, scope))
        planned = {job.key for job in state.of(stage)}
        state = await _survey(work, scope)
        if planned.issuperset(job.key for job in state.of(stage)):
            return state


async def keep_shared(ledger: Ledger, state: CampaignState) -> int:
    """Give every cell that shares a stored image that image as its own; return their number."""
    sharing = images_to_share(state.jobs, state.entries)
    return await ledger.share(sharing) if sharing else 0


async def render_stage(work: RunContext, stage: Stage, state: CampaignState) -> None:
    """Render what is due at one stage."""
    ahead = work_ahead(state.of(stage), state.entries, work.rules)
    nothing: Sequence[Job] = ()
    to_order = ahead.to_buy if work.renderer.orders else nothing
    to_buy = nothing if work.renderer.orders else ahead.to_buy
    work.watcher.opened(
        StageOpening(
            stage=stage,
            jobs=ahead.jobs,
            to_buy=len(to_buy),
            to_fetch=len(ahead.to_fetch),
            to_order=len(to_order),
            amount=ahead.amount,
            money=work.loaded.campaign.money,
            note=what_finals_are(work.loaded) if stage is Stage.FINAL else "",
        )
    )

    to_do = JoinedSequence(ahead.to_fetch, to_buy)
    try:
        with expected_errors():
            if to_do or to_order:
                wanted = JoinedSequence(to_do, to_order)
                if work.folder is not None:
                    await asyncio.to_thread(make_way, work.folder, wanted, state.entries)
                await work.renderer.prepare_paths(wanted, state.entries)
            await work.renderer.render_all(to_do, state.entries, work.watcher.delivered)
            if to_order:
                await work.renderer.order_all(to_order, state.entries, work.watcher.delivered)
    finally:
        work.watcher.closed(stage)


async def choose(work: RunContext, stage: Stage, state: CampaignState) -> None:
    """Give verdicts on drafts by automatic checks, if the campaign says so."""
    settings = work.loaded.campaign.stages[stage]
    if stage is Stage.DRAFT and settings.review is Review.AUTO:
        await auto_verdicts(
            work.ledger,
            work.loaded.campaign.slug,
            state.drafts,
            look=work.score,
            now=datetime.now(UTC),
        )
