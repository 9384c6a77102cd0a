"""A campaign held against its ledger, image by image; what is kept are the counts."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.rules import name_glob
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import CellName, Review, Stage
from pipeline.model.credits import FREE, Credits
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Decision, Round
from pipeline.prompts.jobs import plan_drafts, plan_finals
from pipeline.state.counted_work import CountedWork
from pipeline.state.due import Rules, stored_sizes
from pipeline.state.finals_check import finals_cost_alike, finals_repeat_drafts, price_finals
from pipeline.state.payers import Payers
from pipeline.state.picks import Newest, Picks, picks_from
from pipeline.state.rounds import read_rounds
from pipeline.state.saved_plans import LedgerLookup
from pipeline.state.size_grid import SizeGrid
from pipeline.state.survey import awaits_verdict

Draw = Callable[[], Iterator[Job]]
"""Plans the images of one stage; may be called again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a run would do, in numbers."""

    stages: Mapping[Stage, CountedWork]
    grid: SizeGrid
    """Of the first stage."""
    finals_at_most: Credits
    """What finals of every cell would cost."""
    waiting: int
    """Cells whose stored drafts nobody has decided on, where somebody is asked."""
    gone: Sequence[Entry]
    """Images on disk that the campaign, as it is now, does not ask for; their files are kept."""


async def preview_run(
    ledger: Ledger, loaded: LoadedCampaign, *, rules: Rules, only: Sequence[str] = ()
) -> Preview:
    """Count what a run would do; writes nothing, sends nothing, keeps no job of a plain cell."""
    campaign = loaded.campaign.slug
    verdicts = await ledger.verdicts(campaign)
    rounds = await read_rounds(ledger, campaign)
    finals = await read_rounds(ledger, campaign, stage=Stage.FINAL)
    census = _ImageCount(
        loaded,
        known=LedgerLookup.of(await ledger.campaign_entries(campaign)),
        rules=rules,
        only=only,
    )

    def count() -> Preview:
        census.count_drafts(rounds, verdicts)
        census.count_finals(
            picks_from(
                verdicts, census.approved, census.known.entries, rounds=rounds, finals=finals
            )
        )
        return census.preview()

    return await asyncio.to_thread(count)


class _ImageCount:
    """Draws the images of a campaign one by one and counts them."""

    def __init__(
        self, loaded: LoadedCampaign, *, known: LedgerLookup, rules: Rules, only: Sequence[str]
    ) -> None:
        self.loaded = loaded
        self.known = known
        self.rules = rules
        self.only = only
        self.approved: list[Job] = []
        """Drafts of the cells that were approved, with whoever paid for them."""
        self._waiting: set[CellName] = set()
        self._verdicts: Newest | None = None
        """Of drafts; `None` where nobody is asked."""
        self._glob = name_glob(only)
        self._grid = SizeGrid()
        self._stages: dict[Stage, CountedWork] = {}
        self._sizes = stored_sizes(known.entries.values(), rules.images)
        self._unseen = {
            key for key, entry in known.entries.items() if isinstance(entry.outcome, Stored)
        }

    def count_drafts(self, rounds: Mapping[CellName, Round], verdicts: Newest) -> None:
        """Count the first stage, and keep the drafts that finals may be made from."""
        if Stage.DRAFT not in self.loaded.campaign.stages:
            return
        approved = {
            cell for (cell, _), verdict in verdicts.items() if verdict.decision is Decision.APPROVED
        }

        def draw() -> Iterator[Job]:
            self.approved.clear()
            for job in plan_drafts(self.loaded, rounds=rounds):
                if job.at.cell in approved:
                    self.approved.append(job)
                yield job

        if self.loaded.campaign.stages[Stage.DRAFT].review is not Review.NONE:
            self._verdicts = verdicts
        payers = self._count(Stage.DRAFT, draw)
        moved = payers.moved(everybody=True)
        self.approved = [_led(job, moved) for job in self.approved]

    def count_finals(self, picks: Picks) -> None:
        """Count the finals of approved cells, or of all cells where nobody is asked."""
        if Stage.FINAL in self.loaded.campaign.stages:
            self._count(
                Stage.FINAL,
                lambda: plan_finals(self.loaded, picks=picks.approved, rounds=picks.rounds),
            )

    def preview(self) -> Preview:
        """Everything that was counted."""
        gone = [] if self.only else [self.known.entries[key] for key in sorted(self._unseen)]
        return Preview(
            stages=self._stages,
            grid=self._grid,
            finals_at_most=self._at_most(),
            waiting=len(self._waiting),
            gone=gone,
        )

    def _count(self, stage: Stage, draw: Draw) -> Payers:
        """Count as planned; once more where an image turns out to be paid by another cell."""
        selected = self._selected if self._glob else None
        payers = Payers(self.known.entries, selected=selected)
        first = not self._stages

        def watched() -> Iterator[Job]:
            for job in draw():
                payers.see(job)
                self._unseen.discard(job.key)
                yield job

        unsettled = self.known.entries or selected
        self._tally(stage, watched() if unsettled else draw(), {}, first=first)
        moved = payers.moved()
        if moved:
            self._tally(stage, draw(), moved, first=first)
        return payers

    def _tally(
        self, stage: Stage, jobs: Iterator[Job], moved: Mapping[JobKey, JobKey], *, first: bool
    ) -> None:
        tally = self._stages[stage] = CountedWork(
            rules=self.rules, known=self.known, sizes=self._sizes
        )
        grid = SizeGrid()
        verdicts = self._verdicts if stage is Stage.DRAFT and self.known.entries else None
        self._waiting = set() if verdicts is not None else self._waiting
        for planned in jobs:
            if self._glob is not None and not self._selected(planned.at.cell):
                continue
            job = _led(planned, moved) if moved else planned
            own, price = job.payer is None, job.price
            if own and not price:
                price = self.loaded.profile.price(job.request.quality)
            new = tally.add(job, own=own, price=price)
            if verdicts is not None and awaits_verdict(job, self.known.entries, verdicts):
                self._waiting.add(job.at.cell)
            if first:
                grid.add(job, new=new, price=price)
        if first:
            self._grid = grid

    def _selected(self, cell: CellName) -> bool:
        return self._glob is None or self._glob.match(cell) is not None

    def _at_most(self) -> Credits:
        """What finals of every cell would cost; each of them is proven."""
        stages = self.loaded.campaign.stages
        if Stage.FINAL not in stages:
            return FREE
        draft = stages.get(Stage.DRAFT)
        if draft is None or draft.review is Review.NONE:
            return self._stages[Stage.FINAL].worth
        plain = finals_repeat_drafts(self.loaded) and finals_cost_alike(self.loaded)
        if self.only or not plain:
            return price_finals(self.loaded, only=self.only)
        price = self.loaded.profile.price(stages[Stage.FINAL].quality)
        return Credits(self._stages[Stage.DRAFT].first_takes * stages[Stage.FINAL].takes * price)


def _led(job: Job, moved: Mapping[JobKey, JobKey]) -> Job:
    """The job with whoever really pays for its image."""
    leader = job.payer or job.key
    payer = moved.get(leader)
    if payer is None:
        return job
    if payer == job.key:
        return replace(job, payer=None)
    return replace(job, payer=payer, price=FREE)
