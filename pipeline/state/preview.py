"""A preview of a run, for `plan`: images are counted one by one, and not kept.

It applies the rules of a run (`due`, `payers`, `picks`, `work_ahead`), and its memory does not
grow with the number of images.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType

from pipeline.campaign.cell_globs import compile_cell_globs
from pipeline.campaign.loading import LoadedCampaign
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Review
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.money import FREE, Amount, Quote
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Decision, Round
from pipeline.prompts.finals_check import finals_cost_alike, finals_repeat_drafts, price_finals
from pipeline.prompts.jobs import (
    NO_FURTHER_TAKES,
    FurtherTakes,
    plan_drafts,
    plan_finals,
)
from pipeline.state.campaign_state import awaits_verdict
from pipeline.state.checks.rerolls import Rerolls, most_rerolls
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.due import Due, Rules
from pipeline.state.lookup import Newest, newest_of, rounds_from
from pipeline.state.payers import Payers, UnsettledPurchases, paid_by, unsettled_entries
from pipeline.state.picks import Picks, SharedRedo, StaleApproval, picks_from, shared_redos
from pipeline.state.saved_plans import DueReason, LedgerLookup
from pipeline.state.work_ahead import BUYING, WorkAhead, looked_for

MOST_LISTED = 1000
"""Images that a plan lists one by one; the others are only counted."""

MOST_ROWS = 40
"""Most products that have a row of their own."""


@dataclass(slots=True)
class GridSquare:
    """One product in one size."""

    images: int = 0
    new: int = 0
    shared: int = 0
    """Images that another cell's render pays for."""


@dataclass(slots=True)
class GridRow:
    """One product."""

    squares: dict[str, GridSquare] = field(default_factory=dict)
    """By size."""
    new: int = 0
    amount: Amount = FREE


class SizeGrid:
    """The matrix as a table that fits a page: the first products down, sizes across."""

    def __init__(self) -> None:
        self.cells = 0
        self.takes = 1
        """The most takes that a cell has."""
        self.axes: dict[str, set[int]] = {}
        """Axis → hashes of its ids that occur; the ids of a feed would take thrice as much."""
        self.sizes: dict[str, None] = {}
        """In the order of the matrix."""
        self.rows: dict[str, GridRow] = {}

    @property
    def hidden(self) -> int:
        """Products that have no row of their own."""
        products = self.axes.get("product")
        return (self.cells if products is None else len(products)) - len(self.rows)

    def add(self, job: Job, *, new: bool, price: Amount) -> None:
        """Count one image; `new`: it would be bought."""
        axes = dict(job.at.axes)
        size = axes.get("size", "")
        if job.at.take == 1:
            self.cells += 1
            self.sizes.setdefault(size)
            for axis, value in axes.items():
                known = self.axes.get(axis)
                if known is None:
                    known = self.axes[axis] = set()
                known.add(hash(value))
        elif job.at.take > self.takes:
            self.takes = job.at.take
        row = self._row(axes.get("product", job.at.cell))
        if row is None:
            return
        square = row.squares.setdefault(size, GridSquare())
        square.images += 1
        square.shared += job.payer is not None
        if new:
            square.new += 1
            row.new += 1
            row.amount = Amount(row.amount + price)

    def _row(self, product: str) -> GridRow | None:
        row = self.rows.get(product)
        if row is None and len(self.rows) < MOST_ROWS:
            row = self.rows[product] = GridRow()
        return row


Plan = Callable[[], Iterator[Job]]
"""Plans the images of one stage; it may be called again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a run would do, in numbers."""

    stages: Mapping[Stage, WorkAhead]
    known: LedgerLookup
    reasons: Mapping[DueReason, int]
    """Images to buy for each reason, over all stages, in the order of `DueReason`."""
    grid: SizeGrid
    """Of the first stage."""
    finals: Quote
    """What finals of every cell would cost."""
    rerolls_at_most: Amount
    """What new takes of images that miss a check can cost in the next run."""
    waiting: int
    """Cells whose stored drafts wait for a verdict."""
    shared_redos: Sequence[SharedRedo]
    """Cells that share an image with a cell that is to be redone."""
    stale: Sequence[StaleApproval]
    """Approvals that no longer hold: no finals are made of them."""
    gone: Sequence[Entry]
    """Stored images that the campaign no longer contains; their files are kept."""
    likely: Mapping[Stage, Amount] = field(default_factory=lambda: MappingProxyType({}))
    """What the images of a stage that are bought will probably cost; `stages` has the most."""


