"""Requests of the page, checked strictly, and the decisions in them.

A decision applies to the revision and the image that its reviewer saw.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from pipeline.errors import UsageError
from pipeline.ledger.base import StaleVerdict
from pipeline.model.names import CellName, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.comments import Comment, new_comment
from pipeline.review.page.ad_file_views import ApprovalOrder, ShownAdFile, WindowOrder
from pipeline.review.page.launches import LaunchOrder
from pipeline.review.page.page_json import row_json
from pipeline.review.page.review_state import ReviewState
from pipeline.review.shared_images import SharedOutcome, settle_shared
from pipeline.review.verdicts import UnboundVerdict, bind
from pipeline.state.campaign_state import short
from pipeline.system_errors import expected_errors

BODY_SECONDS = 60.0
"""Seconds after which a body that has not arrived is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageDecision:
    """One decision of a reviewer."""

    cell: CellName
    stage: Stage
    decision: Decision
    base: int
    """The revision of the verdict that was shown; 0 if there was none."""
    take: int | None = None
    note: str = ""
    seen: str = ""
    """The short hash of the image that was shown; empty if there was none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionAnswer:
    """The result of a decision, and the cell as it is now."""

    decision: PageDecision
    change: dict[str, object] | None
    """The cell as `row_json` gives it; `None` if there is no such cell."""
    conflict: Verdict | None = None
    """The verdict that another reviewer gave in the meantime."""
    refused: str = ""
    """Why the decision was refused."""


async def take_decisions(
    review_state: ReviewState, decisions: Sequence[PageDecision], *, by: str, now: datetime
) -> tuple[list[DecisionAnswer], SharedOutcome]:
    """Record the decisions; return an answer for each, with the reason if it was not recorded.

    Also returns their effect on cells that share images with those decided on.
    """
    before = dict(review_state.newest)
    await review_state.keep_shared_images()
    with expected_errors():
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(_decide(review_state, one, by=by, now=now)) for one in decisions
            ]
    results = [task.result() for task in asked]
    given = [result for result in results if isinstance(result, Verdict)]
    review_state.apply(given)
    shared = await settle_shared(
        review_state.ledger,
        review_state.table,
        review_state.entries,
        verdicts=given,
        before=before,
    )
    review_state.apply(shared.given)
    review_state.apply(
        [r.newest for r in results if isinstance(r, StaleVerdict) and r.newest is not None]
    )
    answers = [
        _answer(review_state, one, result) for one, result in zip(decisions, results, strict=True)
    ]
    return answers, shared


async def _decide(
    review_state: ReviewState, decision: PageDecision, *, by: str, now: datetime
) -> Verdict | StaleVerdict | UsageError:
    shown = review_state.table.at(decision.cell, decision.stage)
    if shown is None:
        return UsageError(f"{decision.cell} has no {decision.stage} to decide on")
    opinion = UnboundVerdict(
        decision=decision.decision, by=by, at=now, take=decision.take, note=decision.note
    )
    try:
        verdict = bind(opinion, shown.jobs, review_state.entries)
    except UsageError as refusal:
        return refusal
    if decision.seen != short(verdict.sha256):
        return UsageError(
            f"the image of {decision.cell} has changed since the page showed it: look again"
        )
    try:
        return await review_state.ledger.decide(
            verdict, campaign=review_state.campaign, base=decision.base
        )
    except StaleVerdict as stale:
        return stale


def _answer(
    review_state: ReviewState, decision: PageDecision, result: Verdict | StaleVerdict | UsageError
) -> DecisionAnswer:
    number = review_state.table.number.get(decision.cell)
    change = (
        row_json(number, review_state.table.rows[number], decision.stage)
        if number is not None
        else None
    )
    match result:
        case Verdict():
            return DecisionAnswer(decision=decision, change=change)
        case StaleVerdict(newest=newest):
            return DecisionAnswer(decision=decision, change=change, conflict=newest)
        case UsageError():
            return DecisionAnswer(decision=decision, change=change, refused=str(result))


MOST = 50_000
"""Most decisions in one request."""

_LARGEST_NUMBER = 10**9

Word = TypeVar("Word", bound=StrEnum)
Body = Mapping[str, object]


async def body_of(request: web.Request) -> Body:
    """Return the JSON object in the body of a request."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            content = await request.read()
        body = json.loads(content)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the change did not arrive in time") from error
    except (ValueError, RecursionError) as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error
    return _object(body)


