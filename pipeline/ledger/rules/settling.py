"""Settling attempts and jobs: how each ending changes credits and states.

A purchase that an earlier attempt left in doubt stays in doubt if a later attempt is not charged.
Only a receipt, a person or the balance ends a doubt.
"""

from collections.abc import Sequence

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import (
    AttemptOutcome,
    JobRow,
    JobState,
    PurchaseRow,
    PurchaseState,
    storable,
)
from pipeline.ledger.rules.attempts import (
    ReplyRecord,
    close_attempt,
    find_attempt,
    find_open_attempt,
    mark_in_doubt,
)
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Attempt, Resolution
from pipeline.model.job import Job, JobKey
from pipeline.model.money import FREE, Amount
from pipeline.model.outcome import Failed, Receipt

CHARGED_BUT_LOST = "charged, and no image will come"
_UNSETTLED = frozenset({PurchaseState.RESERVED, PurchaseState.DOUBT})
_SHARED = frozenset({JobState.STORED, JobState.PENDING_DOWNLOAD})
_WITHOUT_IMAGE = frozenset(
    {
        JobState.PLANNED,
        JobState.NOT_SENT,
        JobState.REJECTED,
        JobState.REFUSED,
        JobState.PAID_LOST,
    }
)
"""Jobs that may take over another one's image: none of theirs is there, or can still come."""
_WITH_OUTCOME = frozenset(
    {
        JobState.STORED,
        JobState.PENDING_DOWNLOAD,
        JobState.PAID_LOST,
        JobState.NOT_SENT,
        JobState.REJECTED,
        JobState.REFUSED,
    }
)
"""Jobs whose image is settled, also if their money is not."""
FETCHABLE = frozenset({JobState.PENDING_DOWNLOAD, JobState.PAID_LOST, JobState.STORED})


def paid(store: RowStore, now: int, attempt: Attempt, receipt: Receipt) -> None:
    """Confirm a purchase, also one in doubt; a second call for an attempt changes nothing.

    If the job has been bought again meanwhile, only the credits are corrected: the job follows its
    newest purchase.
    """
    if receipt.amount < 0 or receipt.in_doubt < 0:
        raise ValueError(f"a receipt over {receipt.amount} and {receipt.in_doubt} in doubt")
    job, row, purchase = find_attempt(store, attempt)
    if row.outcome is AttemptOutcome.PAID:
        return
    if row.outcome is AttemptOutcome.FAILED:
        raise ValueError(f"attempt {row.number} of job {job.key} was closed as not charged")
    reply = ReplyRecord(http=receipt.http, request_id=receipt.request_id, raw=receipt.raw)
    close_attempt(store, row, AttemptOutcome.PAID, now=now, reply=reply)
    if purchase.state is not PurchaseState.CONFIRMED:
        purchase.state, purchase.amount = PurchaseState.CONFIRMED, receipt.amount
        purchase.in_doubt = receipt.in_doubt
        store.save_purchase(purchase)
    if purchase.number == job.purchases and job.state not in {
        JobState.PENDING_DOWNLOAD,
        JobState.STORED,
    }:
        job.state, job.url, job.reason = JobState.PENDING_DOWNLOAD, _url(receipt.url), ""
        store.save_job(job)
    run = store.run_by_id(row.run)
    run.last_paid = now
    store.save_run(run)


def fail(
    store: RowStore, now: int, attempt: Attempt, *, failure: Failed, reply: ReplyRecord
) -> None:
    """Free what an attempt that gave no image cannot have cost; the job has failed."""
    if failure.in_doubt < 0:
        raise ValueError(f"a failure with {failure.in_doubt} in doubt")
    job, row, purchase = find_open_attempt(store, attempt)
    close_attempt(store, row, AttemptOutcome.FAILED, now=now, error=failure.reason, reply=reply)
    state = JobState(failure.kind.value)
    _free_reservation(store, job, purchase, failure=failure, state=state)


