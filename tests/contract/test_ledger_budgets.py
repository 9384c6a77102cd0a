"""Hard budgets: no limit is passed, whoever asks at the same time."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import a_job, a_run
from ledgers import DURABLE, KINDS, NO_LIMITS, LedgerCase, address_of, an_image

from pipeline.errors import BudgetReached
from pipeline.ledger.registry import open_ledger
from pipeline.model.money import Amount, Budget, MoneyFormat, Spent, Unit
from pipeline.model.outcome import Failed, FailureKind
from pipeline.model.providers.request import Quality

NEXT = "2026-11-22T070000Z-bbbbbb"
CRAB = a_job("crab/1x1")
LIME = a_job("lime/1x1")
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=KINDS)
async def case(request, tmp_path):
    case = await LedgerCase.open(request.param, tmp_path)
    await case.ledger.begin(a_run())
    yield case
    await case.ledger.close()


async def test_a_price_that_would_pass_the_budget_of_the_run_is_refused(case):
    twelve = a_job("crab/1x1", quality=Quality.HIGH)
    await an_image(case, LIME)
    with pytest.raises(BudgetReached) as refused:
        await case.ledger.submit(twelve, run=a_run(), budget=Budget(run=Amount(13)))
    reached = refused.value
    assert (reached.scope, reached.limit, reached.spent, reached.price) == ("run", 13, 2, 12)


async def test_a_budget_may_be_spent_to_the_last_credit(case):
    await case.ledger.submit(CRAB, run=a_run(), budget=Budget(run=Amount(4)))
    permit = await case.ledger.submit(LIME, run=a_run(), budget=Budget(run=Amount(4)))
    assert permit.price == 2


async def test_a_refused_job_leaves_nothing_behind(case):
    with pytest.raises(BudgetReached):
        await case.ledger.submit(CRAB, run=a_run(), budget=Budget(run=Amount(1)))
    assert await case.ledger.entries([CRAB.key]) == {}
    assert await case.ledger.spent() == Spent()


async def test_what_is_freed_may_be_spent_again(case):
    narrow = Budget(run=Amount(2))
    permit = await case.ledger.submit(CRAB, run=a_run(), budget=narrow)
    await case.ledger.fail(permit, Failed(kind=FailureKind.REJECTED, reason="no"))
    assert (await case.ledger.submit(LIME, run=a_run(), budget=narrow)).number == 1


async def test_what_is_in_doubt_may_not_be_spent_again(case):
    narrow = Budget(run=Amount(2))
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    with pytest.raises(BudgetReached):
        await case.ledger.submit(LIME, run=a_run(), budget=narrow)


async def test_a_campaign_budget_counts_every_run_of_the_account_and_no_other(case):
    await an_image(case, CRAB)
    same, other = a_run(NEXT), a_run("2026-11-22T080000Z-cccccc", account="embedded@test")
    narrow = Budget(campaign=Amount(3))
    await case.ledger.begin(same)
    with pytest.raises(BudgetReached, match="campaign"):
        await case.ledger.submit(LIME, run=same, budget=narrow)
    await case.ledger.begin(other)
    assert (await case.ledger.submit(LIME, run=other, budget=narrow)).number == 1


async def test_a_month_budget_counts_every_campaign_of_the_account(case):
    await an_image(case, CRAB)
    winter = a_run(NEXT, campaign="winter")
    await case.ledger.begin(winter)
    with pytest.raises(BudgetReached, match="month"):
        await case.ledger.submit(
            a_job("lime/1x1", campaign="winter"), run=winter, budget=Budget(month=Amount(3))
        )


async def test_a_month_budget_begins_anew_with_the_month(case):
    await an_image(case, CRAB)
    case.clock.now += timedelta(days=9)
    permit = await case.ledger.submit(LIME, run=a_run(), budget=Budget(month=Amount(3)))
    assert permit.price == 2


async def test_a_run_that_has_not_begun_buys_nothing(case):
    with pytest.raises(ValueError, match="has not begun"):
        await case.ledger.submit(CRAB, run=a_run(NEXT), budget=NO_LIMITS)


async def test_a_run_buys_for_its_own_campaign_only(case):
    with pytest.raises(ValueError, match="winter"):
        await case.submit(a_job("crab/1x1", campaign="winter"))


async def test_a_negative_price_is_refused(case):
    with pytest.raises(ValueError, match="-2"):
        await case.submit(replace(CRAB, price=Amount(-2)))


async def test_many_at_once_spend_a_budget_to_the_credit_and_no_further(case):
    narrow = Budget(run=Amount(41))

    async def ask(number):
        try:
            await case.ledger.submit(a_job(f"p{number}/1x1"), run=a_run(), budget=narrow)
        except BudgetReached:
            return 0
        return 1

    bought = await asyncio.gather(*(ask(number) for number in range(64)))
    assert sum(bought) == 20
    assert await case.ledger.spent() == Spent(in_doubt=Amount(40))


async def test_the_same_job_asked_for_by_many_at_once_is_permitted_once(case):
    results = await asyncio.gather(*(case.submit(CRAB) for _ in range(16)), return_exceptions=True)
    assert sum(isinstance(result, ValueError) for result in results) == 15


RACE = """
import asyncio, json, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from builders import a_job, a_run
from pipeline.errors import BudgetReached
from pipeline.ledger.registry import open_ledger
from pipeline.model.money import Budget, Amount

async def race(folder, address, name, cap):
    run = a_run(f"2026-11-22T060000Z-{name}", campaign=name)
    ledger = await open_ledger(Path(folder), address=address)
    await ledger.begin(run)
    bought = 0
    async def buy(lane):
        nonlocal bought
        for number in range(60):
            job = a_job(f"p{lane}x{number}/1x1", campaign=name)
            try:
                await ledger.submit(job, run=run, budget=Budget(month=Amount(cap)))
            except BudgetReached:
                return
            bought += 1
    async with asyncio.TaskGroup() as lanes:
        for lane in range(8):
            lanes.create_task(buy(lane))
    await ledger.close()
    print(json.dumps(bought))

asyncio.run(race(*sys.argv[2:5], int(sys.argv[5])))
"""


@pytest.mark.parametrize("kind", DURABLE)
async def test_processes_that_race_for_one_budget_spend_it_once(tmp_path, kind):
    address = address_of(kind)
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RACE, str(ROOT), str(tmp_path), address, name, "601"),
            stdout=asyncio.subprocess.PIPE,
        )
        for name in ("spring", "summer", "autumn")
    ]
    said = [await racer.communicate() for racer in racers]
    bought = [json.loads(stdout) for stdout, _ in said]
    ledger = await open_ledger(tmp_path, address=address)
    assert (sum(bought), await ledger.spent()) == (300, Spent(in_doubt=Amount(600)))
    await ledger.close()


async def test_a_budget_in_dollars_says_its_amounts_in_dollars(case):
    dollars = Budget(run=Amount(60_000_000), money=MoneyFormat(unit=Unit.DOLLARS))
    costly = replace(LIME, price=Amount(53_000_000))
    await case.ledger.submit(replace(CRAB, price=Amount(53_000_000)), run=a_run(), budget=dollars)
    with pytest.raises(BudgetReached) as refused:
        await case.ledger.submit(costly, run=a_run(), budget=dollars)
    told = "the run budget of $0.06 has $0.007 left, and the next image costs $0.053"
    assert str(refused.value) == told
