"""What stands at the end of a run: one line per image, and the totals."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.ledger.base import AttemptRecord, Entry
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import CellName, Stage
from pipeline.model.credits import FREE, Credits, Spent
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import (
    Failed,
    InDoubt,
    Outcome,
    Rendered,
    Status,
    Stored,
    spent,
    status_of,
)
from pipeline.model.verdict import Verdict

PAID = frozenset({Status.STORED, Status.PENDING_DOWNLOAD, Status.PAID_LOST})
"""Statuses whose credits the provider has taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageLine:
    """One image of the campaign as it stands now."""

    job: Job
    status: Status
    outcome: Outcome | None
    credits: Credits
    shared_with: JobKey | None
    verdict: Verdict | None
    attempts: Sequence[AttemptRecord]
    checks: Mapping[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the provider put it; empty where it never said."""
        return self.outcome.url if isinstance(self.outcome, Stored | Rendered) else ""

    @property
    def artifact(self) -> Artifact | None:
        """The file, where it is on disk."""
        return self.outcome.artifact if isinstance(self.outcome, Stored) else None

    @property
    def reason(self) -> str:
        """Why there is no image."""
        if isinstance(self.outcome, Failed | InDoubt | Rendered):
            return self.outcome.reason
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """The account of a run manifest."""

    cells: int
    jobs: int
    counts: Mapping[Status, int]
    spent: Spent
    this_run: Credits
    gone: Credits
    """Paid for jobs that are no longer in the campaign or its rounds."""
    saved_by_reuse: Credits
    budget: Credits | None
    remaining: Credits | None
    by: Mapping[str, Mapping[str, Mapping[str, int]]]
    seconds: Sequence[float]
    """How long each answered request of this campaign took."""
    retries: int


def image_lines(
    jobs: Iterable[Job],
    *,
    entries: Mapping[JobKey, Entry],
    verdicts: Mapping[tuple[CellName, Stage], Verdict],
    attempts: Mapping[JobKey, Sequence[AttemptRecord]],
    checks: Mapping[str, Mapping[str, object]],
) -> list[ImageLine]:
    """One line per job, in plan order; a shared image stands under each of its cells."""
    lines = []
    for job in jobs:
        entry = entries.get(job.payer or job.key)
        outcome = entry.outcome if entry else None
        status = Status.RENDERING if entry and entry.rendering else status_of(outcome)
        verdict = verdicts.get((job.at.cell, job.at.stage))
        looked_at = verdict is not None and verdict.job == job.key
        sha256 = outcome.artifact.sha256 if isinstance(outcome, Stored) else ""
        lines.append(
            ImageLine(
                job=job,
                status=status,
                outcome=outcome,
                credits=spent(outcome).confirmed if not job.payer else FREE,
                shared_with=job.payer,
                verdict=verdict if looked_at else None,
                attempts=attempts.get(job.key, ()),
                checks=checks.get(sha256, {}),
            )
        )
    return lines


def add_up(
    lines: Sequence[ImageLine],
    *,
    spent: Spent,
    this_run: Spent,
    limits: Mapping[str, tuple[Credits, Credits]],
    tags: Mapping[str, str],
) -> Totals:
    """Total the lines, and hold them against what the ledger says was spent.

    `limits` gives, per budget scope that has one, the limit and what may still be spent.
    """
    paid = sum(line.credits for line in lines if line.status in PAID)
    prices = {line.job.key: line.job.price for line in lines}
    reused = sum(prices.get(line.shared_with, FREE) for line in lines if line.shared_with)
    budget, remaining = min(limits.values(), key=lambda pair: pair[1], default=(None, None))
    return Totals(
        cells=len({line.job.at.cell for line in lines}),
        jobs=len(lines),
        counts=Counter(line.status for line in lines),
        spent=spent,
        this_run=this_run.confirmed,
        gone=Credits(spent.confirmed - paid),
        saved_by_reuse=Credits(reused),
        budget=budget,
        remaining=remaining,
        by=_breakdown(lines, tags),
        seconds=sorted(_durations(lines)),
        retries=sum(max(0, len(line.attempts) - 1) for line in lines),
    )


def _breakdown(
    lines: Sequence[ImageLine], tags: Mapping[str, str]
) -> dict[str, dict[str, dict[str, int]]]:
    """Images and confirmed credits by stage, by every axis, and by tag."""
    by: dict[str, dict[str, dict[str, int]]] = {"stage": {}, "product": {}, "size": {}, "tag": {}}
    for line in lines:
        places = [("stage", str(line.job.at.stage)), *line.job.at.axes]
        places += [("tag", f"{name}={value}") for name, value in tags.items()]
        for axis, value in places:
            tally = by.setdefault(axis, {}).setdefault(
                value, {"images": 0, "stored": 0, "credits": 0}
            )
            tally["images"] += 1
            tally["stored"] += line.status is Status.STORED
            tally["credits"] += line.credits if line.status in PAID else 0
    return by


def _durations(lines: Sequence[ImageLine]) -> Iterable[float]:
    for line in lines:
        for attempt in line.attempts:
            if attempt.outcome == "paid" and attempt.ended:
                started = datetime.fromisoformat(attempt.started)
                yield (datetime.fromisoformat(attempt.ended) - started).total_seconds()


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which this share of a sorted sequence lies; `None` of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
