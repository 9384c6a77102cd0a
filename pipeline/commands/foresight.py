"""A campaign held against its ledger, image by image; what is kept are the counts."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.ledger.base import Entry, Ledger
from pipeline.model.campaign import CellName, Review, Stage
from pipeline.model.credits import FREE, Credits
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Decision, Round
from pipeline.planning.blueprint import Blueprint
from pipeline.planning.jobs import plan_drafts, plan_finals
from pipeline.planning.matrix.rules import name_glob
from pipeline.rendering.payers import Payers
from pipeline.reviewing.rounds import read_rounds
from pipeline.reviewing.verdicts import Newest, Picks, picks_from
from pipeline.runs.due import Rules
from pipeline.runs.grid import Grid
from pipeline.runs.plans import Known
from pipeline.runs.proofs import finals_cost_alike, finals_repeat_drafts
from pipeline.runs.tally import Tally
from pipeline.workflow import awaits_verdict, price_finals

Draw = Callable[[], Iterator[Job]]
"""Plans the images of one stage; may be called again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foresight:
    """What a run would do, in numbers."""

    stages: Mapping[Stage, Tally]
    grid: Grid
    """Of the first stage."""
    finals_at_most: Credits
    """What finals of every cell would cost."""
    waiting: int
    """Cells whose stored drafts nobody has decided on, where somebody is asked."""
    gone: Sequence[Entry]
    """Images on disk that the campaign, as it is now, does not ask for; their files are kept."""


async def foresee(
    ledger: Ledger, blueprint: Blueprint, *, rules: Rules, only: Sequence[str] = ()
) -> Foresight:
    """Count what a run would do; writes nothing, sends nothing, keeps no job of a plain cell."""
    campaign = blueprint.campaign.slug
    verdicts = await ledger.verdicts(campaign)
    rounds = await read_rounds(ledger, campaign)
    finals = await read_rounds(ledger, campaign, stage=Stage.FINAL)
    census = _Census(
        blueprint,
        known=Known.of(await ledger.campaign_entries(campaign)),
        rules=rules,
        only=only,
    )

    def count() -> Foresight:
        census.count_drafts(rounds, verdicts)
        census.count_finals(
            picks_from(
                verdicts, census.approved, census.known.entries, rounds=rounds, finals=finals
            )
        )
        return census.foresight()

    return await asyncio.to_thread(count)


class _Census:
    """Draws the images of a campaign one by one and counts them."""

    def __init__(
        self, blueprint: Blueprint, *, known: Known, rules: Rules, only: Sequence[str]
    ) -> None:
        self.blueprint = blueprint
        self.known = known
        self.rules = rules
        self.only = only
        self.approved: list[Job] = []
        """Drafts of the cells that were approved, with whoever paid for them."""
        self._waiting: set[CellName] = set()
        self._verdicts: Newest | None = None
        """Of drafts; `None` where nobody is asked."""
        self._glob = name_glob(only)
        self._grid = Grid()
        self._stages: dict[Stage, Tally] = {}
        self._unseen = {
            key for key, entry in known.entries.items() if isinstance(entry.outcome, Stored)
        }

    def count_drafts(self, rounds: Mapping[CellName, Round], verdicts: Newest) -> None:
        """Count the first stage, and keep the drafts that finals may be made from."""
        if Stage.DRAFT not in self.blueprint.campaign.stages:
            return
        approved = {
            cell for (cell, _), verdict in verdicts.items() if verdict.decision is Decision.APPROVED
        }

        def draw() -> Iterator[Job]:
            self.approved.clear()
            for job in plan_drafts(self.blueprint, rounds=rounds):
                if job.at.cell in approved:
                    self.approved.append(job)
                yield job

        if self.blueprint.campaign.stages[Stage.DRAFT].review is not Review.NONE:
            self._verdicts = verdicts
        payers = self._count(Stage.DRAFT, draw)
        moved = payers.moved(everybody=True)
        self.approved = [_led(job, moved) for job in self.approved]

    def count_finals(self, picks: Picks) -> None:
        """Count the finals of approved cells, or of all cells where nobody is asked."""
        if Stage.FINAL in self.blueprint.campaign.stages:
            self._count(
                Stage.FINAL,
                lambda: plan_finals(self.blueprint, picks=picks.approved, rounds=picks.rounds),
            )

    def foresight(self) -> Foresight:
        """Everything that was counted."""
        gone = [] if self.only else [self.known.entries[key] for key in sorted(self._unseen)]
        return Foresight(
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
        tally = self._stages[stage] = Tally(rules=self.rules, known=self.known)
        grid = Grid()
        verdicts = self._verdicts if stage is Stage.DRAFT and self.known.entries else None
        self._waiting = set() if verdicts is not None else self._waiting
        for planned in jobs:
            if self._glob is not None and not self._selected(planned.at.cell):
                continue
            job = _led(planned, moved) if moved else planned
            own, price = job.payer is None, job.price
            if own and not price:
                price = self.blueprint.profile.price(job.request.quality)
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
        stages = self.blueprint.campaign.stages
        if Stage.FINAL not in stages:
            return FREE
        draft = stages.get(Stage.DRAFT)
        if draft is None or draft.review is Review.NONE:
            return self._stages[Stage.FINAL].worth
        plain = finals_repeat_drafts(self.blueprint) and finals_cost_alike(self.blueprint)
        if self.only or not plain:
            return price_finals(self.blueprint, only=self.only)
        price = self.blueprint.profile.price(stages[Stage.FINAL].quality)
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
