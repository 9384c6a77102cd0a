"""The lines of a run report, one for each image, and their totals."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.model.artifact import Artifact
from pipeline.model.entry import AttemptRecord, Entry, RunSpending
from pipeline.model.job import Job, JobKey
from pipeline.model.money import FREE, Amount, MoneyFormat, Spent, Unit
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import (
    Failed,
    InDoubt,
    Outcome,
    Paid,
    PaidLost,
    Status,
    Stored,
    spent,
)
from pipeline.model.packed.containers import HashIndex
from pipeline.model.ticket import Ticket
from pipeline.model.verdict import Verdict
from pipeline.state.budgets import BudgetLeft, tightest
from pipeline.state.lookup import entry_of, status_of_entry

PAID = frozenset({Status.STORED, Status.PENDING_DOWNLOAD, Status.PAID_LOST})
"""Statuses of images that the provider has charged for."""

_WITH_URL = Stored | Paid | PaidLost
_WITH_REASON = Failed | InDoubt | Paid | PaidLost


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageLine:
    """One image of the campaign, as it is now."""

    job: Job
    status: Status
    outcome: Outcome | None
    amount: Amount
    in_doubt: Amount
    """What it may have cost beyond its amount."""
    shared_with: JobKey | None
    verdict: Verdict | None
    attempts: Sequence[AttemptRecord]
    checks: Mapping[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The provider's URL of the image; empty if there is none."""
        return self.outcome.url if isinstance(self.outcome, _WITH_URL) else ""

    @property
    def artifact(self) -> Artifact | None:
        """The stored image; `None` if there is none."""
        return self.outcome.artifact if isinstance(self.outcome, Stored) else None

    @property
    def reason(self) -> str:
        """Why there is no image; empty if there is one."""
        return self.outcome.reason if isinstance(self.outcome, _WITH_REASON) else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """The totals of a run manifest."""

    cells: int
    jobs: int
    counts: Mapping[Status, int]
    spent: Spent
    this_run: Amount
    gone: Amount
    """Credits paid for jobs that are no longer in the campaign or its rounds."""
    saved_by_reuse: Amount
    budget: Amount | None
    remaining: Amount | None
    by: Mapping[str, Mapping[str, Mapping[str, int]]]
    seconds: Sequence[float]
    """Duration of each answered request of this campaign, in seconds, sorted."""
    retries: int
    money: MoneyFormat = field(default_factory=MoneyFormat)
    """How its amounts are written."""
    runs: Sequence[RunSpending] = ()
    """Every run that bought something for the campaign, on any account, oldest first."""
    earlier_verdicts: Sequence[Verdict] = ()
    """Those that no image shows, oldest first: a redo, and what was decided before."""
    ordered: Amount = FREE
    """The part of what is in doubt that is reserved for ordered images."""
    tickets: Sequence[Ticket] = ()
    """The open ones of the campaign, on any account, oldest first."""


def image_lines(
    jobs: Iterable[Job],
    *,
    entries: Mapping[JobKey, Entry],
    verdicts: Mapping[tuple[CellName, Stage], Verdict],
    attempts: Mapping[JobKey, Sequence[AttemptRecord]],
    checks: Mapping[str, Mapping[str, object]],
) -> list[ImageLine]:
    """Return one line per job, in plan order; a shared image is listed for each of its cells."""
    lines = []
    for job in jobs:
        entry = entry_of(job, entries)
        outcome = entry.outcome if entry else None
        verdict = verdicts.get((job.at.cell, job.at.stage))
        cost = spent(outcome) if not job.payer else Spent()
        looked_at = verdict is not None and verdict.job == job.key
        sha256 = outcome.artifact.sha256 if isinstance(outcome, Stored) else ""
        lines.append(
            ImageLine(
                job=job,
                status=status_of_entry(entry, alive=True),
                outcome=outcome,
                amount=cost.confirmed,
                in_doubt=cost.in_doubt,
                shared_with=job.payer,
                verdict=verdict if looked_at else None,
                attempts=attempts.get(job.key, ()),
                checks=checks.get(sha256, {}),
            )
        )
    return lines


class Sums:
    """Adds up the lines of a campaign one at a time.

    Amounts are those of one account; `others` are the jobs whose images another one paid for.
    """

    def __init__(self, *, others: frozenset[JobKey] = frozenset()) -> None:
        self._others = others
        self.shares: Counter[JobKey] = Counter()
        """Job key of a payer → the images that are shared with it."""
        self._counts: Counter[Status] = Counter()
        self._cells = HashIndex()
        self._whole = [0, 0, 0]
        self._by: dict[str, dict[str, list[int]]] = {"stage": {}, "product": {}, "size": {}}
        """Axis → value → images, stored images, confirmed credits."""
        self._seconds = array("d")
        self._retries = 0

    def add(self, line: ImageLine) -> None:
        """Add one image."""
        at, status = line.job.at, line.status
        self._counts[status] += 1
        cell = hash(at.cell)
        if cell not in self._cells:
            self._cells.add(cell)
        if line.shared_with:
            self.shares[line.shared_with] += 1
        paid = line.amount if status in PAID and line.job.key not in self._others else 0
        stored = status is Status.STORED
        _count(self._whole, stored=stored, paid=paid)
        for axis, value in (("stage", at.stage.value), *at.axes):
            values = self._by.get(axis)
            if values is None:
                values = self._by[axis] = {}
            sums = values.get(value)
            if sums is None:
                sums = values[value] = [0, 0, 0]
            _count(sums, stored=stored, paid=paid)
        if line.attempts:
            self._seconds.extend(_durations(line.attempts))
            self._retries += len(line.attempts) - 1

    def totals(
        self,
        *,
        spent: Spent,
        this_run: Spent,
        saved_by_reuse: Amount,
        budgets: Sequence[BudgetLeft],
        tags: Mapping[str, str],
        unit: Unit,
    ) -> Totals:
        """Return the totals, combined with what the ledger says was spent."""
        budget = tightest(budgets)
        tagged = {f"{name}={value}": self._whole for name, value in tags.items()}
        by = self._by | {"tag": tagged if self._cells else {}}
        return Totals(
            cells=len(self._cells),
            jobs=self._whole[0],
            counts=self._counts,
            spent=spent,
            this_run=this_run.confirmed,
            gone=Amount(spent.confirmed - self._whole[2]),
            saved_by_reuse=saved_by_reuse,
            budget=budget.limit if budget is not None else None,
            remaining=budget.left if budget is not None else None,
            by={
                axis: {value: _by_name(sums, unit) for value, sums in values.items()}
                for axis, values in by.items()
            },
            seconds=array("d", sorted(self._seconds)),
            retries=self._retries,
        )


def _count(sums: list[int], *, stored: bool, paid: int) -> None:
    sums[0] += 1
    sums[1] += stored
    sums[2] += paid


def _by_name(sums: Sequence[int], unit: Unit) -> dict[str, int]:
    images, stored, amount = sums
    return {"images": images, "stored": stored, unit.field: amount}


def _durations(attempts: Sequence[AttemptRecord]) -> list[float]:
    return [
        (datetime.fromisoformat(one.ended) - datetime.fromisoformat(one.started)).total_seconds()
        for one in attempts
        if one.outcome == "paid" and one.ended
    ]


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return a percentile of a sorted sequence; `None` if it is empty. `share` is 0 to 1."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
