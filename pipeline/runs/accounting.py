"""Drawing up the account of a campaign: the ledger is asked, the lines are added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.ledger.base import Entry, Ledger
from pipeline.model.campaign import Campaign, CellName, Stage
from pipeline.model.credits import FREE, Budget, Credits
from pipeline.model.job import Job, JobKey
from pipeline.model.run import Run
from pipeline.model.verdict import Verdict
from pipeline.runs.report import ImageLine, Totals, add_up, image_lines

Checks = Mapping[str, Mapping[str, object]]
"""sha256 of an image → what was measured on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Every image of a campaign, and the totals."""

    lines: Sequence[ImageLine]
    totals: Totals


async def draw_up(
    ledger: Ledger,
    *,
    run: Run,
    campaign: Campaign,
    budget: Budget,
    jobs: Sequence[Job],
    entries: Mapping[JobKey, Entry],
    verdicts: Mapping[tuple[CellName, Stage], Verdict],
    checks: Checks,
) -> Account:
    """The account as it stands now; reads only."""
    lines = image_lines(
        jobs,
        entries=entries,
        verdicts=verdicts,
        attempts=await ledger.attempts([job.key for job in jobs]),
        checks=checks,
    )
    totals = add_up(
        lines,
        spent=await ledger.spent(campaign=campaign.slug, account=run.account),
        this_run=await ledger.spent(run=run.id),
        limits=await limits_left(ledger, run=run, budget=budget),
        tags=campaign.tags,
    )
    return Account(lines=lines, totals=totals)


async def limits_left(
    ledger: Ledger, *, run: Run, budget: Budget
) -> dict[str, tuple[Credits, Credits]]:
    """Per budget scope that has a limit: the limit, and what may still be spent."""
    month = f"{datetime.now(UTC):%Y-%m}"
    spent = {
        "run": await ledger.spent(run=run.id),
        "campaign": await ledger.spent(campaign=run.campaign, account=run.account),
        "month": await ledger.spent(account=run.account, month=month),
    }
    limits = {"run": budget.run, "campaign": budget.campaign, "month": budget.month}
    return {
        scope: (limit, max(FREE, Credits(limit - spent[scope].upper)))
        for scope, limit in limits.items()
        if limit is not None
    }
