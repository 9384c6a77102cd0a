"""The rules of settling: what every ending of an attempt or a job changes, on any shelf.

A purchase that an earlier attempt left in doubt stays in doubt when a later attempt of it costs
nothing: only a yes, or a person, takes a doubt away.
"""

from collections.abc import Sequence

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import Ending, JobRow, JobState, Money, PurchaseRow, plain
from pipeline.ledger.rules.attempts import ReplyRecord, close_attempt, find_attempt, find_open, hold
from pipeline.model.artifact import Artifact
from pipeline.model.credits import Credits
from pipeline.model.entry import Attempt, Resolution
from pipeline.model.job import JobKey
from pipeline.model.outcome import Failed, Receipt

CHARGED_BUT_LOST = "charged, and no image will come"
_UNSETTLED = frozenset({Money.RESERVED, Money.DOUBT})
FETCHABLE = frozenset({JobState.PENDING_DOWNLOAD, JobState.PAID_LOST, JobState.STORED})


def paid(store: RowStore, now: int, attempt: Attempt, receipt: Receipt) -> None:
    """Confirm a purchase; a late yes is as good as a prompt one, a second yes changes nothing.

    Where the job has been bought anew in the meantime only the money is put right: the job
    follows its newest purchase.
    """
    if receipt.credits < 0:
        raise ValueError(f"a receipt over {receipt.credits} credits")
    job, row, purchase = find_attempt(store, attempt)
    if row.outcome is Ending.PAID:
        return
    if row.outcome is Ending.FAILED:
        raise ValueError(f"attempt {row.number} of job {job.key} was closed as not charged")
    answer = ReplyRecord(http=receipt.http, request_id=receipt.request_id, raw=receipt.raw)
    close_attempt(store, row, Ending.PAID, now=now, answer=answer)
    if purchase.state is not Money.CONFIRMED:
        purchase.state, purchase.credits = Money.CONFIRMED, receipt.credits
        store.save_purchase(purchase)
    if purchase.nth == job.purchases and job.state not in {
        JobState.PENDING_DOWNLOAD,
        JobState.STORED,
    }:
        job.state, job.url, job.reason = JobState.PENDING_DOWNLOAD, _url(receipt.url), ""
        store.save_job(job)
    run = store.run_by(row.run)
    run.last_paid = now
    store.save_run(run)


def fail(
    store: RowStore, now: int, attempt: Attempt, *, failure: Failed, answer: ReplyRecord
) -> None:
    """Nothing was charged: the job has failed."""
    job, row, purchase = find_open(store, attempt)
    close_attempt(store, row, Ending.FAILED, now=now, error=failure.reason, answer=answer)
    _free(store, job, purchase, state=JobState(failure.kind.value), reason=failure.reason)


def release(
    store: RowStore, now: int, attempt: Attempt, *, reason: str, answer: ReplyRecord
) -> None:
    """Nothing was sent or charged: the job is due."""
    job, row, purchase = find_open(store, attempt)
    close_attempt(store, row, Ending.FAILED, now=now, error=reason, answer=answer)
    _free(store, job, purchase, state=JobState.PLANNED, reason="")


def doubt(
    store: RowStore,
    now: int,
    attempt: Attempt,
    *,
    reason: str,
    answer: ReplyRecord,
    at_most: Credits | None = None,
) -> None:
    """Nobody can know: the price stays counted, or more. Said twice, it changes nothing."""
    if find_attempt(store, attempt)[1].outcome is Ending.DOUBT:
        return
    job, row, purchase = find_open(store, attempt)
    close_attempt(store, row, Ending.DOUBT, now=now, error=reason, answer=answer)
    if at_most is not None and at_most > purchase.credits and purchase.state in _UNSETTLED:
        purchase.credits = at_most
        store.save_purchase(purchase)
    hold(store, job, purchase, reason=reason)


