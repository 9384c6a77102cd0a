"""Opening and closing attempts, for buying and for settling."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import (
    AttemptOutcome,
    AttemptRow,
    JobRow,
    JobState,
    PurchaseRow,
    PurchaseState,
    storable,
)
from pipeline.model.entry import Attempt
from pipeline.model.names import Slug
from pipeline.model.ticket import TicketId

LONGEST_REPLY = 65_536
"""Most bytes of a reply that are kept as proof."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyRecord:
    """The parts of a reply that are kept."""

    http: int | None = None
    request_id: str = ""
    raw: bytes = b""


def open_attempt(
    store: RowStore,
    now: int,
    job: JobRow,
    *,
    purchase: PurchaseRow,
    run: int,
    ticket: int | None = None,
) -> Attempt:
    """Open the next attempt of a purchase: its row is the permit for one POST.

    With a `ticket`, it is the permit for one line of that ticket's order.
    """
    job.attempts += 1
    job.state = JobState.RENDERING if ticket is None else JobState.ORDERED
    store.save_job(job)
    attempt = AttemptRow(
        job=job.id,
        number=job.attempts,
        purchase=purchase.number,
        run=run,
        started=now,
        ticket=ticket,
    )
    store.add_attempt(attempt)
    return _permit(job, purchase, number=job.attempts)


def list_open_attempts(store: RowStore, campaign: Slug) -> list[Attempt]:
    """Return every attempt of a campaign that has no ending, and that no ticket orders."""
    return _permits(store, store.open_attempts(campaign))


def list_ticket_attempts(store: RowStore, ticket: TicketId) -> list[Attempt]:
    """Return the attempts of a ticket that have no ending."""
    row = store.ticket(ticket)
    return [] if row is None else _permits(store, store.ticket_attempts(row.id))


def find_attempt(store: RowStore, attempt: Attempt) -> tuple[JobRow, AttemptRow, PurchaseRow]:
    """Return the rows of an attempt; raise `ValueError` for one that this ledger never opened."""
    job = store.job(attempt.job)
    row = store.attempt(job.id, attempt.number) if job else None
    purchase = store.purchase(row.job, row.purchase) if row else None
    if job is None or row is None or purchase is None or purchase.key != attempt.purchase:
        raise ValueError(f"there is no attempt {attempt.number} of job {attempt.job}")
    return job, row, purchase


def find_open_attempt(store: RowStore, attempt: Attempt) -> tuple[JobRow, AttemptRow, PurchaseRow]:
    """Return the rows of an attempt without an ending; raise `ValueError` if it has one."""
    job, row, purchase = find_attempt(store, attempt)
    if row.outcome is not AttemptOutcome.SUBMITTED:
        store.check_lease(store.run_by_id(row.run), buying=False)
        raise ValueError(f"attempt {row.number} of job {job.key} is closed: {row.outcome}")
    return job, row, purchase


def close_attempt(
    store: RowStore,
    row: AttemptRow,
    outcome: AttemptOutcome,
    *,
    now: int | None,
    error: str = "",
    reply: ReplyRecord | None = None,
) -> None:
    """Record how an attempt ended; `now` is `None` if nobody saw it end."""
    reply = reply or ReplyRecord()
    row.outcome, row.ended, row.error = outcome, now, storable(error)
    row.http, row.request_id = reply.http, storable(reply.request_id)
    store.save_attempt(row)
    if reply.raw:
        store.keep_reply(row, reply.raw[:LONGEST_REPLY])


def mark_in_doubt(store: RowStore, job: JobRow, purchase: PurchaseRow, *, reason: str) -> bool:
    """Count an unsettled purchase as in doubt; return whether its job is now in doubt too.

    A confirmed or freed purchase stays as it is, and a job follows its newest purchase only.
    """
    if purchase.state is PurchaseState.RESERVED:
        purchase.state = PurchaseState.DOUBT
        store.save_purchase(purchase)
    if purchase.state is not PurchaseState.DOUBT or purchase.number != job.purchases:
        return False
    job.state, job.reason = JobState.IN_DOUBT, storable(reason)
    store.save_job(job)
    return True


def _permits(store: RowStore, found: Sequence[tuple[JobRow, AttemptRow]]) -> list[Attempt]:
    return [
        _permit(job, store.purchase(job.id, row.purchase), number=row.number) for job, row in found
    ]


def _permit(job: JobRow, purchase: PurchaseRow, *, number: int) -> Attempt:
    return Attempt(job=job.key, purchase=purchase.key, number=number, price=purchase.amount)
