"""The question before a run spends: what its work can cost, and what the budgets allow."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain

from pipeline.app.console import Console
from pipeline.app.run.manifest_writer import ManifestWriter
from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import FinalMode, Review
from pipeline.model.money import Amount
from pipeline.model.names import Stage
from pipeline.prompts.finals_check import finals_cost_alike, price_finals
from pipeline.state.budgets import budgets_left, tightest
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.rerolls import most_rerolls
from pipeline.state.work_ahead import WorkAhead


async def confirm_spending(
    writer: ManifestWriter,
    loaded: LoadedCampaign,
    state: CampaignState,
    ahead: Sequence[WorkAhead],
    *,
    console: Console,
) -> None:
    """Warn if a budget pays for only part of the work, and ask; `Declined` if refused.

    `ahead` is the work of each stage of the run, in order.
    """
    price = highest_price(loaded, state, ahead)
    now = datetime.now(UTC)
    limits = await budgets_left(writer.ledger, run=writer.run, budget=writer.budget, now=now)
    budget = tightest(limits)
    if budget is not None:
        if short := budget.shortfall(ahead):
            console.warn(f"{budget}, {short}; the run stops there")
        price = min(price, budget.left)
    images, money = sum(one.buying for one in ahead), loaded.campaign.money
    finals = what_finals_are(loaded) if any(map(_has_finals, ahead)) else ""
    console.confirm(loaded.profile, images=images, price=price, money=money, finals=finals)


def _has_finals(ahead: WorkAhead) -> bool:
    return any(job.at.stage is Stage.FINAL for job in ahead.to_buy)


def what_finals_are(loaded: LoadedCampaign) -> str:
    """Return what the finals of a campaign are, compared with the drafts that were approved."""
    final = loaded.campaign.stages.get(Stage.FINAL)
    if final is None or Stage.DRAFT not in loaded.campaign.stages:
        return ""
    if final.mode is FinalMode.REFINE:
        return "finals refine the approved drafts"
    if loaded.profile.caps.varies:
        return "finals repeat the approved drafts in full quality"
    return "finals are new pictures of the approved prompts, not the drafts in full quality"


def highest_price(
    loaded: LoadedCampaign, state: CampaignState, ahead: Sequence[WorkAhead]
) -> Amount:
    """Return the most that a run costs.

    It includes finals of drafts that the run approves by itself, and new takes of what misses a
    check.
    """
    due = sum(one.amount for one in ahead) + _new_takes(loaded, ahead)
    draft, final = (loaded.campaign.stages.get(stage) for stage in Stage)
    if draft is None or final is None or draft.review is not Review.AUTO:
        return Amount(due)
    if len(ahead) < len(Stage) or loaded.profile.play_money:
        return Amount(due)
    jobs = (job for one in ahead for job in chain(one.to_buy, one.to_fetch))
    cells = {job.at.cell for job in jobs if job.at.stage is Stage.DRAFT} | {*state.waiting}
    if not cells:
        return Amount(due)
    times = 1 + most_rerolls(loaded.campaign.checks, Stage.FINAL)
    one = loaded.profile.one_price(final.quality, final.model)
    if one is not None and finals_cost_alike(loaded):
        return Amount(due + len(cells) * final.takes * one * times)
    known = sum(job.price for job in state.finals)
    every = price_finals(loaded, only=sorted(state.asked or ())).at_most
    return Amount(max(due, due + (every - known) * times))


def _new_takes(loaded: LoadedCampaign, ahead: Sequence[WorkAhead]) -> int:
    """Return what new takes of the images that are due can cost."""
    jobs = (job for one in ahead for job in chain(one.to_buy, one.to_fetch))
    rules, quote = loaded.campaign.checks, loaded.profile.quote
    if not rules:
        return 0
    return sum(quote(job.request).at_most * most_rerolls(rules, job.at.stage) for job in jobs)
