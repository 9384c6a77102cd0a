"""Automatic review (`review: auto`): approve the best take of each cell by its checks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.artifact import Artifact
from pipeline.model.job import Job, keys_of
from pipeline.model.names import Slug
from pipeline.model.outcome import Failed, InDoubt, Paid, PaidLost, Stored
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.verdicts import UnboundVerdict, bind, is_same_opinion
from pipeline.state.lookup import Entries, artifact_of, by_cell, entry_of
from pipeline.system_errors import expected_errors

AUTO = "auto"
"""The reviewer named in verdicts that the automatic review gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeScore:
    """The result of the checks of one image."""

    passed: bool
    """True if every check passed, so that the image may be chosen."""
    score: float
    """Higher is better; takes are compared with each other only."""
    words: str = ""
    """Why it did not pass, for the note of the verdict; empty if it passed."""


class MeasureImage(Protocol):
    """Checks one stored image without blocking the event loop."""

    async def __call__(self, job: Job, artifact: Artifact) -> TakeScore:
        """Return the score of the image of a job."""
        ...


async def auto_verdicts(
    ledger: Ledger, campaign: Slug, drafts: Sequence[Job], *, look: MeasureImage, now: datetime
) -> tuple[Verdict, ...]:
    """Approve the best take of every cell whose takes have all ended; return the new verdicts.

    A person's verdict is never replaced, and an equal one is not given again. A cell of which no
    take passes stays undecided and waits for a person.
    """
    newest = await ledger.verdicts(campaign)
    entries = await ledger.entries(keys_of(drafts))
    given: list[Verdict] = []
    for cell, jobs in by_cell(drafts).items():
        before = newest.get((cell, jobs[0].at.stage))
        if before is not None and before.by != AUTO and before.round == jobs[0].at.round:
            continue
        if not all(_has_ended(job, entries) for job in jobs):
            continue
        best = await _best(jobs, entries, look)
        if best is None:
            continue
        take, words = best
        opinion = UnboundVerdict(decision=Decision.APPROVED, by=AUTO, at=now, take=take, note=words)
        verdict = bind(opinion, jobs, entries)
        if before is not None and is_same_opinion(before, verdict):
            continue
        base = before.revision if before is not None else 0
        try:
            given.append(await ledger.decide(verdict, campaign=campaign, base=base))
        except StaleVerdict:
            continue
    return tuple(given)


async def _best(
    jobs: Sequence[Job], entries: Entries, look: MeasureImage
) -> tuple[int, str] | None:
    """Return the best take, and why it is that one; of equal takes, the first."""
    measured: list[tuple[Job, asyncio.Task[TakeScore]]] = []
    with expected_errors():
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                artifact = artifact_of(job, entries)
                if artifact is not None:
                    measured.append((job, group.create_task(look(job, artifact))))
    scores = [(job.at.take, task.result()) for job, task in measured]
    passed = [(take, score) for take, score in scores if score.passed]
    if not passed:
        return None
    take, _ = max(passed, key=lambda one: (one[1].score, -one[0]))
    return take, _reason(take, scores)


def _reason(chosen: int, scores: Sequence[tuple[int, TakeScore]]) -> str:
    """Return why a take was chosen, in words for a person."""
    if len(scores) == 1:
        return "passed"
    failed = [(take, score.words) for take, score in scores if not score.passed]
    passed = [(take, score.score) for take, score in scores if score.passed]
    if len(passed) == 1:
        found = f"only take {chosen} passed"
    else:
        every = "both" if len(passed) == 2 else f"all {len(passed)}"  # noqa: PLR2004 - a pair
        several = every if not failed else f"{len(passed)} of {len(scores)}"
        alike = len({round(score, 3) for _, score in passed}) == 1
        found = f"{several} passed, {'first' if alike else f'take {chosen}'} taken"
    return "; ".join([found, *(f"take {take}: {words}" for take, words in failed)])


def _has_ended(job: Job, entries: Entries) -> bool:
    """Return whether the image is stored, or its request ended without one."""
    entry = entry_of(job, entries)
    match entry.outcome if entry is not None else None:
        case Stored() | PaidLost() | Failed():
            return True
        case Paid() | InDoubt() | None:
            return False
