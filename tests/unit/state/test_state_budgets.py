"""Budgets: one rule for run, plan, page and report, account by account."""

from dataclasses import replace

import pytest
from builders import NOW, a_job, a_run

from pipeline.errors import BudgetReached
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.money import Amount, Budget
from pipeline.state.budgets import BudgetLeft, budgets_left, tightest
from pipeline.state.ledger_figures import spent_by_account

RUN = a_run()
PLAY = a_run("2026-11-22T050000Z-bbbbbb", account="embedded")
NEXT = a_run("2026-11-22T070000Z-cccccc")
BUDGET = Budget(campaign=Amount(400), month=Amount(900))


@pytest.fixture
async def ledger():
    """500 play credits and 2 real ones of one campaign."""
    ledger = MemoryLedger(now=lambda: NOW)
    for run, cell, price in ((PLAY, "citrus/4x3", 500), (RUN, "berry/4x3", 2)):
        await ledger.begin(run)
        await ledger.submit(replace(a_job(cell), price=Amount(price)), run=run, budget=Budget())
    return ledger


async def test_credits_of_one_account_do_not_count_against_the_budget_of_another(ledger):
    found = await budgets_left(ledger, run=RUN, budget=BUDGET, now=NOW)
    assert [(one.scope, one.spent, one.left) for one in found] == [
        ("campaign", 2, 398),
        ("month", 2, 898),
    ]


async def test_what_is_told_to_be_left_is_what_the_ledger_lets_a_run_spend(ledger):
    [left] = await budgets_left(ledger, run=RUN, budget=Budget(campaign=Amount(400)), now=NOW)
    budget = Budget(campaign=left.limit)
    too_much = replace(a_job("lime/4x3"), price=Amount(left.left + 1))
    with pytest.raises(BudgetReached):
        await ledger.submit(too_much, run=RUN, budget=budget)
    await ledger.submit(replace(a_job("lime/4x3"), price=left.left), run=RUN, budget=budget)


async def test_a_run_that_has_not_begun_has_spent_nothing_of_its_own_budget(ledger):
    found = await budgets_left(ledger, run=NEXT, budget=Budget(run=Amount(50)), now=NOW)
    assert found == (BudgetLeft(scope="run", limit=Amount(50), spent=Amount(0)),)


async def test_the_accounts_of_a_campaign_are_told_apart_the_newest_first(ledger):
    spent = await spent_by_account(ledger, RUN.campaign)
    assert [(account, one.upper) for account, one in spent.items()] == [
        (RUN.account, 2),
        (PLAY.account, 500),
    ]


def test_the_tightest_budget_is_the_one_with_the_least_left():
    wide = BudgetLeft(scope="month", limit=Amount(900), spent=Amount(0))
    narrow = BudgetLeft(scope="campaign", limit=Amount(100), spent=Amount(120))
    assert (tightest([wide, narrow]), narrow.left, tightest([])) == (narrow, 0, None)
