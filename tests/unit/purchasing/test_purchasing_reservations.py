"""Waiting for room in a budget."""

import asyncio

from builders import a_job
from fake_provider import ScriptedAnswer

from pipeline.errors import BudgetReached, LocalFault
from pipeline.model.money import Budget
from pipeline.model.providers.request import Quality


async def test_two_jobs_that_wait_for_room_do_not_wake_each_other_for_ever(case):
    """A run of four workers spun at full speed while its first image was being painted."""
    here = await case([ScriptedAnswer(after=0.2)], budget=Budget(run=12))
    asked = []
    submit = here.ledger.submit

    async def counted(job, **words):
        asked.append(job.key)
        return await submit(job, **words)

    here.ledger.submit = counted
    jobs = [a_job(f"p{n}/4x3", quality=Quality.HIGH, prompt=f"photo {n}") for n in range(6)]
    here.renderer._proven = True
    async with asyncio.timeout(5):
        await here.render_at_once(*jobs)
    assert isinstance(here.halt.reason, BudgetReached)
    assert len(asked) <= 12


async def test_a_full_budget_with_nothing_in_flight_stops_everybody_at_once(case):
    here = await case(budget=Budget(run=1))
    here.renderer._proven = True
    jobs = [a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(6)]
    async with asyncio.timeout(5):
        outcomes = await here.render_at_once(*jobs)
    assert outcomes == [None] * 6
    assert here.provider.asked == []


async def test_a_ledger_that_fails_leaves_nobody_waiting_for_room(case):
    here = await case([ScriptedAnswer(after=0.05)], budget=Budget(run=2))
    here.renderer._proven = True
    submit, calls = here.ledger.submit, []

    async def failing(job, **words):
        calls.append(job.key)
        if len(calls) > 3:
            raise LocalFault("disk I/O error")
        return await submit(job, **words)

    here.ledger.submit = failing
    jobs = [a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(6)]
    async with asyncio.timeout(5):
        await here.render_at_once(*jobs)
    assert isinstance(here.halt.reason, LocalFault)
