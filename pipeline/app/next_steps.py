"""Suggested next commands; none of them withdraws a verdict or buys anything unexpected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from pipeline.app.options import CampaignOptions, next_step
from pipeline.errors import PipelineError, ProviderStopped
from pipeline.model.coordination import WHOLE
from pipeline.model.job import Job
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Failed, FailureKind, Status
from pipeline.state.campaign_state import CampaignState
from pipeline.state.lookup import artifact_of, entry_of

MOST_APPROVALS = 3
"""Most cells that get an `approve` command each; for more, the page is suggested."""


def steps_onward(
    options: CampaignOptions,
    counts: Mapping[Status, int],
    state: CampaignState,
    *,
    reason: PipelineError | None = None,
    doubtful: bool = False,
    to_look_at: Sequence[tuple[CellName, str]] = (),
    ordered: bool = False,
) -> list[tuple[str, str]]:
    """Return pairs of `Next`, `then` or `or` and a command, in the order to use them.

    A remark on a command stands after `  # `, so that the line can be copied with it.

    `reason` is why the run stopped. If only a person can resolve it, that step comes first, since
    another run would end the same way. `doubtful`: something is in doubt that
    only a person can settle.
    `to_look_at`: cell and placement of the ad files that a person has to look at. `ordered`:
    a run of the whole campaign collects what is being made.
    """
    steps: list[tuple[str, str]] = []
    if isinstance(reason, ProviderStopped) and reason.remedy:
        steps.append(("then", reason.remedy))
    if counts.get(Status.IN_DOUBT) or doubtful:
        steps.append(("then", next_step(options, "resolve")))
    if state.waiting or state.stale:
        steps.append(("then", next_step(options, "review")))
    else:
        steps += ad_file_steps(options, to_look_at)
    steps += [("or", next_step(options, "approve", *words)) for words in _approvals(state)]
    failed = _failed(state) if counts.get(Status.FAILED) else frozenset()
    unfinished = counts.get(Status.PLANNED) or counts.get(Status.PENDING_DOWNLOAD)
    goes_on = bool(state.waiting or unfinished or FailureKind.NOT_SENT in failed)
    if goes_on:
        steps.append(("then", next_step(options, "run")))
    if ordered and not (goes_on and options.shard == WHOLE):
        steps.append(("then", next_step(replace(options, shard=WHOLE), "run")))
    if counts.get(Status.REFUSED) or FailureKind.REJECTED in failed:
        retry = next_step(options, "run", "--retry-failed")
        steps.append(("or", f"{retry}  # or change the prompt"))
    if counts.get(Status.PAID_LOST):
        again = next_step(options, "run", "--rebuy-lost")
        steps.append(("or", f"{again}  # asks for the lost images once more, then pays again"))
    return _in_order(steps)


def ad_file_steps(
    options: CampaignOptions, to_look_at: Sequence[tuple[CellName, str]]
) -> list[tuple[str, str]]:
    """Return the steps for ad files that a person has to look at, by cell and placement."""
    if not to_look_at:
        return []
    steps = [("then", next_step(options, "review"))]
    placements = list(dict.fromkeys(placement for _, placement in to_look_at))
    if len(to_look_at) == 1:
        steps.append(("or", next_step(options, "approve", "@".join(to_look_at[0]))))
    elif len(placements) <= MOST_APPROVALS:
        steps += [("or", next_step(options, "approve", f"*@{one}")) for one in placements]
    return _in_order(steps)


def _in_order(steps: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("Next" if nth == 0 else word, step) for nth, (word, step) in enumerate(steps)]


def _approvals(state: CampaignState) -> Iterator[tuple[str, ...]]:
    """Yield arguments of `approve` for the cells that wait for a verdict and have an image.

    A cell with a stale approval waits too. A glob must not match a decided cell: it would replace
    that verdict, and the final would be bought again.
    """
    undecided = [*state.waiting, *(stale.cell for stale in state.stale)]
    if len(undecided) > MOST_APPROVALS:
        waiting = {*undecided}
        drafts = (job for job in state.jobs if job.at.stage is Stage.DRAFT)
        everywhere = all(job.at.cell in waiting for job in drafts)
        if everywhere and sum(1 for _ in _stored(state, take=1)) == len(waiting):
            yield "*", "--take", "1"
        return
    takes: dict[CellName, int] = {}
    for job in _stored(state) if undecided else ():
        takes.setdefault(job.at.cell, job.at.take)
    for cell in undecided:
        if cell in takes:
            yield cell, "--take", str(takes[cell])


def _stored(state: CampaignState, *, take: int | None = None) -> Iterator[Job]:
    for job in state.drafts:
        if artifact_of(job, state.entries) is not None and take in {None, job.at.take}:
            yield job


def _failed(state: CampaignState) -> frozenset[FailureKind]:
    jobs = chain(state.drafts, state.finals)
    entries = (entry_of(job, state.entries) for job in jobs)
    outcomes = (entry.outcome for entry in entries if entry is not None)
    return frozenset(outcome.kind for outcome in outcomes if isinstance(outcome, Failed))
