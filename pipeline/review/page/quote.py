"""What a launch would buy: shown to a person, and repeated by the page before anything is spent."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.model.campaign import Campaign, CellName, Review, Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job, JobKey
from pipeline.state.board import Board, BoardRow
from pipeline.state.cell_states import CellState


class Launch(Protocol):
    """Renders what is due at a stage; the only way in which a review can spend."""

    async def __call__(self, stage: Stage, cells: Sequence[CellName], *, most: Credits) -> int:
        """Render these cells as far as they can go, spending at most `most`; the exit code.

        Everything that a run checks is checked again: budgets, the lock, stale approvals. Raises
        a `PipelineError` where it cannot begin.
        """
        ...


Purchase = tuple[JobKey, int, str]
"""What is paid for once: whose image, and the round and note of a redo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuoteLine:
    """Images of one size at one price."""

    size: str
    count: int
    price: Credits


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchQuote:
    """A launch as it would be now."""

    stage: Stage
    cells: tuple[CellName, ...]
    lines: tuple[QuoteLine, ...]
    credits: Credits
    plan: str
    """Names exactly these images at these prices; another plan id is another purchase."""


def quote_launch(board: Board, stage: Stage) -> LaunchQuote:
    """What launching a stage would buy: finals of approvals that hold, or drafts and redo rounds.

    Images that were paid for are left out, and one that several cells share is counted once.
    """
    asked = asks_somebody(board.campaign)
    due = [(row, job) for row in board.rows for job in _due(row, stage, asked=asked)]
    paid = {_purchase(row, job, stage): (row, job) for row, job in reversed(due)}
    prices = _prices(board, stage)
    lines: dict[tuple[str, Credits], int] = {}
    for row, job in reversed(paid.values()):
        kind = (row.cell.size.ratio, prices[job.payer or job.key])
        lines[kind] = lines.get(kind, 0) + 1
    facts = sorted(f"{purchase} {prices[purchase[0]]}" for purchase in paid)
    return LaunchQuote(
        stage=stage,
        cells=tuple(dict.fromkeys(row.cell.name for row, _ in due)),
        lines=tuple(QuoteLine(size=s, price=p, count=count) for (s, p), count in lines.items()),
        credits=Credits(sum(prices[purchase[0]] for purchase in paid)),
        plan=hashlib.sha256("\n".join([stage, *facts]).encode()).hexdigest()[:16],
    )


def asks_somebody(campaign: Campaign) -> bool:
    """Whether drafts are chosen, by a person or by measuring, before finals are bought."""
    draft = campaign.stages.get(Stage.DRAFT)
    return draft is not None and draft.review is not Review.NONE


def _prices(board: Board, stage: Stage) -> dict[JobKey, Credits]:
    """What an image costs, by who pays for it: a sharer's own job is free as long as it shares."""
    prices: dict[JobKey, Credits] = {}
    for side in board.sides(stage):
        for job in side.jobs:
            payer = job.payer or job.key
            prices[payer] = max(prices.get(payer, job.price), job.price)
    return prices


def _due(row: BoardRow, stage: Stage, *, asked: bool) -> Iterable[Job]:
    side = row.side(stage)
    if side is None or (asked and _held_back(row, stage)):
        return ()
    if side.state is CellState.REDO:
        return [take.job for take in side.takes]
    if side.state is CellState.REJECTED:
        return ()
    return [take.job for take in side.takes if take.due]


def _held_back(row: BoardRow, stage: Stage) -> bool:
    """A final whose draft is no longer approved is not bought."""
    if stage is Stage.DRAFT or row.draft is None:
        return False
    return row.draft.state is not CellState.APPROVED


def _purchase(row: BoardRow, job: Job, stage: Stage) -> Purchase:
    """What is paid once: cells that share an image do so again where they redo it alike."""
    image = job.payer or job.key
    side = row.side(stage)
    if side is None or side.state is not CellState.REDO or side.verdict is None:
        return (image, 0, "")
    return (image, side.round + 1, side.verdict.note)
