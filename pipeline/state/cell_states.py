"""What a reviewer sees of one cell at one stage: its takes, its state, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from pipeline.model.artifact import Artifact
from pipeline.model.credits import Credits
from pipeline.model.entry import Entry
from pipeline.model.job import Job
from pipeline.model.outcome import (
    Failed,
    FailureKind,
    InDoubt,
    Paid,
    PaidLost,
    Status,
    Stored,
    status_of,
)
from pipeline.model.verdict import Decision, Verdict
from pipeline.state.lookup import Entries, artifact_of, entry_of
from pipeline.state.picks import why_stale


class CellState(StrEnum):
    """Where a cell stands in the review of one stage."""

    WAITING = "waiting"
    """Not asked for yet."""
    RENDERING = "rendering"
    FAILED = "failed"
    REFUSED = "refused"
    DOUBT = "doubt"
    UNDECIDED = "undecided"
    APPROVED = "approved"
    REDO = "redo"
    """Asked for anew; the next round is not begun."""
    REJECTED = "rejected"
    STALE = "stale"
    """Approved, and what was approved has changed since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeState:
    """One take as it stands."""

    job: Job
    status: Status
    artifact: Artifact | None
    credits: Credits
    due: bool
    """Whether the next run asks for it: never asked, or provably never sent."""
    reason: str = ""
    """Why there is no image, in the provider's or the ledger's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellAtStage:
    """One cell at one stage, in the round that is shown."""

    state: CellState
    takes: tuple[TakeState, ...]
    verdict: Verdict | None
    """The newest one, also where it no longer holds: its revision is what a decision builds on."""
    reason: str = ""

    @property
    def round(self) -> int:
        """The round that is shown."""
        return self.takes[0].job.at.round

    @property
    def jobs(self) -> list[Job]:
        """The jobs of the takes."""
        return [take.job for take in self.takes]


def cell_at_stage(jobs: Sequence[Job], entries: Entries, verdict: Verdict | None) -> CellAtStage:
    """One cell at one stage, from its jobs, the ledger and the newest verdict."""
    takes = tuple(_take(job, entries) for job in jobs)
    decided = _decided(jobs, entries, verdict) if verdict is not None else None
    state, reason = decided or _rendered(takes)
    return CellAtStage(state=state, takes=takes, verdict=verdict, reason=reason)


def _decided(
    jobs: Sequence[Job], entries: Entries, verdict: Verdict
) -> tuple[CellState, str] | None:
    """What the verdict says, where it is about what is shown; a lapsed no is no verdict."""
    if verdict.round != jobs[0].at.round:
        return None
    job = next((job for job in jobs if job.at.take == verdict.take), None)
    match verdict.decision:
        case Decision.UNDECIDED:
            return None
        case Decision.APPROVED:
            reason = why_stale(verdict, job, entries)
            return (CellState.STALE, reason) if reason else (CellState.APPROVED, "")
        case Decision.REDO:
            return (CellState.REDO, "") if _same(verdict, job, entries) else None
        case Decision.REJECTED:
            return (CellState.REJECTED, "") if _same(verdict, job, entries) else None
        case _:
            assert_never(verdict.decision)


def _same(verdict: Verdict, job: Job | None, entries: Entries) -> bool:
    if job is None or job.key != verdict.job:
        return False
    artifact = artifact_of(job, entries)
    return not verdict.sha256 or artifact is None or artifact.sha256 == verdict.sha256


def _rendered(takes: Sequence[TakeState]) -> tuple[CellState, str]:
    """The state of a cell that nobody has decided on."""
    statuses = [take.status for take in takes]
    reason = next((take.reason for take in takes if take.reason), "")
    if Status.RENDERING in statuses:
        return CellState.RENDERING, ""
    if Status.STORED in statuses:
        return CellState.UNDECIDED, reason
    for status, state in _WITHOUT_IMAGE:
        if status in statuses:
            return state, reason
    return CellState.WAITING, ""


_WITHOUT_IMAGE = (
    (Status.PENDING_DOWNLOAD, CellState.RENDERING),
    (Status.IN_DOUBT, CellState.DOUBT),
    (Status.REFUSED, CellState.REFUSED),
    (Status.PAID_LOST, CellState.FAILED),
    (Status.FAILED, CellState.FAILED),
)


def _take(job: Job, entries: Entries) -> TakeState:
    entry = entry_of(job, entries)
    return TakeState(
        job=job,
        status=_status(entry),
        artifact=artifact_of(job, entries),
        credits=entry.spent.confirmed if entry is not None and job.payer is None else Credits(0),
        due=_due(entry),
        reason=_reason(entry),
    )


def _status(entry: Entry | None) -> Status:
    if entry is None:
        return Status.PLANNED
    if entry.outcome is None and entry.spent.in_doubt:
        return Status.RENDERING
    return status_of(entry.outcome)


def _due(entry: Entry | None) -> bool:
    match entry.outcome if entry is not None else None:
        case None:
            return _status(entry) is Status.PLANNED
        case Failed(kind=kind):
            return kind is FailureKind.NOT_SENT
        case _:
            return False


def _reason(entry: Entry | None) -> str:
    match entry.outcome if entry is not None else None:
        case Paid(reason=reason) | PaidLost(reason=reason):
            return reason
        case Failed(reason=reason) | InDoubt(reason=reason):
            return reason
        case Stored() | None:
            return ""
        case unknown:
            assert_never(unknown)
