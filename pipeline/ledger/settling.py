"""The rules of settling: what every ending of an attempt or a job changes, on any shelf.

A purchase that an earlier attempt left in doubt stays in doubt when a later attempt of it costs
nothing: only a yes, or a person, takes a doubt away.
"""

from pipeline.ledger.attempts import Answer, close_attempt, find_attempt, find_open, hold
from pipeline.ledger.base import Attempt, Resolution
from pipeline.ledger.books import Books
from pipeline.ledger.rows import Ending, JobRow, Money, PurchaseRow, State, plain
from pipeline.model.artifact import Artifact
from pipeline.model.credits import Credits
from pipeline.model.job import JobKey
from pipeline.model.outcome import Failed, Receipt

CHARGED_BUT_LOST = "charged, and no image will come"
_UNSETTLED = frozenset({Money.RESERVED, Money.DOUBT})
FETCHABLE = frozenset({State.PENDING_DOWNLOAD, State.PAID_LOST, State.STORED})


def paid(books: Books, now: int, attempt: Attempt, receipt: Receipt) -> None:
    """Confirm a purchase; a late yes is as good as a prompt one, a second yes changes nothing.

    Where the job has been bought anew in the meantime only the money is put right: the job
    follows its newest purchase.
    """
    if receipt.credits < 0:
        raise ValueError(f"a receipt over {receipt.credits} credits")
    job, row, purchase = find_attempt(books, attempt)
    if row.outcome is Ending.PAID:
        return
    if row.outcome is Ending.FAILED:
        raise ValueError(f"attempt {row.number} of job {job.key} was closed as not charged")
    answer = Answer(http=receipt.http, request_id=receipt.request_id, raw=receipt.raw)
    close_attempt(books, row, Ending.PAID, now=now, answer=answer)
    if purchase.state is not Money.CONFIRMED:
        purchase.state, purchase.credits = Money.CONFIRMED, receipt.credits
        books.save_purchase(purchase)
    if purchase.nth == job.purchases and job.state not in {State.PENDING_DOWNLOAD, State.STORED}:
        job.state, job.url, job.reason = State.PENDING_DOWNLOAD, _url(receipt.url), ""
        books.save_job(job)
    run = books.run_by(row.run)
    run.last_paid = now
    books.save_run(run)


def fail(books: Books, now: int, attempt: Attempt, *, failure: Failed, answer: Answer) -> None:
    """Nothing was charged: the job has failed."""
    job, row, purchase = find_open(books, attempt)
    close_attempt(books, row, Ending.FAILED, now=now, error=failure.reason, answer=answer)
    _free(books, job, purchase, state=State(failure.kind.value), reason=failure.reason)


def release(books: Books, now: int, attempt: Attempt, *, reason: str, answer: Answer) -> None:
    """Nothing was sent or charged: the job is due."""
    job, row, purchase = find_open(books, attempt)
    close_attempt(books, row, Ending.FAILED, now=now, error=reason, answer=answer)
    _free(books, job, purchase, state=State.PLANNED, reason="")


def doubt(
    books: Books,
    now: int,
    attempt: Attempt,
    *,
    reason: str,
    answer: Answer,
    at_most: Credits | None = None,
) -> None:
    """Nobody can know: the price stays counted, or more. Said twice, it changes nothing."""
    if find_attempt(books, attempt)[1].outcome is Ending.DOUBT:
        return
    job, row, purchase = find_open(books, attempt)
    close_attempt(books, row, Ending.DOUBT, now=now, error=reason, answer=answer)
    if at_most is not None and at_most > purchase.credits and purchase.state in _UNSETTLED:
        purchase.credits = at_most
        books.save_purchase(purchase)
    hold(books, job, purchase, reason=reason)


def stored(books: Books, key: JobKey, artifact: Artifact) -> None:
    """The image is on disk."""
    job = _in_state(books, key, FETCHABLE, wanted="paid for")
    job.state, job.artifact, job.reason = State.STORED, artifact, ""
    books.save_job(job)


def unfetched(books: Books, key: JobKey, *, reason: str, lost: bool) -> None:
    """The image did not come, or is gone."""
    job = _in_state(books, key, FETCHABLE, wanted="paid for")
    job.state = State.PAID_LOST if lost else State.PENDING_DOWNLOAD
    job.artifact, job.reason = None, plain(reason)
    books.save_job(job)


def found(books: Books, key: JobKey, url: str, *, charged: Credits | None = None) -> None:
    """A person has the image's URL."""
    wanted = frozenset({State.IN_DOUBT, State.PAID_LOST})
    job = _in_state(books, key, wanted, wanted="in doubt or lost")
    if job.state is State.IN_DOUBT:
        _confirm(books, job, charged)
    job.state, job.url, job.reason = State.PENDING_DOWNLOAD, _url(url), ""
    books.save_job(job)


def resolve(
    books: Books, key: JobKey, resolution: Resolution, *, charged: Credits | None = None
) -> None:
    """A person, or the balance, has spoken."""
    settled = frozenset({State.IN_DOUBT})
    match resolution:
        case Resolution.CHARGED:
            job = _in_state(books, key, settled, wanted="in doubt")
            _confirm(books, job, charged)
            job.state, job.url, job.reason = State.PAID_LOST, "", CHARGED_BUT_LOST
        case Resolution.NOT_CHARGED:
            job = _in_state(books, key, settled, wanted="in doubt")
            purchase = books.purchase(job.id, job.purchases)
            purchase.state = Money.FREED
            books.save_purchase(purchase)
            job.state, job.reason = State.PLANNED, ""
        case Resolution.REBUY:
            buyable = settled | {State.PAID_LOST}
            job = _in_state(books, key, buyable, wanted="in doubt or lost")
            job.state, job.url, job.reason = State.PLANNED, "", ""
    books.save_job(job)


def forgive(books: Books, key: JobKey) -> None:
    """A failed job is due again."""
    wanted = frozenset({State.NOT_SENT, State.REJECTED, State.REFUSED})
    job = _in_state(books, key, wanted, wanted="failed or refused")
    job.state, job.reason = State.PLANNED, ""
    books.save_job(job)


def _url(url: str) -> str:
    """All of it: it is what was bought."""
    return plain(url, limit=len(url))


def _free(books: Books, job: JobRow, purchase: PurchaseRow, *, state: State, reason: str) -> None:
    """Give a reservation back; a doubt or a confirmation of the same purchase stands."""
    if purchase.state is not Money.RESERVED:
        hold(books, job, purchase, reason=job.reason)
        return
    purchase.state = Money.FREED
    books.save_purchase(purchase)
    job.state, job.reason = state, plain(reason)
    books.save_job(job)


def _in_state(books: Books, key: JobKey, states: frozenset[State], *, wanted: str) -> JobRow:
    job = books.job(key)
    if job is None:
        raise ValueError(f"job {key} was never submitted")
    if job.state not in states:
        raise ValueError(f"job {key} is {job.state}, not {wanted}")
    return job


def _confirm(books: Books, job: JobRow, charged: Credits | None) -> None:
    if charged is not None and charged < 0:
        raise ValueError(f"a charge of {charged} credits")
    purchase = books.purchase(job.id, job.purchases)
    purchase.state = Money.CONFIRMED
    purchase.credits = purchase.credits if charged is None else charged
    books.save_purchase(purchase)
