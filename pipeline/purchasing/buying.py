"""Buying one image: reserve its price, send one POST, and record what was charged."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import assert_never

from pipeline.errors import ProviderError, ReplyUnknown
from pipeline.ledger.base import Ledger
from pipeline.model.entry import Attempt
from pipeline.model.job import Job
from pipeline.model.outcome import Failed, InDoubt, Paid, Receipt
from pipeline.providers.base import Provider
from pipeline.purchasing.events import Listen, PaidUnrecorded, PoolPaused, RequestSent, Retrying
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.known_images import KnownImages
from pipeline.purchasing.pacing import Clock, Pacer, Sleep
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.retry import AskAgain, JobTries, RetryDecision
from pipeline.purchasing.worker_pool import WaitedFor, Waits
from pipeline.settings import RenderingSettings

Bought = Paid | Failed | InDoubt


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchasing:
    """Buys images. Every purchase of a run is made here."""

    provider: Provider
    ledger: Ledger
    reservations: Reservations
    pace: Pacer
    breaker: Breaker
    halt: Halt
    known_images: KnownImages
    settings: RenderingSettings
    listen: Listen
    waits: Waits = field(default_factory=Waits)
    sleep: Sleep = asyncio.sleep
    clock: Clock = time.monotonic

    async def buy(self, job: Job, *, replay: bool = False, alone: bool = False) -> Bought | None:
        """Buy one image; with `replay`, send a purchase in doubt again under its own key.

        Returns `None` if the run has stopped buying; the job then stays due. `alone` marks the
        first request to an account, sent by itself: if it cannot be sent, the run halts.
        """
        tries = JobTries(started=self.clock())
        while True:
            async with self.pace.turn():
                attempt = await self.reservations.reserve(job, replay=replay)
                if attempt is None:
                    return None
                try:
                    ending = await self._post(job, attempt, tries=tries, replay=replay, alone=alone)
                finally:
                    await self.reservations.attempt_ended()
            match ending:
                case AskAgain():
                    self.listen(
                        PoolPaused(reason=ending.reason, seconds=ending.seconds)
                        if ending.waits_for_all
                        else Retrying(job=job, reason=ending.reason, seconds=ending.seconds)
                    )
                    if not ending.waits_for_all:
                        await self.sleep(ending.seconds)
                    replay = ending.replay
                case Paid() | Failed() | InDoubt() | None:
                    return ending
                case _:
                    assert_never(ending)

    async def _post(
        self, job: Job, attempt: Attempt, *, tries: JobTries, replay: bool, alone: bool
    ) -> Bought | AskAgain | None:
        self.listen(RequestSent(job=job, attempt=attempt.number))
        try:
            with self.waits.on(WaitedFor.PROVIDER, job):
                receipt = await self.provider.submit(job.request, key=attempt.purchase)
            await self._refuse_others_image(job, receipt)
        except asyncio.CancelledError:
            await asyncio.shield(self.ledger.doubt(attempt, reason="interrupted before an answer"))
            raise
        except ProviderError as error:
            if replay:
                return await self._retry().after_replay(job, attempt, error, tries=tries)
            return await self._retry().after(job, attempt, error, tries=tries, alone=alone)
        try:
            await self.ledger.paid(attempt, receipt)
        except BaseException:
            self.listen(PaidUnrecorded(job=job, url=receipt.url))
            raise
        self.pace.answered()
        self.breaker.answered()
        return Paid(url=receipt.url, amount=receipt.amount, in_doubt=receipt.in_doubt)

    async def _refuse_others_image(self, job: Job, receipt: Receipt) -> None:
        """Raise `ReplyUnknown` if the URL is that of another job's image."""
        other = await self.known_images.owner_of_url(job, receipt.url)
        if other:
            raise ReplyUnknown(
                f"the answer names the image of {other} (HTTP {receipt.http}): {receipt.url}",
                http=receipt.http,
                request_id=receipt.request_id,
                raw=receipt.raw,
            )

    def _retry(self) -> RetryDecision:
        return RetryDecision(
            ledger=self.ledger,
            pace=self.pace,
            breaker=self.breaker,
            halt=self.halt,
            settings=self.settings,
            replays_keys=self.provider.profile.caps.replays_keys,
            clock=self.clock,
        )
