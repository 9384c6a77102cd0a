"""Asking for one image: reserve, ask once, and write down what that did to the money."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import assert_never

from pipeline.errors import (
    NotSent,
    PolicyRefused,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.ledger.base import Ledger
from pipeline.model.credits import Credits
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid
from pipeline.providers.base import Provider
from pipeline.purchasing.breaker import Breaker
from pipeline.purchasing.events import Listen, PaidUnrecorded, PoolPaused, RequestSent, Retrying
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.pacing import Clock, Pacer, Sleep
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.retry import backoff
from pipeline.settings import RenderingSettings

CONFLICT = 409
"""The same key is being answered at this moment."""

NOT_HERE = (404, 405)
NO_SUCH_MODEL = re.compile(
    r"\b(?:unknown|unsupported|invalid|no such) model\b"
    r"|\bmodel\b.{0,40}\b(?:not found|not exist|not supported|not available)\b",
    re.IGNORECASE,
)
LOOK_THERE = "Every image would be refused like the first: look at the base URL and the model"

Bought = Paid | Failed | InDoubt


@dataclass(frozen=True, kw_only=True, slots=True)
class AskAgain:
    """Not settled yet: the same job is asked again."""

    reason: str
    seconds: float
    replay: bool = False
    waits_for_all: bool = False
    """The pool's pause does the waiting, not this job alone."""


@dataclass(kw_only=True, slots=True)
class JobTries:
    """How often one job was tried in this run, by what went wrong."""

    unsent: int = 0
    doubts: int = 0
    started: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchasing:
    """Where all purchases of a run go through."""

    provider: Provider
    ledger: Ledger
    reservations: Reservations
    pace: Pacer
    breaker: Breaker
    halt: Halt
    settings: RenderingSettings
    listen: Listen
    sleep: Sleep = asyncio.sleep
    clock: Clock = time.monotonic


async def buy(
    at: Purchasing, job: Job, *, replay: bool = False, alone: bool = False
) -> Bought | None:
    """Buy one image, or replay a purchase in doubt under its own key.

    `None` where the run has stopped buying: the job stays due. `alone` marks the canary, whose
    failure to be sent at all halts the run.
    """
    tries = JobTries(started=at.clock())
    while True:
        async with at.pace.turn():
            attempt = await at.reservations.reserve(job, replay=replay)
            if attempt is None:
                return None
            try:
                ending = await _post(at, job, attempt, tries=tries, replay=replay, alone=alone)
            finally:
                await at.reservations.settled()
        match ending:
            case AskAgain():
                at.listen(
                    PoolPaused(reason=ending.reason, seconds=ending.seconds)
                    if ending.waits_for_all
                    else Retrying(job=job, reason=ending.reason, seconds=ending.seconds)
                )
                if not ending.waits_for_all:
                    await at.sleep(ending.seconds)
                replay = ending.replay
            case Paid() | Failed() | InDoubt() | None:
                return ending
            case _:
                assert_never(ending)


async def _post(
    at: Purchasing, job: Job, attempt: Attempt, *, tries: JobTries, replay: bool, alone: bool
) -> Bought | AskAgain | None:
    at.listen(RequestSent(job=job, attempt=attempt.number))
    try:
        receipt = await at.provider.submit(job.request, key=attempt.purchase)
    except asyncio.CancelledError:
        await asyncio.shield(at.ledger.doubt(attempt, reason="interrupted while waiting"))
        raise
    except ProviderError as error:
        if replay:
            return await _still_in_doubt(at, job, attempt, error, tries=tries)
        return await _not_bought(at, job, attempt, error, tries=tries, alone=alone)
    try:
        await at.ledger.paid(attempt, receipt)
    except BaseException:
        at.listen(PaidUnrecorded(job=job, url=receipt.url))
        raise
    at.pace.answered()
    at.breaker.answered()
    return Paid(url=receipt.url, credits=receipt.credits)


