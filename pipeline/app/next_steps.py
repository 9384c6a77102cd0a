"""What a person can do after a run: following it undoes nothing and buys nothing unsaid."""

from collections.abc import Iterator, Mapping

from pipeline.app.next_command import next_step
from pipeline.app.options import CampaignOptions
from pipeline.model.campaign import CellName, Stage
from pipeline.model.job import Job
from pipeline.model.outcome import Failed, FailureKind, Status
from pipeline.state.campaign_state import CampaignState
from pipeline.state.lookup import artifact_of, entry_of

MOST_APPROVALS = 3
"""Cells that are offered for approval one by one; beyond it the page is the place to choose."""


def steps_onward(
    options: CampaignOptions, counts: Mapping[Status, int], state: CampaignState
) -> list[tuple[str, str]]:
    """(`Next`, `then` or `or`, a command) in the order in which they make sense."""
    steps: list[tuple[str, str]] = []
    if counts.get(Status.IN_DOUBT):
        steps.append(("then", next_step(options, "resolve")))
    if state.waiting or state.stale:
        steps.append(("then", next_step(options, "review")))
    steps += [("or", next_step(options, "approve", *words)) for words in _approvals(state)]
    failed = _failed(state) if counts.get(Status.FAILED) else frozenset()
    unfinished = counts.get(Status.PLANNED) or counts.get(Status.PENDING_DOWNLOAD)
    if state.waiting or unfinished or FailureKind.NOT_SENT in failed:
        steps.append(("then", next_step(options, "run")))
    if counts.get(Status.REFUSED) or FailureKind.REJECTED in failed:
        retry = next_step(options, "run", "--retry-failed")
        steps.append(("or", f"{retry}, or change the words"))
    if counts.get(Status.PAID_LOST):
        again = next_step(options, "run", "--rebuy-lost")
        steps.append(("or", f"{again}, which pays for the lost ones again"))
    return [("Next" if nth == 0 else word, step) for nth, (word, step) in enumerate(steps)]


def _approvals(state: CampaignState) -> Iterator[tuple[str, ...]]:
    """Words for `approve` that reach no cell that was decided on and none without an image.

    A glob would give those another verdict, and their finals would be bought once more.
    """
    waiting = {*state.waiting}
    if len(waiting) > MOST_APPROVALS:
        cells = {job.at.cell for job in state.jobs if job.at.stage is Stage.DRAFT}
        if {job.at.cell for job in _stored(state, take=1)} == waiting == cells:
            yield "*", "--take", "1"
        return
    takes: dict[CellName, int] = {}
    for job in _stored(state):
        takes.setdefault(job.at.cell, job.at.take)
    for cell in state.waiting:
        yield cell, "--take", str(takes[cell])


def _stored(state: CampaignState, *, take: int | None = None) -> Iterator[Job]:
    for job in state.drafts:
        if artifact_of(job, state.entries) is not None and take in {None, job.at.take}:
            yield job


def _failed(state: CampaignState) -> frozenset[FailureKind]:
    jobs = (*state.drafts, *state.finals)
    entries = (entry_of(job, state.entries) for job in jobs)
    outcomes = (entry.outcome for entry in entries if entry is not None)
    return frozenset(outcome.kind for outcome in outcomes if isinstance(outcome, Failed))
