"""Reading what the page sends: anything else is told what was expected."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from pipeline.model.campaign import CellName, Stage
from pipeline.model.verdict import Decision
from pipeline.review.page.decisions import PageDecision
from pipeline.review.page.launches import LaunchOrder

MOST = 50_000
"""Decisions in one request."""

_LARGEST_NUMBER = 10**9

Word = TypeVar("Word", bound=StrEnum)
Body = Mapping[str, object]


async def body_of(request: web.Request) -> Body:
    """The JSON object that was sent."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error
    return _object(body)


def decisions_of(body: Body) -> tuple[list[PageDecision], str]:
    """The decisions and who gives them (empty: whoever the server was started for)."""
    ops = body.get("ops")
    if not isinstance(ops, list) or not 0 < len(ops) <= MOST:
        raise web.HTTPBadRequest(text=f"ops should be a list of 1 to {MOST} decisions")
    return [_said(_object(op)) for op in ops], _text(body, "by")


def order_of(body: Body, stage: Stage) -> LaunchOrder:
    """A launch: the plan and the sum that the dialog showed."""
    return LaunchOrder(stage=stage, plan=_text(body, "plan"), credits=_number(body, "credits"))


def _said(op: Body) -> PageDecision:
    take = _number(op, "take")
    return PageDecision(
        cell=CellName(_text(op, "cell")),
        stage=_word(op, "stage", Stage),
        decision=_word(op, "decision", Decision),
        base=_number(op, "base"),
        take=take or None,
        note=_text(op, "note"),
        seen=_text(op, "seen"),
    )


def _object(value: object) -> Body:
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="a JSON object was expected")
    return value


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or (not value.isascii() and _lone(value)):
        raise web.HTTPBadRequest(text=f"{name} should be text")
    return value


def _lone(text: str) -> bool:
    """Whether half of a pair of surrogates is in it, which no file can hold."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _number(body: Body, name: str) -> int:
    value = body.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_NUMBER:
        raise web.HTTPBadRequest(text=f"{name} should be a number from 0")
    return value


def _word(body: Body, name: str, words: type[Word]) -> Word:
    try:
        return words(_text(body, name))
    except ValueError:
        known = ", ".join(words)
        raise web.HTTPBadRequest(text=f"{name} should be one of {known}") from None