def decisions_of(body: Body) -> tuple[list[PageDecision], str]:
    """Return the decisions and the reviewer; empty means the one in the server's options."""
    ops = body.get("ops")
    if not isinstance(ops, list) or not 0 < len(ops) <= MOST:
        raise web.HTTPBadRequest(text=f"ops should be a list of 1 to {MOST} decisions")
    return [_decision(_object(op)) for op in ops], text_of(body, "by")


def order_of(body: Body, stage: Stage) -> LaunchOrder:
    """Return a launch order: the plan and the credits that the dialog showed."""
    return LaunchOrder(
        stage=stage,
        plan=text_of(body, "plan"),
        amount=_number(body, "credits"),
        rerolls=_number(body, "rerolls"),
    )


def window_order_of(body: Body) -> WindowOrder:
    """Return a window to save: the ad file that was shown, and the revision of its window."""
    window = {name: body.get(name) for name in ("focus", "zoom", "keep")}
    shown = ShownAdFile(
        take=_number(body, "take"), format=text_of(body, "format"), source=text_of(body, "source")
    )
    return WindowOrder(shown=shown, base=_number(body, "base"), window=window)


def approval_order_of(body: Body) -> ApprovalOrder:
    """Return ad files to approve, with the revision of each that the page showed."""
    bases = _object(body.get("bases"))
    approved = body.get("approved")
    if not isinstance(approved, bool) or not bases:
        raise web.HTTPBadRequest(text="approved should be true or false, with bases by recipe")
    return ApprovalOrder(approved=approved, bases={one: _number(bases, one) for one in bases})


def comment_of(body: Body, cell: CellName, *, by: str, at: str) -> Comment:
    """Return a comment to add; raise `UsageError` if it says nothing or points nowhere."""
    point = body.get("point")
    if point is not None and not (
        isinstance(point, list)
        and len(point) == 2  # noqa: PLR2004 - across and down
        and all(isinstance(share, int | float) for share in point)
    ):
        raise web.HTTPBadRequest(text="point should be two numbers from 0 to 1")
    return new_comment(
        cell=cell,
        stage=_word(body, "stage", Stage),
        text=text_of(body, "text"),
        by=by,
        at=at,
        image=text_of(body, "image"),
        take=_number(body, "take"),
        round_=_number(body, "round"),
        point=(float(point[0]), float(point[1])) if point else None,
    )


def settlement_of(body: Body) -> tuple[Stage, str, bool] | None:
    """Return which comment is settled or opened again; `None` if the body has a new one."""
    resolved, id_ = body.get("resolved"), text_of(body, "id")
    if not id_:
        return None
    if not isinstance(resolved, bool):
        raise web.HTTPBadRequest(text="resolved should be true or false")
    return _word(body, "stage", Stage), id_, resolved


def _decision(op: Body) -> PageDecision:
    take = _number(op, "take")
    return PageDecision(
        cell=CellName(text_of(op, "cell")),
        stage=_word(op, "stage", Stage),
        decision=_word(op, "decision", Decision),
        base=_number(op, "base"),
        take=take or None,
        note=text_of(op, "note"),
        seen=text_of(op, "seen"),
    )


def _object(value: object) -> Body:
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="a JSON object was expected")
    return value


def text_of(body: Body, name: str) -> str:
    """Return a text of a request; empty if it is missing."""
    value = body.get(name, "")
    if not isinstance(value, str) or (not value.isascii() and _has_lone_surrogate(value)):
        raise web.HTTPBadRequest(text=f"{name} should be text")
    return value


def _has_lone_surrogate(text: str) -> bool:
    """Return True if the text contains a lone surrogate, which UTF-8 cannot encode."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _number(body: Body, name: str) -> int:
    value = body.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_NUMBER:
        raise web.HTTPBadRequest(text=f"{name} should be a number from 0")
    return value


def _word(body: Body, name: str, words: type[Word]) -> Word:
    try:
        return words(text_of(body, name))
    except ValueError:
        known = ", ".join(words)
        raise web.HTTPBadRequest(text=f"{name} should be one of {known}") from None