def release(
    store: RowStore, now: int, attempt: Attempt, *, reason: str, reply: ReplyRecord
) -> None:
    """Free the reservation of an attempt that was not sent or charged; the job is due."""
    job, row, purchase = find_open_attempt(store, attempt)
    close_attempt(store, row, AttemptOutcome.FAILED, now=now, error=reason, reply=reply)
    _free_reservation(store, job, purchase, failure=None, state=JobState.PLANNED)


def doubt(
    store: RowStore,
    now: int,
    attempt: Attempt,
    *,
    reason: str,
    reply: ReplyRecord,
    at_most: Amount | None = None,
) -> None:
    """Leave an attempt in doubt: its price or `at_most` counts. A second call changes nothing."""
    if find_attempt(store, attempt)[1].outcome is AttemptOutcome.DOUBT:
        return
    job, row, purchase = find_open_attempt(store, attempt)
    close_attempt(store, row, AttemptOutcome.DOUBT, now=now, error=reason, reply=reply)
    if at_most is not None and at_most > purchase.amount and purchase.state in _UNSETTLED:
        purchase.amount = at_most
        store.save_purchase(purchase)
    mark_in_doubt(store, job, purchase, reason=reason)


def abandon(store: RowStore, attempts: Sequence[Attempt], *, reason: str) -> None:
    """Leave the attempts that are still open in doubt, without a time of ending."""
    for attempt in attempts:
        find_attempt(store, attempt)
    for attempt in attempts:
        job, row, purchase = find_attempt(store, attempt)
        if row.outcome is AttemptOutcome.SUBMITTED:
            close_attempt(store, row, AttemptOutcome.DOUBT, now=None, error=reason)
            mark_in_doubt(store, job, purchase, reason=reason)


def stored(store: RowStore, key: JobKey, artifact: Artifact) -> None:
    """Record a paid image that is on disk."""
    job = _job_in(store, key, FETCHABLE, expected="paid for")
    job.state, job.artifact, job.reason = JobState.STORED, artifact, ""
    store.save_job(job)


def share(store: RowStore, jobs: Sequence[Job]) -> int:
    """Give jobs the image that their payers have stored; return how many got one."""
    shared = 0
    for job in jobs:
        payer = store.job(job.payer) if job.payer is not None else None
        if payer is None or payer.state not in _SHARED:
            continue
        row = store.job(job.key) or store.add_job(job.key, job.at)
        if row.state not in _WITHOUT_IMAGE:
            continue
        row.state, row.url, row.reason = payer.state, payer.url, payer.reason
        row.artifact = payer.artifact
        store.save_job(row)
        shared += 1
    return shared


def unfetched(store: RowStore, key: JobKey, *, reason: str, lost: bool) -> None:
    """Record a paid image that could not be downloaded, or never can be."""
    job = _job_in(store, key, FETCHABLE, expected="paid for")
    job.state = JobState.PAID_LOST if lost else JobState.PENDING_DOWNLOAD
    job.artifact, job.reason = None, storable(reason)
    store.save_job(job)


def image_found(store: RowStore, key: JobKey, url: str, *, charged: Amount | None = None) -> None:
    """Record the URL that a person found for a job in doubt or lost."""
    job = _job_without_image(store, key, expected="in doubt or lost")
    if job.state is JobState.IN_DOUBT:
        _confirm(store, job, charged)
    job.state, job.url, job.reason = JobState.PENDING_DOWNLOAD, _url(url), ""
    store.save_job(job)


def resolve(
    store: RowStore, key: JobKey, resolution: Resolution, *, charged: Amount | None = None
) -> None:
    """Record the answer of a person, or of the balance, for a job in doubt."""
    match resolution:
        case Resolution.CHARGED:
            job = _job_with_doubt(store, key)
            _confirm(store, job, charged)
            if job.state is JobState.IN_DOUBT:
                job.state, job.url, job.reason = JobState.PAID_LOST, "", CHARGED_BUT_LOST
        case Resolution.NOT_CHARGED:
            job = _job_with_doubt(store, key)
            _free_doubt(store, job)
            if job.state is JobState.IN_DOUBT:
                job.state, job.reason = JobState.PLANNED, ""
        case Resolution.REBUY:
            job = _job_without_image(store, key, expected="in doubt or lost")
            job.state, job.url, job.reason = JobState.PLANNED, "", ""
    store.save_job(job)


