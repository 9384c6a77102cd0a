"""`review: auto`: the best take of each draft by what can be measured."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Slug
from pipeline.model.job import Job, keys_of
from pipeline.model.outcome import Failed, InDoubt, Paid, PaidLost, Stored
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.binding import UnboundVerdict, bind
from pipeline.review.verdicts import same_word
from pipeline.state.lookup import Entries, artifact_of, by_cell, entry_of

AUTO = "auto"
"""Who gives a measured verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeScore:
    """What the checks say of one image."""

    passed: bool
    """Whether it may be chosen at all: whole, the right shape, not blank, alpha where asked."""
    score: float
    """Higher is better; takes are compared with each other only."""
    said: str
    """The scores in words, for the verdict's note."""


class MeasureImage(Protocol):
    """Looks at one stored image; CPU-heavy ones do it beside the event loop."""

    async def __call__(self, job: Job, artifact: Artifact) -> TakeScore:
        """Marks for the image of a job."""
        ...


async def auto_verdicts(
    ledger: Ledger, campaign: Slug, drafts: Sequence[Job], *, look: MeasureImage, now: datetime
) -> tuple[Verdict, ...]:
    """Approve the best take of every cell whose takes are all settled; returns the new verdicts.

    A person's word is never replaced, nor is an earlier measurement of the same image. A cell
    none of whose takes passes is left undecided: it waits for a person.
    """
    newest = await ledger.verdicts(campaign)
    entries = await ledger.entries(keys_of(drafts))
    given: list[Verdict] = []
    for cell, jobs in by_cell(drafts).items():
        before = newest.get((cell, jobs[0].at.stage))
        if before is not None and before.by != AUTO and before.round == jobs[0].at.round:
            continue
        if not all(_settled(job, entries) for job in jobs):
            continue
        best = await _best(jobs, entries, look)
        if best is None:
            continue
        take, said = best
        opinion = UnboundVerdict(decision=Decision.APPROVED, by=AUTO, at=now, take=take, note=said)
        verdict = bind(opinion, jobs, entries)
        if before is not None and same_word(before, verdict):
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
    """The best take and why; the lower take wins a draw."""
    seen: list[tuple[Job, asyncio.Task[TakeScore]]] = []
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            artifact = artifact_of(job, entries)
            if artifact is not None:
                seen.append((job, group.create_task(look(job, artifact))))
    marks = [(job.at.take, task.result()) for job, task in seen]
    passed = [(take, mark) for take, mark in marks if mark.passed]
    if not passed:
        return None
    take, _ = max(passed, key=lambda one: (one[1].score, -one[0]))
    return take, "; ".join(f"take {number}: {mark.said}" for number, mark in marks)


def _settled(job: Job, entries: Entries) -> bool:
    """Whether waiting would bring nothing more: stored, or ended without an image."""
    entry = entry_of(job, entries)
    match entry.outcome if entry is not None else None:
        case Stored() | PaidLost() | Failed():
            return True
        case Paid() | InDoubt() | None:
            return False
