"""Reserving credits for one request, or waiting until something in flight frees some."""

import asyncio

from pipeline.errors import BudgetReached
from pipeline.ledger.base import Ledger
from pipeline.model.credits import Budget
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.model.run import Run
from pipeline.purchasing.halt import Halt


class Reservations:
    """What may still be spent, as this run sees it; the ledger holds the limits themselves."""

    def __init__(self, ledger: Ledger, *, run: Run, budget: Budget, halt: Halt) -> None:
        self._ledger, self._run, self._budget, self._halt = ledger, run, budget, halt
        self._in_flight = 0
        self._asking = 0
        """Reservations that the ledger is deciding on at this moment."""
        self._came_back = 0
        self._changed = asyncio.Condition()

    @property
    def in_flight(self) -> int:
        """Permits that have not come back."""
        return self._in_flight

    async def reserve(self, job: Job, *, replay: bool) -> Attempt | None:
        """A durable permit for one POST, or `None` where the run has stopped buying.

        A full budget halts the run only when nothing of its own is in flight any more: a request
        that ends without a charge makes room for another. Only such an ending wakes who waits; a
        refused reservation wakes nobody, or two of them would wake each other for ever.
        """
        while not self._halt:
            seen = self._came_back
            try:
                return await self._ask(job, replay=replay)
            except BudgetReached as full:
                if self._alone:
                    self._halt.because(full)
                    await self._wake_all()
                    return None
            except BaseException:
                await self._wake_all()  # the ledger failed: nobody may wait for it
                raise
            async with self._changed:
                while not self._halt and self._came_back == seen and not self._alone:
                    await self._changed.wait()
        return None

    async def attempt_ended(self) -> None:
        """A permitted request has ended: whoever waits may try again."""
        self._in_flight -= 1
        self._came_back += 1
        await self._wake_all()

    @property
    def _alone(self) -> bool:
        """Whether nothing of this run can free credits any more."""
        return not self._in_flight and not self._asking

    async def _ask(self, job: Job, *, replay: bool) -> Attempt:
        self._asking += 1
        try:
            attempt = await self._ledger.submit(
                job, run=self._run, budget=self._budget, same_purchase=replay
            )
            self._in_flight += 1
            return attempt
        finally:
            self._asking -= 1

    async def _wake_all(self) -> None:
        async with self._changed:
            self._changed.notify_all()
