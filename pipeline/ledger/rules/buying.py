"""Opening runs, purchases and attempts, within the budgets."""

import os
from collections.abc import Sequence

from pipeline.errors import BudgetReached
from pipeline.ledger.row_store import RowStore, SpendScope
from pipeline.ledger.rows import (
    JobRow,
    JobState,
    PurchaseRow,
    PurchaseState,
    RunRow,
    TicketRow,
    month_of,
)
from pipeline.ledger.rules.attempts import list_open_attempts, open_attempt
from pipeline.model.entry import Attempt, PurchaseKey
from pipeline.model.job import Job
from pipeline.model.money import Amount, Budget
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import TicketId, TicketState

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
    return _open_purchase(store, now, job, run=_begun(store, run), budget=budget)


def order(
    store: RowStore,
    now: int,
    jobs: Sequence[Job],
    *,
    run: Run,
    budget: Budget,
    ticket: TicketId,
) -> list[Attempt]:
    """Open a ticket with a new purchase of each of these jobs, as many as every budget allows."""
    run_row = _begun(store, run)
    if store.ticket(ticket) is not None:
        raise ValueError(f"ticket {ticket} exists already")
    if not jobs or len({(job.profile, job.request.model) for job in jobs}) > 1:
        raise ValueError("a ticket orders images of one model, and at least one")
    if len({job.key for job in jobs}) < len(jobs):
        raise ValueError("a ticket orders no image twice")
    for job in jobs:
        _payable(store, job, run=run_row)
    affordable = _affordable(store, now, jobs, run=run, budget=budget)
    first = jobs[0]
    id_ = store.add_ticket(
        TicketRow(
            id=0,
            name=ticket,
            run=run_row.id,
            profile=first.profile,
            model=first.request.model,
            images=len(affordable),
            opened=now,
            state=TicketState.PACKED,
            changed=now,
        )
    )
    return [
        _open_purchase(store, now, job, run=run_row, budget=budget, ticket=id_)
        for job in affordable
    ]


def _affordable(
    store: RowStore, now: int, jobs: Sequence[Job], *, run: Run, budget: Budget
) -> Sequence[Job]:
    """Return the first jobs, as many as every budget allows; raise `BudgetReached` if none."""
    _check_budget(store, jobs[0].price, run=run, budget=budget, month=month_of(now))
    count, whole = 1, int(jobs[0].price)
    for job in jobs[1:]:
        whole += job.price
        try:
            _check_budget(store, Amount(whole), run=run, budget=budget, month=month_of(now))
        except BudgetReached:
            break
        count += 1
    return jobs[:count]


def _open_purchase(
    store: RowStore,
    now: int,
    job: Job,
    *,
    run: RunRow,
    budget: Budget,
    ticket: int | None = None,
) -> Attempt:
    row = _payable(store, job, run=run)
    _check_budget(store, job.price, run=run.run, budget=budget, month=month_of(now))
    if row is None:
        row = store.add_job(job.key, job.at)
    row.purchases += 1
    row.url, row.reason, row.artifact = "", "", None
    purchase = PurchaseRow(
        job=row.id,
        number=row.purchases,
        key=PurchaseKey(os.urandom(16).hex()),
        run=run.id,
        opened=now,
        state=PurchaseState.RESERVED,
        amount=job.price,
    )
    store.add_purchase(purchase)
    return open_attempt(store, now, row, purchase=purchase, run=run.id, ticket=ticket)


def _payable(store: RowStore, job: Job, *, run: RunRow) -> JobRow | None:
    """Return the row of a job that can be bought, if it has one; raise `ValueError` for others."""
    if job.at.campaign != run.run.campaign:
        raise ValueError(f"job {job.key} is of {job.at.campaign}, its run of {run.run.campaign}")
    if job.price < 0:
        raise ValueError(f"job {job.key} has a price of {job.price}")
    row = store.job(job.key)
    if row is not None and row.state not in PAYABLE:
        raise ValueError(f"job {job.key} is {row.state}: it could be paid for twice")
    return row


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
    store.check_lease(row, buying=True)
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


def _check_budget(store: RowStore, price: Amount, *, run: Run, budget: Budget, month: str) -> None:
    """Raise `BudgetReached` if a price would exceed a budget."""
    for name, limit, scope in budget_scopes(run, budget, month=month):
        spent = store.spent(scope).upper
        store.keep_within(scope, limit)
        if spent + price > limit:
            money = budget.money
            raise BudgetReached(
                scope=name,
                limit=limit,
                spent=spent,
                price=price,
                words=(
                    f"the {name} budget of {money.text(limit)} has {money.bare(limit - spent)} "
                    f"left, and the next image costs {money.bare(price)}"
                ),
            )
