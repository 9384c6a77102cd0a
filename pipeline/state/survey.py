"""Surveying a campaign: its current plan, compared with one read of the ledger."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from pipeline.campaign.loading import LoadedCampaign
from pipeline.ledger.base import Ledger
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.model.campaign import Campaign, Review
from pipeline.model.coordination import WHOLE, Shard
from pipeline.model.entry import CampaignRecord
from pipeline.model.job import Job
from pipeline.model.names import CellName, Stage
from pipeline.model.packed.containers import JoinedSequence
from pipeline.model.packed.rows import packed_jobs
from pipeline.model.verdict import Round
from pipeline.prompts.cells import expand
from pipeline.prompts.jobs import (
    NO_FURTHER_TAKES,
    FurtherTakes,
    plan_drafts,
    plan_finals,
)
from pipeline.state.campaign_state import CampaignState, awaits_verdict
from pipeline.state.checks.rerolls import Rerolls, most_rerolls
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.lookup import Entries, Newest, newest_of, rounds_from, shown_rounds
from pipeline.state.payers import share_out, unsettled_entries
from pipeline.state.picks import Picks, picks_from


class Planner(Protocol):
    """Plans the jobs of one campaign from its current files; called in a thread."""

    @property
    def campaign(self) -> Campaign:
        """The campaign that is planned."""
        ...

    def drafts(
        self, rounds: Mapping[CellName, Round], further: FurtherTakes = NO_FURTHER_TAKES
    ) -> Sequence[Job]:
        """Return the drafts in these rounds; raises `CampaignError` if one cannot be written.

        `further` are takes beyond those that the file asks for.
        """
        ...

    def finals(self, picks: Picks, further: FurtherTakes = NO_FURTHER_TAKES) -> Sequence[Job]:
        """Return the finals of what was approved; see `drafts`."""
        ...


class CampaignPlanner:
    """`Planner` over a loaded campaign."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self._loaded = loaded

    @property
    def campaign(self) -> Campaign:
        """See `Planner`."""
        return self._loaded.campaign

    def drafts(
        self, rounds: Mapping[CellName, Round], further: FurtherTakes = NO_FURTHER_TAKES
    ) -> Sequence[Job]:
        """See `Planner`."""
        return packed_jobs(plan_drafts(self._loaded, rounds=rounds, further=further))

    def finals(self, picks: Picks, further: FurtherTakes = NO_FURTHER_TAKES) -> Sequence[Job]:
        """See `Planner`."""
        return packed_jobs(
            plan_finals(self._loaded, picks=picks.approved, rounds=picks.rounds, further=further)
        )


async def survey(
    ledger: Ledger,
    loaded: LoadedCampaign,
    *,
    only: Sequence[str] = (),
    shard: Shard = WHOLE,
    shown: bool = False,
    alive: bool = False,
    checks: CampaignChecks | None = None,
) -> CampaignState:
    """Plan the campaign against what the ledger knows of it; writes nothing, sends nothing.

    A `shard` selects some of the cells as `only` does, after it is known who pays for what is
    shared. `shown` plans what a reviewer sees: until a redo has begun, the round before it. `alive`
    says that a run of the campaign is active. With `checks`, the re-rolls that they ask for are
    planned; otherwise only those that the ledger has.
    """
    with collection_paused():
        record = await ledger.record(loaded.campaign.slug)
        selected = None
        if only:
            selected = frozenset(cell.name for cell in expand(loaded, only=only))
        return await asyncio.to_thread(
            state_from,
            record,
            CampaignPlanner(loaded),
            selected=selected,
            shard=shard,
            shown=shown,
            alive=alive,
            checks=checks,
        )


def state_from(
    record: CampaignRecord,
    planner: Planner,
    *,
    selected: frozenset[CellName] | None = None,
    shard: Shard = WHOLE,
    shown: bool = False,
    alive: bool = False,
    checks: CampaignChecks | None = None,
) -> CampaignState:
    """Plan a campaign against a record of the ledger; see `survey`."""
    verdicts = newest_of(record.verdicts)
    entries = record.entries
    rounds = rounds_from(record.verdicts)
    final_rounds = rounds_from(record.verdicts, stage=Stage.FINAL)
    if shown:
        rounds = shown_rounds(rounds, verdicts, entries.values())
        final_rounds = shown_rounds(final_rounds, verdicts, entries.values(), stage=Stage.FINAL)
    rules = planner.campaign.checks

    def rerolls(stage: Stage) -> Rerolls:
        most = most_rerolls(rules, stage)
        return Rerolls(stage=stage, entries=entries, verdicts=verdicts, checks=checks, most=most)

    planned = rerolls(Stage.DRAFT).added(
        lambda further: planner.drafts(rounds, further) if further else planner.drafts(rounds)
    )
    unsettled = unsettled_entries(entries)

    def shared(jobs: Sequence[Job], among: frozenset[CellName] | None) -> Sequence[Job]:
        return share_out(jobs, entries, selected=among, unsettled=unsettled)

    paid = shared(planned, None)
    picks = picks_from(verdicts, paid, entries, rounds=rounds, finals=final_rounds)
    planned_finals = rerolls(Stage.FINAL).added(
        lambda further: planner.finals(picks, further) if further else planner.finals(picks)
    )
    all_drafts = paid if selected is None else shared(planned, selected)
    all_finals = shared(planned_finals, selected)
    if shard != WHOLE:
        cells = shard.cells_of(JoinedSequence(all_drafts, all_finals))
        selected = cells if selected is None else selected & cells
    drafts = _of_cells(all_drafts, selected)
    return CampaignState(
        jobs=JoinedSequence(all_drafts, all_finals),
        asked=selected,
        drafts=drafts,
        finals=_of_cells(all_finals, selected),
        entries=entries,
        verdicts=verdicts,
        stale=picks.stale,
        waiting=_waiting(planner.campaign, drafts, entries, verdicts, alive=alive),
        alive=alive,
    )


def _of_cells(jobs: Sequence[Job], selected: frozenset[CellName] | None) -> Sequence[Job]:
    if selected is None:
        return jobs
    return packed_jobs(job for job in jobs if job.at.cell in selected)


def _waiting(
    campaign: Campaign,
    drafts: Sequence[Job],
    entries: Entries,
    verdicts: Newest,
    *,
    alive: bool,
) -> list[CellName]:
    """Return the cells that wait for a verdict; none if nobody reviews drafts."""
    settings = campaign.stages.get(Stage.DRAFT)
    if settings is None or settings.review is Review.NONE or not entries:
        return []
    return [
        cell
        for cell, takes in groupby(drafts, key=lambda job: job.at.cell)
        if awaits_verdict([*takes], entries, verdicts.get((cell, Stage.DRAFT)), alive=alive)
    ]