def abandon(store: RowStore, attempts: Sequence[Attempt], *, reason: str) -> None:
    """Nobody saw how these ended: each that is still open is in doubt, with no time of ending."""
    for attempt in attempts:
        find_attempt(store, attempt)
    for attempt in attempts:
        job, row, purchase = find_attempt(store, attempt)
        if row.outcome is Ending.SUBMITTED:
            close_attempt(store, row, Ending.DOUBT, now=None, error=reason)
            hold(store, job, purchase, reason=reason)


def stored(store: RowStore, key: JobKey, artifact: Artifact) -> None:
    """The image is on disk."""
    job = _in_state(store, key, FETCHABLE, wanted="paid for")
    job.state, job.artifact, job.reason = JobState.STORED, artifact, ""
    store.save_job(job)


def unfetched(store: RowStore, key: JobKey, *, reason: str, lost: bool) -> None:
    """The image did not come, or is gone."""
    job = _in_state(store, key, FETCHABLE, wanted="paid for")
    job.state = JobState.PAID_LOST if lost else JobState.PENDING_DOWNLOAD
    job.artifact, job.reason = None, plain(reason)
    store.save_job(job)


def found(store: RowStore, key: JobKey, url: str, *, charged: Credits | None = None) -> None:
    """A person has the image's URL."""
    wanted = frozenset({JobState.IN_DOUBT, JobState.PAID_LOST})
    job = _in_state(store, key, wanted, wanted="in doubt or lost")
    if job.state is JobState.IN_DOUBT:
        _confirm(store, job, charged)
    job.state, job.url, job.reason = JobState.PENDING_DOWNLOAD, _url(url), ""
    store.save_job(job)


def resolve(
    store: RowStore, key: JobKey, resolution: Resolution, *, charged: Credits | None = None
) -> None:
    """A person, or the balance, has spoken."""
    settled = frozenset({JobState.IN_DOUBT})
    match resolution:
        case Resolution.CHARGED:
            job = _in_state(store, key, settled, wanted="in doubt")
            _confirm(store, job, charged)
            job.state, job.url, job.reason = JobState.PAID_LOST, "", CHARGED_BUT_LOST
        case Resolution.NOT_CHARGED:
            job = _in_state(store, key, settled, wanted="in doubt")
            purchase = store.purchase(job.id, job.purchases)
            purchase.state = Money.FREED
            store.save_purchase(purchase)
            job.state, job.reason = JobState.PLANNED, ""
        case Resolution.REBUY:
            buyable = settled | {JobState.PAID_LOST}
            job = _in_state(store, key, buyable, wanted="in doubt or lost")
            job.state, job.url, job.reason = JobState.PLANNED, "", ""
    store.save_job(job)


def forgive(store: RowStore, key: JobKey) -> None:
    """A failed job is due again."""
    wanted = frozenset({JobState.NOT_SENT, JobState.REJECTED, JobState.REFUSED})
    job = _in_state(store, key, wanted, wanted="failed or refused")
    job.state, job.reason = JobState.PLANNED, ""
    store.save_job(job)


def _url(url: str) -> str:
    """All of it: it is what was bought."""
    return plain(url, limit=len(url))


def _free(
    store: RowStore, job: JobRow, purchase: PurchaseRow, *, state: JobState, reason: str
) -> None:
    """Give a reservation back; a doubt or a confirmation of the same purchase stands."""
    if purchase.state is not Money.RESERVED:
        hold(store, job, purchase, reason=job.reason)
        return
    purchase.state = Money.FREED
    store.save_purchase(purchase)
    job.state, job.reason = state, plain(reason)
    store.save_job(job)


def _in_state(store: RowStore, key: JobKey, states: frozenset[JobState], *, wanted: str) -> JobRow:
    job = store.job(key)
    if job is None:
        raise ValueError(f"job {key} was never submitted")
    if job.state not in states:
        raise ValueError(f"job {key} is {job.state}, not {wanted}")
    return job


def _confirm(store: RowStore, job: JobRow, charged: Credits | None) -> None:
    if charged is not None and charged < 0:
        raise ValueError(f"a charge of {charged} credits")
    purchase = store.purchase(job.id, job.purchases)
    purchase.state = Money.CONFIRMED
    purchase.credits = purchase.credits if charged is None else charged
    store.save_purchase(purchase)
