"""The retry decision: what a failed request may have cost, and whether it is sent again.

A request that may have been charged is repeated only under the key of its purchase, and only if
the provider honours such keys.
"""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

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
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.model.money import Amount
from pipeline.model.outcome import Failed, FailureKind, InDoubt
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.pacing import Clock, Pacer
from pipeline.settings import RenderingSettings

CONFLICT = 409
"""The HTTP status if the first request with this key is still being processed."""

NOT_HERE = (404, 405)
NO_SUCH_MODEL = re.compile(
    r"\b(?:unknown|unsupported|invalid|no such) model\b"
    r"|\bmodel\b.{0,40}\b(?:not found|not exist|not supported|not available)\b",
    re.IGNORECASE,
)
LOOK_THERE = "Every image would be refused like the first: check the base URL and the model"
CORRECT_IT = "correct the base URL or the model"

Jitter = Callable[[], float]
"""Returns a number in [0, 1)."""


def backoff(tries: int, *, first: float, longest: float, jitter: Jitter = random.random) -> float:
    """Return seconds to wait after the `tries`-th failure: doubling, capped, half random."""
    whole = min(longest, first * 2.0 ** min(tries - 1, 30))
    return whole * (0.5 + 0.5 * jitter())


@dataclass(frozen=True, kw_only=True, slots=True)
class AskAgain:
    """The job is not settled, and its request is sent again."""

    reason: str
    seconds: float
    replay: bool = False
    waits_for_all: bool = False
    """True if all requests pause for these seconds, so that the job need not wait itself."""


@dataclass(kw_only=True, slots=True)
class JobTries:
    """Number of failed tries of one job in this run, by kind."""

    unsent: int = 0
    doubts: int = 0
    started: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryDecision:
    """Records what a failed request may have cost, and decides what to do next."""

    ledger: Ledger
    pace: Pacer
    breaker: Breaker
    halt: Halt
    settings: RenderingSettings
    replays_keys: bool
    """True if the provider honours keys, so that a purchase may be sent again under its own."""
    clock: Clock = time.monotonic

    async def after(
        self,
        job: Job,
        attempt: Attempt,
        error: ProviderError,
        *,
        tries: JobTries,
        alone: bool,
    ) -> Failed | InDoubt | AskAgain | None:
        """Free what was not charged, hold what may have been, and decide whether to ask again.

        Returns `None` if the run has stopped buying; the job then stays due.
        """
        match error:
            case NotSent():
                return await self._unsent(attempt, error, tries=tries, alone=alone)
            case Throttled():
                await self._release(attempt, error)
                return self._wait_for_all(error, replay=False)
            case ProviderStopped():
                await self._release(attempt, error)
                self.halt.because(error)
                return None
            case Rejected() if alone and _sells_nothing(error):
                await self._release(attempt, error)
                reason = f"{error}; nothing was charged. {LOOK_THERE}"
                self.halt.because(ProviderStopped(reason, remedy=CORRECT_IT))
                return None
            case Rejected():
                refused = isinstance(error, PolicyRefused)
                kind = FailureKind.REFUSED if refused else FailureKind.REJECTED
                in_doubt = Amount(error.in_doubt)
                failure = Failed(kind=kind, reason=str(error), in_doubt=in_doubt)
                await self.ledger.fail(
                    attempt, failure, http=error.http, request_id=error.request_id
                )
                self.pace.answered()
                self.breaker.answered()
                self.breaker.failed()
                return failure
            case _:
                return await self._doubtful(job, attempt, error, tries=tries)

    async def _release(self, attempt: Attempt, error: ProviderError) -> None:
        await self.ledger.release(
            attempt, reason=str(error), http=error.http, request_id=error.request_id
        )

    async def _unsent(
        self, attempt: Attempt, error: NotSent, *, tries: JobTries, alone: bool
    ) -> Failed | AskAgain:
        tries.unsent += 1
        if tries.unsent < self.settings.send_tries and not self.halt:
            await self._release(attempt, error)
            seconds = backoff(tries.unsent, first=0.5, longest=15.0)
            return AskAgain(reason=str(error), seconds=seconds)
        failure = Failed(kind=FailureKind.NOT_SENT, reason=str(error))
        await self.ledger.fail(attempt, failure)
        self.breaker.unsent(str(error), alone=alone)
        self.breaker.failed()
        return failure

    def _wait_for_all(self, error: Throttled, *, replay: bool) -> AskAgain | None:
        seconds = self.pace.throttled(error.retry_after)
        if self.pace.throttled_for() > self.settings.throttle_patience:
            self.halt.because(ProviderStopped(f"the provider keeps asking to wait: {error}"))
            return None
        return AskAgain(reason=str(error), seconds=seconds, replay=replay, waits_for_all=True)

    async def _doubtful(
        self, job: Job, attempt: Attempt, error: ProviderError, *, tries: JobTries
    ) -> InDoubt | AskAgain:
        images, said = 1, 0
        if isinstance(error, ReplyUnknown):
            images, said = error.images, error.credits_said
        held = Amount(max(attempt.price, job.price * images, said))
        await self.ledger.doubt(
            attempt,
            reason=str(error),
            http=error.http,
            request_id=error.request_id,
            raw=error.raw,
            at_most=held,
        )
        if self.replays_keys and self._may_replay(error, tries=tries):
            seconds = backoff(max(tries.doubts, 1), first=0.3, longest=8.0)
            return AskAgain(reason=str(error), seconds=seconds, replay=True)
        self.breaker.doubted(str(error))
        return InDoubt(amount=held, reason=str(error))

    async def after_replay(
        self, job: Job, attempt: Attempt, error: ProviderError, *, tries: JobTries
    ) -> Failed | InDoubt | AskAgain | None:
        """Decide after a failed replay, which proves nothing: the purchase stays in doubt."""
        match error:
            case ReplyUnknown() | NotSent():
                return await self._doubtful(job, attempt, error, tries=tries)
            case _:
                await self.ledger.doubt(
                    attempt, reason=str(error), http=error.http, request_id=error.request_id
                )
        match error:
            case Throttled():
                return self._wait_for_all(error, replay=True)
            case ProviderStopped():
                self.halt.because(error)
        return InDoubt(amount=attempt.price, reason=str(error))

    def _may_replay(self, error: ProviderError, *, tries: JobTries) -> bool:
        if self.halt:
            return False
        if error.http == CONFLICT:
            return self.clock() - tries.started < self.settings.replay_patience
        tries.doubts += 1
        return tries.doubts <= self.settings.replays


def _sells_nothing(error: Rejected) -> bool:
    """Return True if a refusal concerns the URL or the model, and so every image."""
    return error.http in NOT_HERE or bool(NO_SUCH_MODEL.search(str(error)))
