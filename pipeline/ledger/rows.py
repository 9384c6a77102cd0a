"""The rows of a ledger: runs, jobs, purchases and attempts, in every kind of store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry, PurchaseKey
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import FREE, Amount, Spent
from pipeline.model.names import ProfileName
from pipeline.model.outcome import (
    Failed,
    FailureKind,
    InDoubt,
    Outcome,
    Paid,
    PaidLost,
    Stored,
    status_of,
)
from pipeline.model.run import Run
from pipeline.model.ticket import Ticket, TicketId, TicketState


class JobState(StrEnum):
    """The state of a job: the public statuses, with the kinds of failure as states."""

    PLANNED = "planned"
    RENDERING = "rendering"
    ORDERED = "ordered"
    STORED = "stored"
    PENDING_DOWNLOAD = "pending_download"
    PAID_LOST = "paid_lost"
    IN_DOUBT = "in_doubt"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    REFUSED = "refused"


class PurchaseState(StrEnum):
    """The state of the credits of one purchase."""

    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    DOUBT = "doubt"
    FREED = "freed"


class AttemptOutcome(StrEnum):
    """How an attempt ended, in the words of the run manifest; `submitted` is open."""

    SUBMITTED = "submitted"
    PAID = "paid"
    FAILED = "failed"
    DOUBT = "doubt"


@dataclass(kw_only=True, slots=True)
class RunRow:
    """One invocation; times are milliseconds since 1970, UTC."""

    id: int
    """Counts the runs of the ledger from 1, and so orders them."""
    run: Run
    started: int
    finished: int | None = None
    exit_code: int | None = None
    last_paid: int | None = None


@dataclass(kw_only=True, slots=True)
class JobRow:
    """One job; `purchases` and `attempts` count those opened so far."""

    id: int
    key: JobKey
    at: Coordinates
    state: JobState = JobState.PLANNED
    url: str = ""
    reason: str = ""
    artifact: Artifact | None = None
    purchases: int = 0
    attempts: int = 0


@dataclass(kw_only=True, slots=True)
class PurchaseRow:
    """One purchase of a job, charged at most once however many attempts it has."""

    job: int
    number: int
    """Counts the purchases of the job from 1."""
    key: PurchaseKey
    """Empty if it was lost with an older ledger."""
    run: int
    """The run that opened it; its credits count for that run, even if another one settles it."""
    opened: int
    state: PurchaseState
    amount: Amount
    """The most that it can cost; once confirmed, what the receipt says."""
    in_doubt: Amount = FREE
    """What a confirmed purchase may have cost beyond its `amount`."""


@dataclass(kw_only=True, slots=True)
class AttemptRow:
    """One POST."""

    job: int
    number: int
    """Counts the attempts of the job from 1, over all its purchases."""
    purchase: int
    """The number of the purchase that it belongs to."""
    run: int
    started: int
    ended: int | None = None
    http: int | None = None
    outcome: AttemptOutcome = AttemptOutcome.SUBMITTED
    request_id: str = ""
    error: str = ""
    ticket: int | None = None
    """The ticket that orders it, by its row id; `None` for a request of its own."""


@dataclass(kw_only=True, slots=True)
class TicketRow:
    """One ticket; times are milliseconds since 1970, UTC."""

    id: int
    """Counts the tickets of the ledger from 1."""
    name: TicketId
    run: int
    """The run that opened it; a later one may settle its lines."""
    profile: ProfileName
    model: str
    images: int
    opened: int
    state: TicketState
    changed: int
    file: str = ""
    batch: str = ""
    expires: int | None = None
    misses: int = 0
    missed: int | None = None
    reason: str = ""


def storable(text: str, *, limit: int = 2000) -> str:
    """Return text that every store can hold: valid Unicode, cut to `limit` characters."""
    return text[:limit].encode("utf-8", "replace").decode()


def milliseconds(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970, UTC."""
    return round(moment.timestamp() * 1000)


