"""Opening runs, purchases and attempts, within the budgets."""

import os

from pipeline.errors import BudgetReached
from pipeline.ledger.row_store import RowStore, SpendScope
from pipeline.ledger.rows import JobState, PurchaseRow, PurchaseState, RunRow, month_of
from pipeline.ledger.rules.attempts import list_open_attempts, open_attempt
from pipeline.model.entry import Attempt, PurchaseKey
from pipeline.model.job import Job
from pipeline.model.money import Amount, Budget
from pipeline.model.run import Run, RunId

PAYABLE = frozenset({JobState.PLANNED, JobState.NOT_SENT, JobState.REJECTED, JobState.REFUSED})
"""States in which a job can be bought without paying for an image twice."""


def begin(store: RowStore, now: int, run: Run) -> list[Attempt]:
    """Open a run; return the attempts that dead runs of its campaign left open, unchanged."""
    if store.run(run.id) is not None:
        raise ValueError(f"run {run.id} has begun already")
    store.add_run(run, started=now)
    return list_open_attempts(store, run.campaign)


def end(store: RowStore, now: int, run: RunId, exit_code: int) -> None:
    """Record how a run ended."""
    row = store.run(run)
    if row is None:
        raise ValueError(f"run {run} has not begun")
    row.finished, row.exit_code = now, exit_code
    store.save_run(row)


def submit(store: RowStore, now: int, job: Job, *, run: Run, budget: Budget) -> Attempt:
    """Open a new purchase of a job and its first attempt, within every budget."""
    run_row = _begun(store, run)
    if job.at.campaign != run.campaign:
        raise ValueError(f"job {job.key} is of {job.at.campaign}, its run of {run.campaign}")
    if job.price < 0:
        raise ValueError(f"job {job.key} has a price of {job.price}")
    row = store.job(job.key)
    if row is not None and row.state not in PAYABLE:
        raise ValueError(f"job {job.key} is {row.state}: it could be paid for twice")
    _check_budget(store, job, run=run, budget=budget, month=month_of(now))
    if row is None:
        row = store.add_job(job.key, job.at)
    row.purchases += 1
    row.url, row.reason, row.artifact = "", "", None
    purchase = PurchaseRow(
        job=row.id,
        number=row.purchases,
        key=PurchaseKey(os.urandom(16).hex()),
        run=run_row.id,
        opened=now,
        state=PurchaseState.RESERVED,
        amount=job.price,
    )
    store.add_purchase(purchase)
    return open_attempt(store, now, row, purchase=purchase, run=run_row.id)


def resubmit(store: RowStore, now: int, job: Job, *, run: Run) -> Attempt:
    """Open another attempt of the purchase in doubt, under the same key; it stays counted."""
    run_row = _begun(store, run)
    row = store.job(job.key)
    if row is None or row.state is not JobState.IN_DOUBT:
        state = row.state if row else "unknown"
        raise ValueError(f"job {job.key} is {state}: it has no purchase in doubt")
    purchase = store.purchase(row.id, row.purchases)
    if not purchase.key:
        raise ValueError(f"the key of job {job.key} is lost, so it cannot be replayed")
    payer = store.run_by_id(purchase.run).run.account
    if payer != run.account:
        raise ValueError(f"job {job.key} was asked of {payer}: elsewhere it is a new purchase")
    return open_attempt(store, now, row, purchase=purchase, run=run_row.id)


def _begun(store: RowStore, run: Run) -> RunRow:
    row = store.run(run.id)
    if row is None or row.run != run:
        raise ValueError(f"run {run.id} of {run.campaign} on {run.account} has not begun")
    return row


def budget_scopes(
    run: Run, budget: Budget, *, month: str
) -> tuple[tuple[str, Amount, SpendScope], ...]:
    """Return each budget with its name and the purchases that count against it, narrowest first.

    Credits of one account never count against the budget of another.
    """
    scopes = (
        ("run", budget.run, SpendScope(run=run.id)),
        ("campaign", budget.campaign, SpendScope(account=run.account, campaign=run.campaign)),
        ("month", budget.month, SpendScope(account=run.account, month=month)),
    )
    return tuple((name, limit, scope) for name, limit, scope in scopes if limit is not None)


def _check_budget(store: RowStore, job: Job, *, run: Run, budget: Budget, month: str) -> None:
    """Raise `BudgetReached` if a price would exceed a budget."""
    for name, limit, scope in budget_scopes(run, budget, month=month):
        spent = store.spent(scope).upper
        if spent + job.price > limit:
            money = budget.money
            raise BudgetReached(
                scope=name,
                limit=limit,
                spent=spent,
                price=job.price,
                words=(
                    f"the {name} budget of {money.text(limit)} has {money.bare(limit - spent)} "
                    f"left, and the next image costs {money.bare(job.price)}"
                ),
            )
