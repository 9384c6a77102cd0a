"""Opening and closing one POST: the rows that every buying and settling verb goes through."""

from dataclasses import dataclass

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import AttemptRow, Ending, JobRow, JobState, Money, PurchaseRow, plain
from pipeline.model.campaign import Slug
from pipeline.model.entry import Attempt

LONGEST_REPLY = 65_536
"""Bytes of a reply that are kept as proof."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyRecord:
    """What is worth keeping of a reply."""

    http: int | None = None
    request_id: str = ""
    raw: bytes = b""


def open_attempt(
    store: RowStore, now: int, job: JobRow, *, purchase: PurchaseRow, run: int
) -> Attempt:
    """Open the next attempt of a purchase: its row is the permit for one POST."""
    job.attempts += 1
    job.state = JobState.RENDERING
    store.save_job(job)
    store.add_attempt(
        AttemptRow(job=job.id, number=job.attempts, nth=purchase.nth, run=run, started=now)
    )
    return Attempt(job=job.key, purchase=purchase.key, number=job.attempts, price=purchase.credits)


def list_open(store: RowStore, campaign: Slug) -> list[Attempt]:
    """Return every attempt of a campaign that has no ending."""
    attempts = []
    for job, row in store.open_attempts(campaign):
        purchase = store.purchase(job.id, row.nth)
        attempts.append(
            Attempt(job=job.key, purchase=purchase.key, number=row.number, price=purchase.credits)
        )
    return attempts


def find_attempt(store: RowStore, attempt: Attempt) -> tuple[JobRow, AttemptRow, PurchaseRow]:
    """The rows behind a permit; `ValueError` for one that this ledger never gave."""
    job = store.job(attempt.job)
    row = store.attempt(job.id, attempt.number) if job else None
    purchase = store.purchase(row.job, row.nth) if row else None
    if job is None or row is None or purchase is None or purchase.key != attempt.purchase:
        raise ValueError(f"there is no attempt {attempt.number} of job {attempt.job}")
    return job, row, purchase


def find_open(store: RowStore, attempt: Attempt) -> tuple[JobRow, AttemptRow, PurchaseRow]:
    """The rows behind a permit that has no ending yet; `ValueError` where it has one."""
    job, row, purchase = find_attempt(store, attempt)
    if row.outcome is not Ending.SUBMITTED:
        raise ValueError(f"attempt {row.number} of job {job.key} is closed: {row.outcome}")
    return job, row, purchase


def close_attempt(
    store: RowStore,
    row: AttemptRow,
    outcome: Ending,
    *,
    now: int | None,
    error: str = "",
    answer: ReplyRecord | None = None,
) -> None:
    """Write the ending of a POST; `now` is `None` where nobody saw it end."""
    answer = answer or ReplyRecord()
    row.outcome, row.ended, row.error = outcome, now, plain(error)
    row.http, row.request_id = answer.http, plain(answer.request_id)
    store.save_attempt(row)
    if answer.raw:
        store.keep_reply(row, answer.raw[:LONGEST_REPLY])


def hold(store: RowStore, job: JobRow, purchase: PurchaseRow, *, reason: str) -> bool:
    """Count a purchase that is not settled as in doubt; returns whether its job now is too."""
    if purchase.state is Money.RESERVED:
        purchase.state = Money.DOUBT
        store.save_purchase(purchase)
    if purchase.state is not Money.DOUBT or purchase.nth != job.purchases:
        return False
    job.state, job.reason = JobState.IN_DOUBT, plain(reason)
    store.save_job(job)
    return True
