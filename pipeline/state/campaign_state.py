"""The state of a campaign as values: its jobs, and what a reviewer sees of each cell."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Campaign, Cell
from pipeline.model.entry import UNANSWERED, Entry
from pipeline.model.job import Job
from pipeline.model.money import FREE, Amount
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import BEING_MADE, Failed, InDoubt, Paid, PaidLost, Status, Stored
from pipeline.model.verdict import Decision, Verdict
from pipeline.state.lookup import Entries, Newest, artifact_of, by_cell, entry_of, status_of_entry
from pipeline.state.picks import StaleApproval, why_stale


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignState:
    """A campaign at one moment: its jobs, and what is known of them."""

    jobs: Sequence[Job]
    """Every image of the campaign, including those of cells that are not selected."""
    asked: frozenset[CellName] | None
    """The selected cells; `None`: all of them."""
    drafts: Sequence[Job]
    """Of the selected cells."""
    finals: Sequence[Job]
    """Of the selected cells with a valid approval, or of all of them if nobody reviews drafts."""
    entries: Entries
    """All entries of the campaign, including those of images that it no longer contains."""
    verdicts: Newest
    stale: Sequence[StaleApproval]
    waiting: Sequence[CellName]
    """Cells with stored drafts that wait for a verdict."""
    alive: bool = False
    """True if a run of the campaign is active: its open attempts may still be answered."""

    def of(self, stage: Stage) -> Sequence[Job]:
        """Return the jobs of one stage."""
        return self.drafts if stage is Stage.DRAFT else self.finals


class CellState(StrEnum):
    """The state of a cell in the review of one stage."""

    WAITING = "waiting"
    """Not requested yet."""
    RENDERING = "rendering"
    FAILED = "failed"
    REFUSED = "refused"
    DOUBT = "doubt"
    UNDECIDED = "undecided"
    APPROVED = "approved"
    REDO = "redo"
    """To be rendered again; the next round has not begun."""
    REJECTED = "rejected"
    STALE = "stale"
    """Approved, and what was approved has changed since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeState:
    """The current state of one take."""

    job: Job
    status: Status
    artifact: Artifact | None
    amount: Amount
    reason: str = ""
    """Why there is no image, in the provider's or the ledger's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellAtStage:
    """One cell at one stage, in the round that is shown."""

    state: CellState
    takes: tuple[TakeState, ...]
    verdict: Verdict | None
    """The newest one, even if it no longer holds: the next decision refers to its revision."""
    reason: str = ""

    @property
    def round(self) -> int:
        """The round that is shown."""
        return self.takes[0].job.at.round

    @property
    def jobs(self) -> list[Job]:
        """The jobs of the takes."""
        return [take.job for take in self.takes]


@dataclass(frozen=True, kw_only=True, slots=True)
class CellRow:
    """One cell with both its stages."""

    cell: Cell
    draft: CellAtStage | None
    final: CellAtStage | None

    def at(self, stage: Stage) -> CellAtStage | None:
        """Return the cell at a stage; `None` if it has no images there."""
        return self.draft if stage is Stage.DRAFT else self.final

    def with_stage(self, stage: Stage, changed: CellAtStage) -> "CellRow":
        """Return the row with one of its stages changed."""
        if stage is Stage.DRAFT:
            return replace(self, draft=changed)
        return replace(self, final=changed)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellTable:
    """All cells of a campaign in the order of the matrix."""

    version: int
    """Version of the layout: while it stays the same, cells keep their numbers."""
    campaign: Campaign
    rows: tuple[CellRow, ...]
    number: Mapping[CellName, int] = field(compare=False)

    def at(self, cell: CellName, stage: Stage) -> CellAtStage | None:
        """Return one cell at a stage; `None` if there is no such cell or nothing at that stage."""
        number = self.number.get(cell)
        return self.rows[number].at(stage) if number is not None else None

    def at_stage(self, stage: Stage) -> list[CellAtStage]:
        """Return every cell that has images at a stage, or should have."""
        cells = (row.at(stage) for row in self.rows)
        return [cell for cell in cells if cell is not None]


def cell_table(
    campaign: Campaign, cells: Sequence[Cell], state: CampaignState, *, version: int = 1
) -> CellTable:
    """Return the table of all cells; `state` must have been surveyed for all of them."""
    takes = {stage: by_cell(state.of(stage)) for stage in Stage}

    def at(cell: Cell, stage: Stage) -> CellAtStage | None:
        jobs = takes[stage].get(cell.name)
        if jobs is None:
            return None
        verdict = state.verdicts.get((cell.name, stage))
        return cell_at_stage(jobs, state.entries, verdict, alive=state.alive)

    rows = tuple(
        CellRow(cell=cell, draft=at(cell, Stage.DRAFT), final=at(cell, Stage.FINAL))
        for cell in cells
    )
    numbers = {row.cell.name: at for at, row in enumerate(rows)}
    return CellTable(version=version, campaign=campaign, rows=rows, number=numbers)


def cell_at_stage(
    jobs: Sequence[Job], entries: Entries, verdict: Verdict | None, *, alive: bool
) -> CellAtStage:
    """Return one cell at one stage, from its jobs, the ledger and the newest verdict."""
    takes = tuple(_take(job, entries, alive=alive) for job in jobs)
    decided = valid_decision(jobs, entries, verdict)
    state, reason = decided or _undecided_state(takes)
    return CellAtStage(state=state, takes=takes, verdict=verdict, reason=reason)


def awaits_verdict(
    jobs: Sequence[Job], entries: Entries, verdict: Verdict | None, *, alive: bool
) -> bool:
    """Return whether a cell is `undecided`: an image is stored, none in flight, no verdict holds.

    `jobs` are its takes. Gives the same answer as `cell_at_stage`, with less work.
    """
    statuses = {status_of_entry(entry_of(job, entries), alive=alive) for job in jobs}
    if Status.STORED not in statuses or statuses & BEING_MADE:
        return False
    return valid_decision(jobs, entries, verdict) is None


def valid_decision(
    jobs: Sequence[Job], entries: Entries, verdict: Verdict | None
) -> tuple[CellState, str] | None:
    """Return the state that a verdict gives, and why it is stale; `None` if it does not apply.

    A verdict on another round does not apply, nor does a redo or reject of an image that changed.
    """
    if verdict is None or verdict.round != jobs[0].at.round:
        return None
    job = next((job for job in jobs if job.at.take == verdict.take), None)
    match verdict.decision:
        case Decision.UNDECIDED:
            return None
        case Decision.APPROVED:
            reason = why_stale(verdict, job, entries)
            return (CellState.STALE, reason) if reason else (CellState.APPROVED, "")
        case Decision.REDO:
            same = _is_same(verdict, job, entries)
            return (CellState.REDO, _why_redone(verdict, jobs, entries)) if same else None
        case Decision.REJECTED:
            return (CellState.REJECTED, "") if _is_same(verdict, job, entries) else None
        case _:
            assert_never(verdict.decision)


def _why_redone(verdict: Verdict, jobs: Sequence[Job], entries: Entries) -> str:
    """Return why a cell is redone without a verdict of its own; empty if it has one."""
    if verdict.job in {job.key for job in jobs}:
        return ""
    leader = entries.get(verdict.job)
    cell = leader.at.cell if leader is not None else "another cell"
    return f"shares the image of {cell}, and gets the new one too"


def _is_same(verdict: Verdict, job: Job | None, entries: Entries) -> bool:
    """Return whether a verdict is about the image of this job.

    If this cell follows the redo of another one, the verdict has the job of that cell.
    """
    if job is None:
        return False
    artifact = artifact_of(job, entries)
    if job.key != verdict.job:
        known = artifact is not None and artifact.sha256 == verdict.sha256
        return verdict.decision is Decision.REDO and known
    return not verdict.sha256 or artifact is None or artifact.sha256 == verdict.sha256


def _undecided_state(takes: Sequence[TakeState]) -> tuple[CellState, str]:
    """Return the state of a cell to which no verdict applies."""
    statuses = {take.status for take in takes}
    reason = next((take.reason for take in takes if take.reason), "")
    if statuses & BEING_MADE:
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


def _take(job: Job, entries: Entries, *, alive: bool) -> TakeState:
    entry = entry_of(job, entries)
    return TakeState(
        job=job,
        status=status_of_entry(entry, alive=alive),
        artifact=artifact_of(job, entries),
        amount=entry.spent.confirmed if entry is not None and job.payer is None else FREE,
        reason=_reason(entry, alive=alive),
    )


def _reason(entry: Entry | None, *, alive: bool) -> str:
    if entry is not None and entry.rendering:
        return "" if alive else UNANSWERED
    match entry.outcome if entry is not None else None:
        case Paid(reason=reason) | PaidLost(reason=reason):
            return reason
        case Failed(reason=reason) | InDoubt(reason=reason):
            return reason
        case Stored() | None:
            return ""
        case unknown:
            assert_never(unknown)


_LABELS = ("name", "title", "label")
"""Keys that usually hold the display name of a product in a feed."""


def short(sha256: str) -> str:
    """Return the short name of an image in the page's URLs."""
    return sha256[:16]


def distinct_labels(cells: Iterable[Cell]) -> Mapping[tuple[str, str], str]:
    """Return the display name by axis and value, with the id of values that share a name."""
    labels: dict[tuple[str, str], str] = {}
    for cell in cells:
        for axis, value in cell.axes:
            if (axis, value) not in labels:
                labels[axis, value] = label_of(cell, axis, value)
    shared = Counter((axis, label) for (axis, _), label in labels.items())
    return {
        (axis, value): label if shared[axis, label] == 1 else f"{label} ({value})"
        for (axis, value), label in labels.items()
    }


def label_of(cell: Cell, axis: str, value: str) -> str:
    """Return the display name of one value of an axis."""
    if axis == "size":
        return cell.size.ratio if cell.size.pixels is None else value
    fields = cell.values.get(axis)
    if isinstance(fields, Mapping):
        for key in _LABELS:
            name = fields.get(key)
            if isinstance(name, str) and name.strip():
                return name
    return value
