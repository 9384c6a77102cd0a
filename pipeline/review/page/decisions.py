"""Decisions as the page sends them: each one builds on a revision and on an image that was seen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import UsageError
from pipeline.ledger.base import StaleVerdict
from pipeline.model.campaign import CellName, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.binding import UnboundVerdict, bind
from pipeline.review.page.page_json import row_json
from pipeline.review.page.review_state import ReviewState
from pipeline.state.labels import short


@dataclass(frozen=True, kw_only=True, slots=True)
class PageDecision:
    """One decision of a reviewer."""

    cell: CellName
    stage: Stage
    decision: Decision
    base: int
    """The revision that was shown; 0 where nobody had decided."""
    take: int | None = None
    note: str = ""
    seen: str = ""
    """The short hash of the image that was looked at; empty where there was none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionAnswer:
    """What became of a decision, and the cell as it stands now."""

    said: PageDecision
    change: dict[str, object] | None
    """The cell as the page reads it; `None` where there is no such cell."""
    conflict: Verdict | None = None
    """The verdict that somebody else gave in the meantime."""
    refused: str = ""
    """Why it cannot be done at all."""


async def take_decisions(
    review_state: ReviewState, said: Sequence[PageDecision], *, by: str, now: datetime
) -> list[DecisionAnswer]:
    """Give every verdict that can be given; the others come back with what stands in their way."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_decide(review_state, one, by=by, now=now)) for one in said]
    results = [task.result() for task in asked]
    review_state.apply([result for result in results if isinstance(result, Verdict)])
    review_state.apply(
        [r.newest for r in results if isinstance(r, StaleVerdict) and r.newest is not None]
    )
    return [_answer(review_state, one, result) for one, result in zip(said, results, strict=True)]


async def _decide(
    review_state: ReviewState, said: PageDecision, *, by: str, now: datetime
) -> Verdict | StaleVerdict | UsageError:
    side = review_state.board.side(said.cell, said.stage)
    if side is None:
        return UsageError(f"{said.cell} has nothing to decide on here")
    opinion = UnboundVerdict(decision=said.decision, by=by, at=now, take=said.take, note=said.note)
    try:
        verdict = bind(opinion, side.jobs, review_state.entries)
    except UsageError as refusal:
        return refusal
    if said.seen != short(verdict.sha256):
        return UsageError(f"the image of {said.cell} changed while you looked at it: look again")
    try:
        return await review_state.ledger.decide(
            verdict, campaign=review_state.campaign, base=said.base
        )
    except StaleVerdict as stale:
        return stale


def _answer(
    review_state: ReviewState, said: PageDecision, result: Verdict | StaleVerdict | UsageError
) -> DecisionAnswer:
    number = review_state.board.number.get(said.cell)
    change = (
        row_json(number, review_state.board.rows[number], said.stage)
        if number is not None
        else None
    )
    match result:
        case Verdict():
            return DecisionAnswer(said=said, change=change)
        case StaleVerdict(newest=newest):
            return DecisionAnswer(said=said, change=change, conflict=newest)
        case UsageError():
            return DecisionAnswer(said=said, change=change, refused=str(result))
