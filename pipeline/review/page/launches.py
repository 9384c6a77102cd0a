"""Spending from the page: one launch at a time, and only what the dialog showed."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from pipeline.model.money import Amount
from pipeline.model.names import CellName, Stage
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.review_state import ReviewState
from pipeline.review.page.security import words_for
from pipeline.state.budgets import BudgetLeft
from pipeline.state.figures import LaunchQuote
from pipeline.state.picks import shared_redos
from pipeline.system_errors import expected_error

_log = logging.getLogger(__name__)


class Launch(Protocol):
    """Renders what is due at a stage. A review can spend in no other way."""

    async def __call__(self, stage: Stage, cells: Sequence[CellName], *, most: Amount) -> int:
        """Render these cells, spending at most `most`, and return the exit code.

        Everything that a run checks is checked again: budgets, the lock, stale approvals. A
        `PipelineError` is raised if the run cannot begin.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchOrder:
    """A launch that the page asks for: the plan id and the credits that the dialog showed."""

    stage: Stage
    plan: str
    amount: int
    rerolls: int = 0
    """The most that new takes of what misses a check may cost besides."""


def quote_json(
    review_state: ReviewState,
    quote: LaunchQuote,
    budgets: Sequence[BudgetLeft],
    *,
    command: str,
) -> dict[str, object]:
    """Return what a launch would buy, as the dialog shows it before anything is spent."""
    reviewed = review_state.surveyed.reviewed
    final = reviewed.campaign.stages.get(Stage.FINAL)
    facts, money = asdict(quote), reviewed.campaign.money
    return {
        "credits": facts.pop("amount"),
        **facts,
        "cells": len(quote.cells),
        "cost": money.text(quote.amount),
        "rerolls_cost": money.text(quote.rerolls),
        "most_cost": money.text(Amount(quote.amount + quote.rerolls)),
        "lines": [
            {"size": one.size, "count": one.count, "price": one.price}
            | {"cost": money.bare(one.price)}
            for one in quote.lines
        ],
        "spent": review_state.spent.upper,
        "spent_text": money.text(review_state.spent.upper),
        "limits": [
            {"scope": one.scope, "limit": one.limit, "spent": one.spent}
            | {"words": one.words_after(quote.amount)}
            for one in budgets
        ],
        "mode": final.mode if final is not None else "",
        "repeats": reviewed.repeats,
        "command": command,
        "shared": [
            asdict(one)
            for one in shared_redos(review_state.newest, review_state.entries)
            if one.stage is quote.stage
        ],
    }


class Launches:
    """Takes orders and runs them, one after the other."""

    def __init__(
        self, *, review_state: ReviewState, broadcast: Broadcast, launch: Launch | None
    ) -> None:
        self._review_state = review_state
        self._broadcast = broadcast
        self._launch = launch
        self._orders: asyncio.Queue[LaunchQuote] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def may_spend(self) -> bool:
        """True if the pages of this server may spend."""
        return self._launch is not None

    @property
    def running(self) -> bool:
        """True while a launch is in progress."""
        return not self._idle.is_set()

    async def idle(self) -> None:
        """Wait until no launch is in progress."""
        await self._idle.wait()

    async def order(self, order: LaunchOrder) -> tuple[bool, LaunchQuote]:
        """Start a launch; return False and the current quote if it differs from the order."""
        await self._review_state.refresh()
        newest = self._review_state.quote(order.stage)
        shown = (order.plan, order.amount, order.rerolls)
        same = (newest.plan, newest.amount, newest.rerolls) == shown
        if not same or self.running or not newest.cells:
            return False, newest
        self._idle.clear()
        self._orders.put_nowait(newest)
        return True, newest

    async def run_next(self) -> None:
        """Wait for an order, and run it."""
        ordered = await self._orders.get()
        try:
            await self._run(ordered)
        finally:
            self._idle.set()

    async def _run(self, ordered: LaunchQuote) -> None:
        if self._launch is None:
            return
        facts = {"stage": ordered.stage, "cells": len(ordered.cells), "credits": ordered.amount}
        self._broadcast.send("launch", {"state": "running", **facts})
        try:
            code = await self._launch(
                ordered.stage, ordered.cells, most=Amount(ordered.amount + ordered.rerolls)
            )
            message = ""
        except Exception as error:  # noqa: BLE001 - it may have bought: the page stays, and says so
            message = words_for(error, log=_log)
            expected = expected_error(error)
            code = 1 if expected is None else expected.exit_code
        done = {"state": "done", "exit": code, "message": message, **facts}
        try:
            await self._review_state.refresh()
        finally:
            self._broadcast.send("launch", done)
