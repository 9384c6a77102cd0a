"""A verdict is bound to the very image that it is about, or it is not given at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from pipeline.errors import UsageError
from pipeline.model.job import Job
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.cleaned_text import clean_name, clean_note
from pipeline.state.lookup import Entries, artifact_of, entry_of


@dataclass(frozen=True, kw_only=True, slots=True)
class UnboundVerdict:
    """What somebody says about a cell, before it is bound to an image."""

    decision: Decision
    by: str
    at: datetime
    take: int | None = None
    note: str = ""


def bind(opinion: UnboundVerdict, jobs: Sequence[Job], entries: Entries) -> Verdict:
    """Bind an opinion on one cell to the image that it is about.

    `jobs` are the takes of that cell at one stage and round. Raises `UsageError` where the
    opinion has no image to stand on.
    """
    cell = jobs[0].at.cell
    stored = {job.at.take: job for job in jobs if artifact_of(job, entries) is not None}
    match opinion.decision:
        case Decision.APPROVED:
            looked_at = _approvable(opinion, jobs, stored)
        case Decision.REDO:
            if not any(_was_answered(job, entries) for job in jobs):
                raise UsageError(f"{cell} is not rendered yet: there is nothing to redo")
            looked_at = _looked_at(opinion, jobs, stored)
        case Decision.REJECTED | Decision.UNDECIDED:
            looked_at = _looked_at(opinion, jobs, stored)
        case _:
            assert_never(opinion.decision)
    artifact = artifact_of(looked_at, entries)
    return Verdict(
        cell=cell,
        stage=looked_at.at.stage,
        decision=opinion.decision,
        round=looked_at.at.round,
        take=looked_at.at.take,
        job=looked_at.key,
        sha256=artifact.sha256 if artifact is not None else "",
        by=clean_name(opinion.by),
        at=stamp(opinion.at),
        note=clean_note(opinion.note),
    )


def stamp(now: datetime) -> str:
    """A moment as verdicts keep it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _was_answered(job: Job, entries: Entries) -> bool:
    """Return whether a request for the image of a job has ended in any way."""
    entry = entry_of(job, entries)
    return entry is not None and entry.outcome is not None


def _approvable(opinion: UnboundVerdict, jobs: Sequence[Job], stored: Mapping[int, Job]) -> Job:
    cell = jobs[0].at.cell
    if not stored:
        raise UsageError(f"{cell} has no stored image yet: nothing to approve")
    if opinion.take is None:
        if len(stored) > 1:
            raise UsageError(f"{cell} has takes {_list(stored)}: say which with --take")
        return next(iter(stored.values()))
    if opinion.take not in stored:
        raise UsageError(f"{cell} has no stored take {opinion.take}; there is {_list(stored)}")
    return stored[opinion.take]


def _looked_at(opinion: UnboundVerdict, jobs: Sequence[Job], stored: Mapping[int, Job]) -> Job:
    for job in jobs:
        if job.at.take == opinion.take:
            return job
    if opinion.take is not None:
        raise UsageError(f"{jobs[0].at.cell} has no take {opinion.take}")
    return next(iter(stored.values()), jobs[0])


def _list(stored: Mapping[int, Job]) -> str:
    return ", ".join(str(take) for take in sorted(stored))
