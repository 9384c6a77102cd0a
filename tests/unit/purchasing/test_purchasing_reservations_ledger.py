import asyncio

import pytest
from builders import a_job, a_run

from pipeline.errors import BudgetReached
from pipeline.ledger.registry import open_ledger
from pipeline.model.money import Budget
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.reservations import Reservations


@pytest.fixture
async def ledger(tmp_path):
    opened = await open_ledger(tmp_path)
    await opened.begin(a_run())
    yield opened
    await opened.close()


@pytest.mark.parametrize(("budget", "permits"), [(0, 0), (3, 1), (7, 3)])
async def test_jobs_that_find_the_budget_full_in_one_group_do_not_wait_for_each_other(
    ledger, budget, permits
):
    halt = Halt()
    reservations = Reservations(ledger, run=a_run(), budget=Budget(run=budget), halt=halt)

    async def spend(number):
        attempt = await reservations.reserve(a_job(f"p{number}/1x1"), replay=False)
        if attempt is not None:
            await asyncio.sleep(0.01)
            await reservations.attempt_ended()
        return attempt is not None

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        asked = [group.create_task(spend(number)) for number in range(8)]
    assert sum(task.result() for task in asked) == permits
    assert isinstance(halt.reason, BudgetReached)


async def test_who_waits_for_a_budget_hears_of_a_request_that_cost_nothing(ledger):
    halt = Halt()
    reservations = Reservations(ledger, run=a_run(), budget=Budget(run=2), halt=halt)
    first = await reservations.reserve(a_job("p1/1x1"), replay=False)
    second = asyncio.create_task(reservations.reserve(a_job("p2/1x1"), replay=False))
    await asyncio.sleep(0.05)
    assert not second.done()
    await ledger.release(first, reason="not sent")
    await reservations.attempt_ended()
    async with asyncio.timeout(5):
        assert await second is not None
    assert not halt
