"""The figures of a campaign that run, plan, status, page and sheet show, each with its unit."""

import hashlib
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model.job import Job
from pipeline.model.money import FREE, Amount
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Status
from pipeline.model.verdict import Round
from pipeline.state.campaign_state import CampaignState, CellState, valid_decision
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.due import Rules
from pipeline.state.lookup import Entries, bought_as, by_cell, entry_of, status_of_entry
from pipeline.state.work_ahead import WorkAhead, work_ahead

FIRST_ROUND = Round()


@dataclass(frozen=True, kw_only=True, slots=True)
class StageFigures:
    """One stage of a campaign in numbers."""

    cells: int
    """Cells that have images at this stage, or should have."""
    images: Mapping[Status, int]
    """Images by status; a shared image counts under each of its cells."""
    decided: Mapping[CellState, int]
    """Cells by the verdict that holds; a stale approval is `stale`."""
    to_buy: int
    """Images that a run would buy, shared ones counted once."""
    to_download: int
    """Images that a run would download without a new charge."""
    ahead: Amount
    """The most that buying them costs."""

    @property
    def stored(self) -> int:
        """Images that are stored."""
        return self.images.get(Status.STORED, 0)

    @property
    def in_doubt(self) -> int:
        """Images that may have been charged and were not received."""
        return self.images.get(Status.IN_DOUBT, 0)

    @property
    def approved(self) -> int:
        """Cells with an approval that holds."""
        return self.decided.get(CellState.APPROVED, 0)

    @property
    def stale(self) -> int:
        """Cells with an approval that no longer holds."""
        return self.decided.get(CellState.STALE, 0)


def stage_figures(state: CampaignState, stage: Stage, rules: Rules) -> StageFigures:
    """Count one stage of a campaign, over the cells that were asked for."""
    jobs = state.of(stage)
    statuses = (status_of_entry(entry_of(job, state.entries), alive=state.alive) for job in jobs)
    cells = by_cell(jobs)
    decisions = (
        valid_decision(takes, state.entries, state.verdicts.get((cell, stage)))
        for cell, takes in cells.items()
    )
    ahead = work_ahead(jobs, state.entries, rules)
    return StageFigures(
        cells=len(cells),
        images=Counter(statuses),
        decided=Counter(decision[0] for decision in decisions if decision is not None),
        to_buy=ahead.buying,
        to_download=ahead.fetching,
        ahead=ahead.amount,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class QuoteLine:
    """Images of one size at one price."""

    size: str
    count: int
    price: Amount


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchQuote:
    """What a launch of a stage would buy now; a run would buy the same."""

    stage: Stage
    cells: tuple[CellName, ...]
    """Cells that get an image, including those that share one."""
    images: int
    """Images that are bought, shared ones counted once."""
    lines: tuple[QuoteLine, ...]
    amount: Amount
    rerolls: Amount
    """The most that new takes of what misses a check cost besides."""
    plan: str
    """Id of exactly these images at these prices; another id is another purchase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RerollRules:
    """What decides how many new takes a launch can buy."""

    most: int
    """Most new takes of one image."""
    takes: int
    """Takes that the campaign file asks for."""
    checks: CampaignChecks | None
    """What is known of the images; `None` without checks."""

    def left(self, job: Job) -> int:
        """Return how many new takes of an image there can still be."""
        return max(0, self.most - (job.at.take - 1) // self.takes)


NO_REROLLS = RerollRules(most=0, takes=1, checks=None)


def launch_quote(
    state: CampaignState, stage: Stage, rules: Rules, rerolls: RerollRules = NO_REROLLS
) -> LaunchQuote:
    """Return what launching a stage would buy, in the rounds that a run would render."""
    ahead = work_ahead(state.of(stage), state.entries, rules)
    bought = {job.key for job in ahead.to_buy}
    cells = dict.fromkeys(job.at.cell for job in state.of(stage) if bought_as(job) in bought)
    lines = Counter((job.request.size, job.price) for job in ahead.to_buy)
    facts = sorted(f"{job.key} {job.price}" for job in ahead.to_buy)
    return LaunchQuote(
        stage=stage,
        cells=tuple(cells),
        images=ahead.buying,
        lines=tuple(QuoteLine(size=s, price=p, count=count) for (s, p), count in lines.items()),
        amount=ahead.amount,
        rerolls=_rerolls_at_most(
            state.of(stage), state.entries, ahead=ahead, rules=rerolls, cells=cells
        ),
        plan=hashlib.sha256("\n".join([stage, *facts]).encode()).hexdigest()[:16],
    )


def _rerolls_at_most(
    jobs: Sequence[Job],
    entries: Entries,
    *,
    ahead: WorkAhead,
    rules: RerollRules,
    cells: Container[CellName],
) -> Amount:
    """Return what new takes of the images of these cells can cost.

    Those are of images that a launch buys or downloads, or that were not checked yet.
    """
    if not rules.most:
        return FREE
    due = {job.key for job in (*ahead.to_buy, *ahead.to_fetch)}
    return Amount(
        sum(
            job.price * rules.left(job)
            for job in jobs
            if job.at.cell in cells
            and job.payer is None
            and (job.key in due or rules.checks is None or rules.checks.unexamined(job, entries))
        )
    )