def moment_of(text: str) -> int | None:
    """Return the milliseconds of a time written by `iso`; raise `ValueError` if it is none."""
    return milliseconds(datetime.fromisoformat(text)) if text else None


def iso(moment: int | None) -> str:
    """Return a moment as `2026-11-22T06:00:00.123Z`; empty for `None`."""
    if moment is None:
        return ""
    seconds, thousandths = divmod(moment, 1000)
    return f"{_second(seconds)}.{thousandths:03}Z"


def month_of(moment: int) -> str:
    """Return the month of a moment as `2026-11`, UTC."""
    return _second(moment // 1000)[:7]


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def entry_of(job: JobRow, purchases: Sequence[PurchaseRow]) -> Entry:
    """Return the public entry of a job; `purchases` in the order in which they were opened."""
    newest = purchases[-1] if purchases else None
    return Entry(
        key=job.key,
        at=job.at,
        outcome=_outcome(job, sum_of(purchases[-1:])),
        spent=sum_of(purchases),
        purchase=newest.key if newest and newest.key else None,
        purchased=iso(newest.opened) if newest and newest.key else "",
        rendering=job.state is JobState.RENDERING,
        ordered=job.state is JobState.ORDERED,
    )


def ticket_of(row: TicketRow, run: Run) -> Ticket:
    """Return the public ticket of a row and the run that opened it."""
    return Ticket(
        id=row.name,
        run=run.id,
        campaign=run.campaign,
        account=run.account,
        profile=row.profile,
        model=row.model,
        images=row.images,
        packed=iso(row.opened),
        state=row.state,
        changed=iso(row.changed),
        file=row.file,
        batch=row.batch,
        expires=iso(row.expires),
        misses=row.misses,
        missed=iso(row.missed),
        reason=row.reason,
    )


def state_of(outcome: Outcome | None) -> JobState:
    """Return the state of a job with this outcome."""
    return JobState(outcome.kind if isinstance(outcome, Failed) else status_of(outcome))


def sum_of(purchases: Sequence[PurchaseRow]) -> Spent:
    """Return the sum of some purchases; what is reserved counts as in doubt."""
    confirmed = in_doubt = 0
    for purchase in purchases:
        if purchase.state is PurchaseState.CONFIRMED:
            confirmed += purchase.amount
            in_doubt += purchase.in_doubt
        elif purchase.state is not PurchaseState.FREED:
            in_doubt += purchase.amount
    return _interval(confirmed, in_doubt)


@lru_cache(maxsize=256)
def _interval(confirmed: int, in_doubt: int) -> Spent:
    """Return one shared value for the many jobs that cost the same."""
    return Spent(confirmed=Amount(confirmed), in_doubt=Amount(in_doubt))


def _outcome(job: JobRow, spent: Spent) -> Outcome | None:
    """Return the outcome of a job whose newest purchase cost this much."""
    paid, in_doubt = spent.confirmed, spent.in_doubt
    match job.state:
        case JobState.PLANNED | JobState.RENDERING | JobState.ORDERED:
            return None
        case JobState.STORED:
            if job.artifact is None:
                raise ValueError(f"job {job.key} is stored without an artifact")
            return Stored(url=job.url, amount=paid, in_doubt=in_doubt, artifact=job.artifact)
        case JobState.PENDING_DOWNLOAD:
            return Paid(url=job.url, amount=paid, in_doubt=in_doubt, reason=job.reason)
        case JobState.PAID_LOST:
            return PaidLost(url=job.url, amount=paid, in_doubt=in_doubt, reason=job.reason)
        case JobState.IN_DOUBT:
            return InDoubt(amount=in_doubt, reason=job.reason)
        case JobState.NOT_SENT | JobState.REJECTED | JobState.REFUSED:
            kind = FailureKind(job.state.value)
            return Failed(kind=kind, reason=job.reason, in_doubt=in_doubt)
        case _:
            assert_never(job.state)