async def preview_run(
    ledger: Ledger,
    loaded: LoadedCampaign,
    *,
    rules: Rules,
    only: Sequence[str] = (),
    alive: bool = False,
    checks: CampaignChecks | None = None,
) -> Preview:
    """Count what a run would do; write nothing, send nothing, keep only jobs of approved cells."""
    record = await ledger.record(loaded.campaign.slug)
    verdicts = newest_of(record.verdicts)
    rounds, finals = (rounds_from(record.verdicts, stage=stage) for stage in Stage)
    counter = _PreviewBuilder(
        loaded, known=LedgerLookup(record.entries), rules=rules, only=only, alive=alive
    )
    counter.checks, counter.verdicts = checks, verdicts
    counter.shared_redos = shared_redos(verdicts, counter.known.entries)

    def count() -> Preview:
        counter.count_drafts(rounds, verdicts)
        known = counter.known.entries
        picks = picks_from(verdicts, counter.approved, known, rounds=rounds, finals=finals)
        counter.count_finals(picks)
        return counter.preview()

    return await asyncio.to_thread(count)


class _PreviewBuilder:
    """Plans the images of a campaign one by one and counts them."""

    def __init__(
        self,
        loaded: LoadedCampaign,
        *,
        known: LedgerLookup,
        rules: Rules,
        only: Sequence[str],
        alive: bool,
    ) -> None:
        self.loaded = loaded
        self.known = known
        self.rules = rules
        self.only = only
        self.alive = alive
        self.checks: CampaignChecks | None = None
        self.verdicts: Newest = {}
        self.shared_redos: Sequence[SharedRedo] = ()
        self.approved: list[Job] = []
        """Drafts of the approved cells, with their actual payers."""
        self._stale: list[StaleApproval] = []
        self._waiting = 0
        self._verdicts: Newest | None = None
        """Of drafts; `None` if nobody reviews them."""
        self._glob = compile_cell_globs(only)
        self._grid = SizeGrid()
        self._stages: dict[Stage, WorkAhead] = {}
        self._likely: dict[Stage, Amount] = {}
        self._rerolls: dict[Stage, Rerolls] = {}
        self._rerolls_cost: dict[Stage, int] = {}
        self._reasons: dict[Stage, Counter[DueReason]] = {}
        self._unsettled = UnsettledPurchases(unsettled_entries(known.entries))
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

        def plan() -> Iterator[Job]:
            self.approved.clear()
            for job in self._with_rerolls(
                Stage.DRAFT,
                lambda further: plan_drafts(self.loaded, rounds=rounds, further=further),
            ):
                if job.at.cell in approved:
                    self.approved.append(job)
                yield job

        if self.loaded.campaign.stages[Stage.DRAFT].review is not Review.NONE:
            self._verdicts = verdicts
        payers = self._count(Stage.DRAFT, plan)
        moved = payers.moved(everybody=True)
        self.approved = [paid_by(job, moved) for job in self.approved]

    def count_finals(self, picks: Picks) -> None:
        """Count the finals of approved cells, or of all cells if nobody reviews drafts."""
        self._stale = [one for one in picks.stale if self._selected(one.cell)]
        if Stage.FINAL in self.loaded.campaign.stages:
            self._count(
                Stage.FINAL,
                lambda: self._with_rerolls(
                    Stage.FINAL,
                    lambda further: plan_finals(
                        self.loaded, picks=picks.approved, rounds=picks.rounds, further=further
                    ),
                ),
            )

    def _with_rerolls(
        self, stage: Stage, plan: Callable[[FurtherTakes], Iterator[Job]]
    ) -> Iterator[Job]:
        """Return the images of a stage; only a campaign with re-rolls keeps them in memory."""
        most = most_rerolls(self.loaded.campaign.checks, stage)
        if not most:
            return plan(NO_FURTHER_TAKES)
        rerolls = self._rerolls[stage] = Rerolls(
            stage=stage,
            entries=self.known.entries,
            verdicts=self.verdicts,
            checks=self.checks,
            most=most,
        )
        return iter(rerolls.added(lambda further: [*plan(further)]))

    def preview(self) -> Preview:
        """Return everything that was counted."""
        return Preview(
            stale=self._stale,
            stages=self._stages,
            known=self.known,
            reasons=self._reason_counts(),
            grid=self._grid,
            finals=self._all_finals(),
            likely=self._likely,
            rerolls_at_most=self._rerolls_at_most(),
            waiting=self._waiting,
            gone=[] if self.only else self._gone(),
            shared_redos=self.shared_redos,
        )

    def _gone(self) -> list[Entry]:
        """Return an entry for each file that no image of the campaign has."""
        stored = {
            key: entry.outcome.artifact.path
            for key, entry in self.known.entries.items()
            if isinstance(entry.outcome, Stored)
        }
        taken = {path for key, path in stored.items() if key not in self._unseen}
        files = {stored[key]: key for key in sorted(self._unseen) if stored[key] not in taken}
        return [self.known.entries[key] for key in files.values()]

    def _count(self, stage: Stage, plan: Plan) -> Payers:
        """Count a stage as planned, and again if another cell turns out to pay for an image."""
        selected = self._selected if self._glob else None
        payers = Payers(self.known.entries, selected=selected, unsettled=self._unsettled)
        first = not self._stages

        def watched() -> Iterator[Job]:
            for job in plan():
                payers.see(job)
                self._unseen.discard(job.key)
                yield job

        jobs = watched() if self.known.entries or selected else plan()
        self._count_once(stage, jobs, {}, first=first)
        moved = payers.moved()
        if moved:
            self._count_once(stage, plan(), moved, first=first)
        return payers

    def _count_once(
        self, stage: Stage, jobs: Iterator[Job], moved: Mapping[JobKey, JobKey], *, first: bool
    ) -> None:
        ahead = WorkAhead(
            entries=self.known.entries,
            rules=self.rules,
            most_listed=MOST_LISTED,
        )
        reasons, grid = Counter[DueReason](), SizeGrid()
        likely, new_takes = 0, 0
        verdicts = self._verdicts if stage is Stage.DRAFT and self.known.entries else None
        self._waiting = 0 if verdicts is not None else self._waiting
        cells = (
            (cell, [paid_by(job, moved) for job in takes])
            for cell, takes in groupby(jobs, key=lambda job: job.at.cell)
            if self._selected(cell)
        )
        for cell, images in looked_for(ahead, cells):
            for job in images:
                price = job.price
                if job.payer is None and not price:
                    price = self.loaded.profile.quote(job.request).at_most
                due = ahead.add(job, price=price)
                new = due in BUYING
                new_takes += self._new_takes(job, due) * price
                if new:
                    reasons[self.known.why(job)] += 1
                    likely += self.loaded.profile.quote(job.request).likely
                if first:
                    grid.add(job, new=new, price=price)
            if verdicts is not None:
                verdict = verdicts.get((cell, Stage.DRAFT))
                entries = self.known.entries
                self._waiting += awaits_verdict(images, entries, verdict, alive=self.alive)
        self._stages[stage], self._reasons[stage] = ahead, reasons
        self._likely[stage] = Amount(likely)
        self._rerolls_cost[stage] = new_takes
        if first:
            self._grid = grid

    def _new_takes(self, job: Job, due: Due) -> int:
        """Return how many new takes of an image the next run may buy besides those planned."""
        rerolls = self._rerolls.get(job.at.stage)
        if rerolls is None or job.payer is not None:
            return 0
        unexamined = self.checks is None or self.checks.unexamined(job, self.known.entries)
        return rerolls.left(job) if due is not Due.NOTHING or unexamined else 0

    def _rerolls_at_most(self) -> Amount:
        """Return what new takes can cost, also of the finals of drafts that checks approve."""
        draft, cost = self.loaded.campaign.stages.get(Stage.DRAFT), dict(self._rerolls_cost)
        most = most_rerolls(self.loaded.campaign.checks, Stage.FINAL)
        if most and draft is not None and draft.review is Review.AUTO:
            cost[Stage.FINAL] = max(cost.get(Stage.FINAL, 0), most * self._all_finals().at_most)
        return Amount(sum(cost.values()))

    def _reason_counts(self) -> dict[DueReason, int]:
        counts = sum(self._reasons.values(), Counter[DueReason]())
        return {reason: counts[reason] for reason in DueReason if counts[reason]}

    def _selected(self, cell: CellName) -> bool:
        return self._glob is None or self._glob.match(cell) is not None

    def _all_finals(self) -> Quote:
        """Return what finals of every cell would cost; the prompt of each is checked."""
        stages = self.loaded.campaign.stages
        if Stage.FINAL not in stages:
            return Quote.exact(FREE)
        draft = stages.get(Stage.DRAFT)
        if draft is None or draft.review is Review.NONE:
            return Quote.exact(self._stages[Stage.FINAL].worth)
        final = stages[Stage.FINAL]
        price = self.loaded.profile.one_price(final.quality, final.model)
        plain = finals_repeat_drafts(self.loaded) and finals_cost_alike(self.loaded)
        if self.only or not plain or price is None:
            return price_finals(self.loaded, only=self.only)
        return Quote.exact(Amount(self._stages[Stage.DRAFT].first_takes * final.takes * price))
