"""The report of a run: every image of its campaign, read from the ledger and added up."""

import asyncio
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pipeline.ledger.base import Ledger
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.model.campaign import Campaign
from pipeline.model.check import CheckResult
from pipeline.model.entry import Entry, RunSpending
from pipeline.model.job import Job, JobKey, keys_of
from pipeline.model.money import Amount, Budget, MoneyFormat
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Status, is_doubtful
from pipeline.model.packed.containers import batched
from pipeline.model.run import Run
from pipeline.model.ticket import Ticket
from pipeline.model.verdict import Verdict
from pipeline.reports.image_rows import ImageRows
from pipeline.reports.run_manifest import ObjectFields, image_of, not_uploaded, table_columns
from pipeline.reports.totals import ImageLine, Sums, Totals, image_lines
from pipeline.state.budgets import budgets_left
from pipeline.state.ledger_figures import ordered_amount
from pipeline.state.lookup import newest_of, place

Checks = Mapping[str, Mapping[str, object]]
"""sha256 of an image → the results of its checks."""


AdFileRows = Mapping[str, Sequence[Mapping[str, object]]]
"""Job key → the ad files made of its image, as the run manifest has them."""
NO_AD_FILES: AdFileRows = MappingProxyType({})
ImageResults = Mapping[JobKey, Sequence[CheckResult]]
"""Job key → the results of the campaign's checks of its image."""

BATCH = 2000
"""Images whose attempts are in memory at one time."""
NAMED = 5
"""Most images of a status that are listed by name; the rows have all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportScope:
    """The images that a report covers."""

    jobs: Sequence[Job]
    """All jobs of the campaign."""
    asked: Container[CellName] | None = None
    """The cells that the run was asked for; `None` means all."""
    entries: Mapping[JobKey, Entry] | None = None
    """The ledger's entries of these jobs, if already read; otherwise they are read now."""
    results: ImageResults = field(default_factory=dict)
    objects: ObjectFields = not_uploaded
    """Where files are in an object store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """Every image of a campaign, and the totals."""

    totals: Totals
    rows: ImageRows
    asked: Mapping[Status, int]
    """Number of images per status, in the cells that the run was asked for."""
    doubtful: Counter[Status]
    """Number of images, in the same cells, of whose cost something is in doubt, by status.

    An image that cells share counts once.
    """
    tickets: Sequence[Ticket]
    """The open ones of the campaign on the account of the run."""
    named: Mapping[Status, Sequence[ImageLine]]
    """The first few images of each status, in the same cells."""

    @property
    def is_doubtful(self) -> bool:
        """True if a person has to find out what was charged, or whether a batch was ordered."""
        return bool(self.doubtful.total()) or any(one.waits_for_person for one in self.tickets)


def _images_of(
    lines: Sequence[ImageLine], money: MoneyFormat, ad_files: AdFileRows, scope: ReportScope
) -> list[dict[str, object]]:
    keys = [line.job.key for line in lines]
    return [
        image_of(
            line, money, ad_files.get(key, ()), scope.results.get(key, ()), objects=scope.objects
        )
        for line, key in zip(lines, keys, strict=True)
    ]


async def make_report(
    ledger: Ledger,
    *,
    run: Run,
    campaign: Campaign,
    budget: Budget,
    scope: ReportScope,
    verdicts: Sequence[Verdict],
    checks: Checks,
    ad_files: AdFileRows = NO_AD_FILES,
    scratch: Path | None = None,
) -> RunReport:
    """Return a report on the campaign as it is now, with the images of one batch in memory.

    `verdicts` are all of them, oldest first. `scratch` is a folder for temporary files.
    """
    jobs, entries, money = scope.jobs, scope.entries, campaign.money
    rows = ImageRows(table_columns(money.unit), scratch=scratch)
    runs, newest = await ledger.spent_by_run(campaign.slug), newest_of(verdicts)
    sums = Sums(others=await _paid_by_others(ledger, run, runs))
    shown: set[tuple[CellName, Stage]] = set()
    counts: Counter[Status] = Counter()
    doubtful: Counter[Status] = Counter()
    named: dict[Status, list[ImageLine]] = {}
    with collection_paused():
        for some in batched(jobs, BATCH):
            known = await ledger.entries(keys_of(some)) if entries is None else entries
            tried = await ledger.attempts([job.key for job in some])
            lines = image_lines(some, entries=known, verdicts=newest, attempts=tried, checks=checks)
            shown |= {place(line.verdict) for line in lines if line.verdict is not None}
            for line in lines:
                sums.add(line)
                if scope.asked is not None and line.job.at.cell not in scope.asked:
                    continue
                counts[line.status] += 1
                doubtful[line.status] += is_doubtful(line.outcome) and not line.shared_with
                if len(first := named.setdefault(line.status, [])) < NAMED:
                    first.append(line)
            await asyncio.to_thread(rows.add, _images_of(lines, money, ad_files, scope))
    totals = sums.totals(
        spent=await ledger.spent(campaign=campaign.slug, account=run.account),
        this_run=await ledger.spent(run=run.id),
        saved_by_reuse=_saved_by_reuse(jobs, sums.shares),
        budgets=await budgets_left(ledger, run=run, budget=budget, now=datetime.now(UTC)),
        tags=campaign.tags,
        unit=money.unit,
    )
    totals = replace(
        totals,
        money=money,
        runs=runs,
        ordered=await ordered_amount(ledger, campaign.slug, run.account),
        tickets=await ledger.open_tickets(campaign=campaign.slug),
        earlier_verdicts=[one for one in verdicts if _is_earlier(one, newest, shown)],
    )
    own = [one for one in totals.tickets if one.account == run.account]
    return RunReport(
        totals=totals, rows=rows, asked=counts, doubtful=doubtful, named=named, tickets=own
    )


def _saved_by_reuse(jobs: Iterable[Job], shares: Mapping[JobKey, int]) -> Amount:
    """Return the price of images that were not bought; `shares` counts those of each payer."""
    payers = (job for job in jobs if job.key in shares) if shares else ()
    return Amount(sum(job.price * shares[job.key] for job in payers))


async def _paid_by_others(
    ledger: Ledger, run: Run, runs: Sequence[RunSpending]
) -> frozenset[JobKey]:
    """Return the jobs of the campaign whose newest purchase is on another account."""
    if all(one.run.account == run.account for one in runs):
        return frozenset()
    accounts = (await ledger.record(run.campaign)).accounts
    return frozenset(key for key, account in accounts.items() if account != run.account)


def _is_earlier(
    verdict: Verdict,
    newest: Mapping[tuple[CellName, Stage], Verdict],
    shown: set[tuple[CellName, Stage]],
) -> bool:
    """Return whether no line of the report has this verdict."""
    at = place(verdict)
    return newest[at] is not verdict or at not in shown
