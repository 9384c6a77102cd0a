"""Spending from the page: one launch at a time, and only what was shown."""

import asyncio
from dataclasses import dataclass

from pipeline.errors import PipelineError
from pipeline.model.campaign import Stage
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.quote import Launch, LaunchQuote, quote_launch
from pipeline.review.page.review_state import ReviewState


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchOrder:
    """A launch as the page asks for it, repeating what the dialog showed."""

    stage: Stage
    plan: str
    credits: int


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
        """Whether this server lets its pages spend at all."""
        return self._launch is not None

    @property
    def running(self) -> bool:
        """Whether something is being bought now."""
        return not self._idle.is_set()

    async def idle(self) -> None:
        """Wait until nothing is being bought."""
        await self._idle.wait()

    async def order(self, order: LaunchOrder) -> tuple[bool, LaunchQuote]:
        """Begin what was shown; `False` and what it would be now where that is something else."""
        await self._review_state.refresh()
        newest = quote_launch(self._review_state.board, order.stage)
        same = (newest.plan, newest.credits) == (order.plan, order.credits)
        if not same or self.running or not newest.cells:
            return False, newest
        self._idle.clear()
        self._orders.put_nowait(newest)
        return True, newest

    async def serve(self) -> None:
        """Run what is ordered, until cancelled."""
        while True:
            bought = await self._orders.get()
            try:
                await self._run(bought)
            finally:
                self._idle.set()

    async def _run(self, bought: LaunchQuote) -> None:
        if self._launch is None:
            return
        told = {"stage": bought.stage, "cells": len(bought.cells), "credits": bought.credits}
        self._broadcast.send("launch", {"state": "running", **told})
        try:
            code = await self._launch(bought.stage, bought.cells, most=bought.credits)
            message = ""
        except PipelineError as error:
            code, message = error.exit_code, str(error)
        await self._review_state.refresh()
        self._broadcast.send("launch", {"state": "done", "exit": code, "message": message, **told})
