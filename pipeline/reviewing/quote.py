"""What a launch would buy: shown to a person, and repeated by the page before anything is spent."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.model.campaign import CellName, Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job
from pipeline.reviewing.board import Board, Row
from pipeline.reviewing.states import CellState


class Launch(Protocol):
    """Renders what is due at a stage; the only way in which a review can spend."""

    async def __call__(self, stage: Stage, cells: Sequence[CellName], *, most: Credits) -> int:
        """Render these cells as far as they can go, spending at most `most`; the exit code.

        Everything that a run checks is checked again: budgets, the lock, stale approvals. Raises
        a `PipelineError` where it cannot begin.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Images of one size at one price."""

    size: str
    count: int
    price: Credits


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A launch as it would be now."""

    stage: Stage
    cells: tuple[CellName, ...]
    lines: tuple[Line, ...]
    credits: Credits
    plan: str
    """Names exactly these images at these prices; another plan id is another purchase."""


def quote(board: Board, stage: Stage) -> Quote:
    """What launching a stage would buy: finals of approvals that hold, or drafts and redo rounds.

    Images that were paid for are left out, and one that several cells share is counted once.
    """
    due = [(row, job) for row in board.rows for job in _due(row, stage)]
    paid = [(row, job) for row, job in due if job.payer is None]
    lines: dict[tuple[str, Credits], int] = {}
    for row, job in paid:
        kind = (row.cell.size.ratio, job.price)
        lines[kind] = lines.get(kind, 0) + 1
    facts = sorted(f"{job.key} {job.price} {_redo(row, stage)}" for row, job in paid)
    return Quote(
        stage=stage,
        cells=tuple(dict.fromkeys(row.cell.name for row, _ in due)),
        lines=tuple(Line(size=s, price=p, count=count) for (s, p), count in lines.items()),
        credits=Credits(sum(job.price for _, job in paid)),
        plan=hashlib.sha256("\n".join([stage, *facts]).encode()).hexdigest()[:16],
    )


def _due(row: Row, stage: Stage) -> Iterable[Job]:
    side = row.side(stage)
    if side is None or _held_back(row, stage):
        return ()
    if side.state is CellState.REDO:
        return [take.job for take in side.takes]
    if side.state is CellState.REJECTED:
        return ()
    return [take.job for take in side.takes if take.due]


def _held_back(row: Row, stage: Stage) -> bool:
    """A final whose draft is no longer approved is not bought."""
    if stage is Stage.DRAFT or row.draft is None:
        return False
    return row.draft.state is not CellState.APPROVED


def _redo(row: Row, stage: Stage) -> int:
    """Which verdict asked for another round; 0 where none did."""
    side = row.side(stage)
    redone = side is not None and side.state is CellState.REDO
    return side.verdict.revision if side is not None and redone and side.verdict else 0