async def _not_bought(
    at: Purchasing,
    job: Job,
    attempt: Attempt,
    error: ProviderError,
    *,
    tries: JobTries,
    alone: bool,
) -> Bought | AskAgain | None:
    """First-time purchases: what was not charged is freed, what may have been is held."""
    match error:
        case NotSent():
            return await _unsent(at, attempt, error, tries=tries, alone=alone)
        case Throttled():
            await _release(at, attempt, error)
            return _wait_for_all(at, error, replay=False)
        case ProviderStopped():
            await _release(at, attempt, error)
            at.halt.because(error)
            return None
        case Rejected() if alone and _sells_nothing(error):
            await _release(at, attempt, error)
            at.halt.because(ProviderStopped(f"{error}; nothing was charged. {LOOK_THERE}"))
            return None
        case Rejected():
            refused = isinstance(error, PolicyRefused)
            kind = FailureKind.REFUSED if refused else FailureKind.REJECTED
            failure = Failed(kind=kind, reason=str(error))
            await at.ledger.fail(attempt, failure, http=error.http, request_id=error.request_id)
            at.pace.answered()
            at.breaker.answered()
            at.breaker.failed()
            return failure
        case _:
            return await _doubtful(at, job, attempt, error, tries=tries)


def _sells_nothing(error: Rejected) -> bool:
    """Whether a refusal is about where and for which model was asked, not about one image."""
    return error.http in NOT_HERE or bool(NO_SUCH_MODEL.search(str(error)))


async def _release(at: Purchasing, attempt: Attempt, error: ProviderError) -> None:
    await at.ledger.release(
        attempt, reason=str(error), http=error.http, request_id=error.request_id
    )


async def _unsent(
    at: Purchasing, attempt: Attempt, error: NotSent, *, tries: JobTries, alone: bool
) -> Failed | AskAgain:
    tries.unsent += 1
    if tries.unsent < at.settings.send_tries and not at.halt:
        await _release(at, attempt, error)
        seconds = backoff(tries.unsent, first=0.5, longest=15.0)
        return AskAgain(reason=str(error), seconds=seconds)
    failure = Failed(kind=FailureKind.NOT_SENT, reason=str(error))
    await at.ledger.fail(attempt, failure)
    at.breaker.unsent(str(error), alone=alone)
    at.breaker.failed()
    return failure


def _wait_for_all(at: Purchasing, error: Throttled, *, replay: bool) -> AskAgain | None:
    seconds = at.pace.throttled(error.retry_after)
    if at.pace.throttled_for() > at.settings.throttle_patience:
        at.halt.because(ProviderStopped(f"the provider keeps asking for patience: {error}"))
        return None
    return AskAgain(reason=str(error), seconds=seconds, replay=replay, waits_for_all=True)


async def _doubtful(
    at: Purchasing, job: Job, attempt: Attempt, error: ProviderError, *, tries: JobTries
) -> InDoubt | AskAgain:
    images = error.images if isinstance(error, ReplyUnknown) else 1
    held = Credits(max(attempt.price, job.price * images))
    await at.ledger.doubt(
        attempt,
        reason=str(error),
        http=error.http,
        request_id=error.request_id,
        raw=error.raw,
        at_most=held,
    )
    if at.provider.profile.caps.replays_keys and _may_replay(at, error, tries=tries):
        seconds = backoff(max(tries.doubts, 1), first=0.3, longest=8.0)
        return AskAgain(reason=str(error), seconds=seconds, replay=True)
    at.breaker.doubted(str(error))
    return InDoubt(credits=held, reason=str(error))


async def _still_in_doubt(
    at: Purchasing, job: Job, attempt: Attempt, error: ProviderError, *, tries: JobTries
) -> Bought | AskAgain | None:
    """A replay that failed says nothing about the purchase itself: the doubt stays."""
    match error:
        case ReplyUnknown() | NotSent():
            return await _doubtful(at, job, attempt, error, tries=tries)
        case _:
            await at.ledger.doubt(
                attempt, reason=str(error), http=error.http, request_id=error.request_id
            )
    match error:
        case Throttled():
            return _wait_for_all(at, error, replay=True)
        case ProviderStopped():
            at.halt.because(error)
    return InDoubt(credits=attempt.price, reason=str(error))


def _may_replay(at: Purchasing, error: ProviderError, *, tries: JobTries) -> bool:
    if at.halt:
        return False
    if error.http == CONFLICT:
        return at.clock() - tries.started < at.settings.replay_patience
    tries.doubts += 1
    return tries.doubts <= at.settings.replays