def _url(url: str) -> str:
    """Return a storable URL; it is never cut, since it is what was bought."""
    return storable(url, limit=len(url))


def _free_reservation(
    store: RowStore,
    job: JobRow,
    purchase: PurchaseRow,
    *,
    failure: Failed | None,
    state: JobState,
) -> None:
    """Free what of a reservation is not in doubt; a purchase in doubt or confirmed stays so."""
    in_doubt = failure.in_doubt if failure is not None else FREE
    if purchase.state is not PurchaseState.RESERVED:
        if in_doubt > purchase.amount and purchase.state is PurchaseState.DOUBT:
            purchase.amount = in_doubt
            store.save_purchase(purchase)
        mark_in_doubt(store, job, purchase, reason=job.reason)
        return
    purchase.state = PurchaseState.FREED
    if in_doubt:
        purchase.state, purchase.amount = PurchaseState.DOUBT, in_doubt
    store.save_purchase(purchase)
    job.state, job.reason = state, storable(failure.reason if failure is not None else "")
    store.save_job(job)


def _job_in(store: RowStore, key: JobKey, states: frozenset[JobState], *, expected: str) -> JobRow:
    job = store.job(key)
    if job is None:
        raise ValueError(f"job {key} was never submitted")
    if job.state not in states:
        raise ValueError(f"job {key} is {job.state}, not {expected}")
    return job


def _job_with_doubt(store: RowStore, key: JobKey) -> JobRow:
    """Return a job in doubt, or one whose outcome is known and part of its money is in doubt."""
    states = {JobState.IN_DOUBT}
    found = store.job(key)
    if found is not None and found.purchases and found.state in _WITH_OUTCOME:
        purchase = store.purchase(found.id, found.purchases)
        if purchase.state is PurchaseState.DOUBT or purchase.in_doubt:
            states.add(found.state)
    return _job_in(store, key, frozenset(states), expected="in doubt")


def _job_without_image(store: RowStore, key: JobKey, *, expected: str) -> JobRow:
    """Return a job in doubt or lost, or one whose download has failed: it may fail for ever."""
    states = {JobState.IN_DOUBT, JobState.PAID_LOST}
    found = store.job(key)
    if found is not None and found.reason:
        states.add(JobState.PENDING_DOWNLOAD)
    return _job_in(store, key, frozenset(states), expected=expected)


def _confirm(store: RowStore, job: JobRow, charged: Amount | None) -> None:
    """Confirm what is in doubt of the newest purchase; `charged` is all that it cost."""
    if charged is not None and charged < 0:
        raise ValueError(f"a charge of {charged} credits")
    purchase = store.purchase(job.id, job.purchases)
    paid = purchase.amount if purchase.state is PurchaseState.CONFIRMED else FREE
    if charged is not None and charged < paid:
        raise ValueError(f"a charge of {charged}, less than the {paid} that are paid")
    most = Amount(purchase.amount + purchase.in_doubt)
    purchase.state, purchase.in_doubt = PurchaseState.CONFIRMED, FREE
    purchase.amount = most if charged is None else charged
    store.save_purchase(purchase)


def _free_doubt(store: RowStore, job: JobRow) -> None:
    """Free what is in doubt of the newest purchase; what is paid stays paid."""
    purchase = store.purchase(job.id, job.purchases)
    if purchase.state is PurchaseState.DOUBT:
        purchase.state = PurchaseState.FREED
    purchase.in_doubt = FREE
    store.save_purchase(purchase)
