"""Reserving credits for one request, or waiting until something in flight frees some."""

import asyncio

from pipeline.errors import BudgetReached
from pipeline.ledger.base import Attempt, Ledger
from pipeline.model.credits import Budget
from pipeline.model.job import Job
from pipeline.model.run import Run
from pipeline.rendering.halt import Halt


class Purse:
    """What may still be spent, as this run sees it; the ledger holds the limits themselves."""

    def __init__(self, ledger: Ledger, *, run: Run, budget: Budget, halt: Halt) -> None:
        self._ledger, self._run, self._budget, self._halt = ledger, run, budget, halt
        self._open = 0
        self._settlements = 0
        self._changed = asyncio.Condition()

    async def reserve(self, job: Job, *, replay: bool) -> Attempt | None:
        """A durable permit for one POST, or `None` where the run has stopped buying.

        A full budget halts the run only when nothing of its own is in flight any more: a request
        that ends without a charge makes room for another.
        """
        while not self._halt:
            self._open += 1
            seen = self._settlements
            permitted = False
            try:
                attempt = await self._ledger.submit(
                    job, run=self._run, budget=self._budget, same_purchase=replay
                )
                permitted = True
            except BudgetReached as full:
                if self._open == 1:
                    self._halt.because(full)
            finally:
                if not permitted:
                    await self.settled()
            if permitted:
                return attempt
            async with self._changed:
                while not self._moved_on(seen):
                    await self._changed.wait()
        return None

    def _moved_on(self, seen: int) -> bool:
        return bool(self._halt) or self._settlements > seen + 1 or not self._open

    async def settled(self) -> None:
        """A request has ended, or was never permitted: whoever waits may try again."""
        self._open -= 1
        self._settlements += 1
        async with self._changed:
            self._changed.notify_all()
