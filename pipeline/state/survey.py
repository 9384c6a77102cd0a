"""Where a campaign stands now: its jobs, what the ledger knows of them, and what waits."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.campaign.loading import LoadedCampaign
from pipeline.ledger.base import Ledger
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.model.campaign import CellName, Review, Stage
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey, keys_of
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Decision
from pipeline.prompts.cells import expand
from pipeline.prompts.jobs import plan_drafts, plan_finals
from pipeline.state.payers import settle_payers, share_out
from pipeline.state.picks import Newest, StaleApproval, picks_from
from pipeline.state.rounds import read_rounds, shown_rounds


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignState:
    """A campaign as it stands now: its jobs, and what is known of them."""

    jobs: Sequence[Job]
    """Every image of the campaign, also of cells that are not asked for."""
    asked: frozenset[CellName] | None
    """The cells that are asked for; `None`: all of them."""
    drafts: Sequence[Job]
    """Of the cells that are asked for, and below."""
    finals: Sequence[Job]
    """Of approved cells, or of all cells where nobody is asked."""
    entries: Mapping[JobKey, Entry]
    verdicts: Newest
    stale: Sequence[StaleApproval]
    waiting: Sequence[CellName]
    """Cells whose drafts are all there and wait for a person."""

    def of(self, stage: Stage) -> Sequence[Job]:
        """The jobs of one stage."""
        return self.drafts if stage is Stage.DRAFT else self.finals


async def survey(
    ledger: Ledger, loaded: LoadedCampaign, *, only: Sequence[str] = (), shown: bool = False
) -> CampaignState:
    """Plan the campaign against what the ledger knows of it; writes nothing, sends nothing.

    `shown` looks as a person does: a round that was asked for and not begun shows the one before.
    """
    with collection_paused():
        return await _surveyed(ledger, loaded, only=only, shown=shown)


async def _surveyed(
    ledger: Ledger, loaded: LoadedCampaign, *, only: Sequence[str], shown: bool
) -> CampaignState:
    campaign = loaded.campaign.slug
    verdicts = await ledger.verdicts(campaign)
    rounds = await read_rounds(ledger, campaign)
    again = await read_rounds(ledger, campaign, stage=Stage.FINAL)
    if shown:
        known = await ledger.campaign_entries(campaign)
        rounds = shown_rounds(rounds, verdicts, known)
        again = shown_rounds(again, verdicts, known, stage=Stage.FINAL)
    selected = None
    if only:
        selected = frozenset(cell.name for cell in expand(loaded, only=only))
    planned = await _listed(lambda: plan_drafts(loaded, rounds=rounds))
    entries = dict(await ledger.entries(keys_of(planned)))
    paid = settle_payers(planned, entries, selected=None)
    picks = picks_from(verdicts, paid, entries, rounds=rounds, finals=again)
    wanted = await _listed(lambda: plan_finals(loaded, picks=picks.approved, rounds=picks.rounds))
    entries.update(await ledger.entries(keys_of(wanted)))
    all_drafts = share_out(planned, entries, selected=selected)
    all_finals = share_out(wanted, entries, selected=selected)
    drafts = _of_cells(all_drafts, selected)
    return CampaignState(
        jobs=[*all_drafts, *all_finals],
        asked=selected,
        drafts=drafts,
        finals=_of_cells(all_finals, selected),
        entries=entries,
        verdicts=verdicts,
        stale=picks.stale,
        waiting=waiting_cells(loaded, drafts, entries, verdicts),
    )


def _of_cells(jobs: Sequence[Job], selected: frozenset[CellName] | None) -> Sequence[Job]:
    return jobs if selected is None else [job for job in jobs if job.at.cell in selected]


async def _listed(draw: Callable[[], Iterator[Job]]) -> list[Job]:
    """Every job that is drawn, off the event loop."""
    return await asyncio.to_thread(lambda: [*draw()])


def waiting_cells(
    loaded: LoadedCampaign,
    drafts: Sequence[Job],
    entries: Mapping[JobKey, Entry],
    verdicts: Newest,
) -> list[CellName]:
    """Cells with a stored draft and no verdict that still stands, where a person is asked."""
    settings = loaded.campaign.stages.get(Stage.DRAFT)
    if settings is None or settings.review is Review.NONE:
        return []
    waiting = (job.at.cell for job in drafts if awaits_verdict(job, entries, verdicts))
    return list(dict.fromkeys(waiting))


def awaits_verdict(draft: Job, entries: Mapping[JobKey, Entry], verdicts: Newest) -> bool:
    """Whether a draft is stored, and nothing that was said of its cell is about its round."""
    entry = entries.get(draft.payer or draft.key)
    if entry is None or not isinstance(entry.outcome, Stored):
        return False
    verdict = verdicts.get((draft.at.cell, Stage.DRAFT))
    if verdict is None or verdict.round != draft.at.round:
        return True
    return verdict.decision is Decision.UNDECIDED
