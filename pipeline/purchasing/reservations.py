"""Reserving credits for one request, or waiting until a request in flight frees some."""

import asyncio

from pipeline.errors import BudgetReached, CircuitOpen, LeaseLost, ProviderStopped
from pipeline.ledger.base import Ledger
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.model.money import Budget
from pipeline.model.run import Run
from pipeline.purchasing.halt import Halt


class Reservations:
    """The reservations of this run; the ledger enforces the budgets."""

    def __init__(self, ledger: Ledger, *, run: Run, budget: Budget, halt: Halt) -> None:
        self._ledger, self._run, self._budget, self._halt = ledger, run, budget, halt
        self._in_flight = 0
        self._asking = 0
        """Number of reservations that the ledger is deciding on now."""
        self._came_back = 0
        self._changed = asyncio.Condition()

    @property
    def in_flight(self) -> int:
        """Number of attempts that have not ended."""
        return self._in_flight

    async def reserve(self, job: Job, *, replay: bool) -> Attempt | None:
        """Return a durable attempt, the permit for one POST; `None` if the run stopped buying.

        A full budget halts the run only if no request of the run is in flight, since one that ends
        without a charge frees credits. Only a request that ends wakes the waiting callers: two
        refused reservations would otherwise wake each other endlessly.
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
            except (CircuitOpen, LeaseLost, ProviderStopped) as reason:
                self._halt.because(reason)  # met by another run of this account, or taken over
                await self._wake_all()
                return None
            except BaseException:
                await self._wake_all()  # the ledger failed, so waiting is useless
                raise
            async with self._changed:
                while not self._halt and self._came_back == seen and not self._alone:
                    await self._changed.wait()
        return None

    async def attempt_ended(self) -> None:
        """Record that a request has ended, and wake the waiting callers."""
        self._in_flight -= 1
        self._came_back += 1
        await self._wake_all()

    @property
    def _alone(self) -> bool:
        """True if nothing of this run can free credits any more."""
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
