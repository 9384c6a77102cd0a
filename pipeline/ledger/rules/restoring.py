"""Restoring jobs from a ledger that was lost."""

from collections.abc import Sequence

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import (
    AttemptOutcome,
    AttemptRow,
    JobRow,
    JobState,
    PurchaseRow,
    PurchaseState,
    RunRow,
    moment_of,
    state_of,
    storable,
)
from pipeline.model.credits import Credits
from pipeline.model.entry import AttemptRecord, PurchaseKey, Restored, RunRecord
from pipeline.model.outcome import Failed, InDoubt, Paid, PaidLost, Stored
from pipeline.model.run import Run

FROM_MANIFEST = "restored from a run manifest"
_OUTCOMES = {
    PurchaseState.CONFIRMED: AttemptOutcome.PAID,
    PurchaseState.DOUBT: AttemptOutcome.DOUBT,
    PurchaseState.FREED: AttemptOutcome.FAILED,
}


def restore(store: RowStore, now: int, run: RunRecord, jobs: Sequence[Restored]) -> int:
    """Write the jobs that are not known yet; return their number."""
    row = _run(store, now, run)
    written = 0
    for job in jobs:
        if store.job(job.key) is None:
            last_paid = _write(store, job, run=row)
            row.last_paid = max(last_paid, row.last_paid or 0) or None
            written += 1
    store.save_run(row)
    return written


def _run(store: RowStore, now: int, run: RunRecord) -> RunRow:
    named = Run(id=run.id, campaign=run.campaign, account=run.account)
    row = store.run(run.id)
    if row is None:
        store.add_run(named, started=moment_of(run.started) or now)
        row = store.run(run.id)
    if row is None or row.run != named:
        raise ValueError(f"run {run.id} is known, of another campaign or account")
    if row.finished is None:
        row.finished, row.exit_code = moment_of(run.finished), run.exit_code
    return row


def _write(store: RowStore, job: Restored, *, run: RunRow) -> int:
    """Write one job with its purchases and attempts; return when it was last paid, or 0."""
    row = store.add_job(job.key, job.at)
    opened = moment_of(job.bought) or run.started
    purchases = _purchases(job)
    for number, (state, credits_) in enumerate(purchases, start=1):
        store.add_purchase(
            PurchaseRow(
                job=row.id,
                number=number,
                key=PurchaseKey(""),
                run=run.id,
                opened=opened,
                state=state,
                credits=credits_,
            )
        )
    attempts = [_attempt(row, record, purchase=len(purchases), run=run) for record in job.attempts]
    # every purchase needs an attempt: those that the manifest does not list are made up
    for number in range(1, len(purchases) + 1 - len(attempts)):
        attempts.append(
            AttemptRow(
                job=row.id,
                number=len(attempts) + 1,
                purchase=number,
                run=run.id,
                started=opened,
                outcome=_OUTCOMES[purchases[number - 1][0]],
                error=FROM_MANIFEST,
            )
        )
    for attempt in attempts:
        store.add_attempt(attempt)
    row.purchases, row.attempts = len(purchases), len(attempts)
    _set_outcome(row, job)
    store.save_job(row)
    return max((a.ended or 0 for a in attempts if a.outcome is AttemptOutcome.PAID), default=0)


def _purchases(job: Restored) -> list[tuple[PurchaseState, Credits]]:
    """Return purchases that add up to what was spent; the last one has the job's outcome."""
    confirmed, doubt = job.spent.confirmed, job.spent.in_doubt
    purchases = [(PurchaseState.DOUBT, doubt)] if doubt or isinstance(job.outcome, InDoubt) else []
    if confirmed or isinstance(job.outcome, Stored | Paid | PaidLost):
        purchases.append((PurchaseState.CONFIRMED, confirmed))
    if isinstance(job.outcome, InDoubt):
        purchases.reverse()
    return purchases or [(PurchaseState.FREED, Credits(0))]


def _attempt(job: JobRow, record: AttemptRecord, *, purchase: int, run: RunRow) -> AttemptRow:
    outcome = AttemptOutcome(record.outcome)
    return AttemptRow(
        job=job.id,
        number=record.number,
        purchase=purchase,
        run=run.id,
        started=moment_of(record.started) or run.started,
        ended=moment_of(record.ended),
        http=record.http,
        outcome=AttemptOutcome.DOUBT if outcome is AttemptOutcome.SUBMITTED else outcome,
        request_id=storable(record.request_id),
        error=storable(record.error),
    )


def _set_outcome(row: JobRow, job: Restored) -> None:
    row.state = state_of(job.outcome)
    match job.outcome:
        case Stored(url=url, artifact=artifact):
            row.url, row.artifact = url, artifact
        case Paid(url=url, reason=reason) | PaidLost(url=url, reason=reason):
            row.url, row.reason = url, storable(reason)
        case Failed(reason=reason) | InDoubt(reason=reason):
            row.reason = storable(reason)
        case None:
            row.state = JobState.PLANNED
