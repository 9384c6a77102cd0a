"""The purchases that explain what a run manifest says of one job, and the orders they wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import (
    AttemptOutcome,
    JobRow,
    JobState,
    PurchaseState,
    RunRow,
    TicketRow,
    moment_of,
    state_of,
    storable,
)
from pipeline.model.entry import PurchaseKey, Restored
from pipeline.model.money import FREE, Amount
from pipeline.model.outcome import Failed, InDoubt, Paid, PaidLost, Stored, spent
from pipeline.model.run import RunId
from pipeline.model.ticket import Ticket, TicketState

_LOST = PurchaseKey("")


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredPurchase:
    """One purchase as a record tells it."""

    state: PurchaseState
    amount: Amount
    in_doubt: Amount = FREE
    """What it may have cost beyond its amount, if it is confirmed."""
    key: PurchaseKey = _LOST
    """Known only of one that waits for an order."""


FREED = RestoredPurchase(state=PurchaseState.FREED, amount=FREE)
OUTCOMES = {
    PurchaseState.CONFIRMED: AttemptOutcome.PAID,
    PurchaseState.DOUBT: AttemptOutcome.DOUBT,
    PurchaseState.FREED: AttemptOutcome.FAILED,
}
"""How the attempt of a purchase ended, if the record has no attempts."""


def purchases_of(job: Restored, *, ordered: bool = False) -> list[RestoredPurchase]:
    """Return the purchases that explain what was spent; the outcome is that of the last one.

    That one is reserved, under its own key, if it is `ordered`.
    """
    newest = spent(job.outcome)
    sums = {
        PurchaseState.DOUBT: job.spent.in_doubt - newest.in_doubt,
        PurchaseState.CONFIRMED: job.spent.confirmed - newest.confirmed,
    }
    older = [
        RestoredPurchase(state=state, amount=Amount(rest))
        for state, rest in sums.items()
        if rest > 0
    ]
    doubt = RestoredPurchase(state=PurchaseState.DOUBT, amount=newest.in_doubt)
    if ordered and job.order is not None:
        reserved = PurchaseState.RESERVED
        doubt = replace(doubt, state=reserved, key=job.order.purchase)
    match job.outcome:
        case Stored() | Paid() | PaidLost():
            paid = RestoredPurchase(
                state=PurchaseState.CONFIRMED, amount=newest.confirmed, in_doubt=newest.in_doubt
            )
            return [*older, paid]
        case InDoubt():
            return [*older, doubt]
        case Failed(in_doubt=in_doubt) if in_doubt:
            return [*older, doubt]
        case Failed() | None:
            return older or [FREED]
        case _:
            assert_never(job.outcome)


def ticket_row(
    store: RowStore, now: int, ticket: Ticket, runs: Mapping[RunId, RunRow]
) -> TicketRow | None:
    """Return the row of a ticket, which is added if it is new; `None` if it is closed here."""
    row = store.ticket(ticket.id)
    run = runs.get(ticket.run)
    if row is None and run is not None and run.run.account == ticket.account:
        row = TicketRow(
            id=0,
            name=ticket.id,
            run=run.id,
            profile=ticket.profile,
            model=storable(ticket.model),
            images=ticket.images,
            opened=moment_of(ticket.packed) or run.started,
            state=ticket.state,
            changed=now,
            file=storable(ticket.file),
            batch=storable(ticket.batch),
            expires=moment_of(ticket.expires),
            reason=storable(ticket.reason),
        )
        row.id = store.add_ticket(row)
    return None if row is None or row.state is TicketState.COLLECTED else row


def set_outcome(row: JobRow, job: Restored) -> None:
    """Set the state of a job, its URL, reason and artifact, as a record tells them."""
    row.state = state_of(job.outcome)
    row.url, row.reason, row.artifact = "", "", None
    match job.outcome:
        case Stored(url=url, artifact=artifact):
            row.url, row.artifact = url, artifact
        case Paid(url=url, reason=reason) | PaidLost(url=url, reason=reason):
            row.url, row.reason = url, storable(reason)
        case Failed(reason=reason) | InDoubt(reason=reason):
            row.reason = storable(reason)
        case None:
            row.state = JobState.PLANNED
