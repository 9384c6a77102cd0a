"""What a person can do after a run: following it undoes nothing and buys nothing unsaid."""

import argparse
from collections.abc import Iterator, Mapping

from pipeline.commands.nextstep import next_step
from pipeline.model.campaign import CellName, Stage
from pipeline.model.job import Job
from pipeline.model.outcome import Failed, FailureKind, Status, Stored
from pipeline.workflow import Standing

MOST_APPROVALS = 3
"""Cells that are offered for approval one by one; beyond it the page is the place to choose."""


def steps_onward(
    arguments: argparse.Namespace, counts: Mapping[Status, int], standing: Standing
) -> list[tuple[str, str]]:
    """(`Next`, `then` or `or`, a command) in the order in which they make sense."""
    steps: list[tuple[str, str]] = []
    if counts.get(Status.IN_DOUBT):
        steps.append(("then", next_step(arguments, "resolve")))
    if standing.waiting or standing.stale:
        steps.append(("then", next_step(arguments, "review")))
    steps += [("or", next_step(arguments, "approve", *words)) for words in _approvals(standing)]
    failed = _failed(standing) if counts.get(Status.FAILED) else frozenset()
    unfinished = counts.get(Status.PLANNED) or counts.get(Status.PENDING_DOWNLOAD)
    if standing.waiting or unfinished or FailureKind.NOT_SENT in failed:
        steps.append(("then", next_step(arguments, "run")))
    if counts.get(Status.REFUSED) or FailureKind.REJECTED in failed:
        retry = next_step(arguments, "run", "--retry-failed")
        steps.append(("or", f"{retry}, or change the words"))
    if counts.get(Status.PAID_LOST):
        again = next_step(arguments, "run", "--rebuy-lost")
        steps.append(("or", f"{again}, which pays for the lost ones again"))
    return [("Next" if nth == 0 else word, step) for nth, (word, step) in enumerate(steps)]


def _approvals(standing: Standing) -> Iterator[tuple[str, ...]]:
    """Words for `approve` that reach no cell that was decided on and none without an image.

    A glob would give those another verdict, and their finals would be bought once more.
    """
    waiting = {*standing.waiting}
    if len(waiting) > MOST_APPROVALS:
        cells = {job.at.cell for job in standing.jobs if job.at.stage is Stage.DRAFT}
        if {job.at.cell for job in _stored(standing, take=1)} == waiting == cells:
            yield "*", "--take", "1"
        return
    takes: dict[CellName, int] = {}
    for job in _stored(standing):
        takes.setdefault(job.at.cell, job.at.take)
    for cell in standing.waiting:
        yield cell, "--take", str(takes[cell])


def _stored(standing: Standing, *, take: int | None = None) -> Iterator[Job]:
    for job in standing.drafts:
        entry = standing.entries.get(job.payer or job.key)
        if entry is not None and isinstance(entry.outcome, Stored) and take in {None, job.at.take}:
            yield job


def _failed(standing: Standing) -> frozenset[FailureKind]:
    jobs = (*standing.drafts, *standing.finals)
    entries = (standing.entries.get(job.key) for job in jobs)
    outcomes = (entry.outcome for entry in entries if entry is not None)
    return frozenset(outcome.kind for outcome in outcomes if isinstance(outcome, Failed))
