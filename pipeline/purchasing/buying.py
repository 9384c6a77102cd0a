"""Buying one image: reserve its price, send one POST, and record what was charged."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import assert_never

from pipeline.errors import LocalFault, ProviderError, ReplyUnknown
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Attempt
from pipeline.model.job import Coordinates, Job, JobKey
from pipeline.model.outcome import Failed, InDoubt, Paid, Receipt, Stored, is_doubtful
from pipeline.model.packed.containers import HashIndex
from pipeline.model.providers.profile import Dedupe
from pipeline.providers.base import Provider
from pipeline.purchasing.events import Listen, PaidUnrecorded, PoolPaused, RequestSent, Retrying
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.pacing import Clock, Pacer, Sleep
from pipeline.purchasing.recovery import settle_by_reply
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.retry import AskAgain, JobTries, RetryDecision
from pipeline.purchasing.sealed_replies import OpenSeal, SealedReplies
from pipeline.purchasing.worker_pool import WaitedFor, Waits
from pipeline.settings import RenderingSettings

Bought = Paid | Failed | InDoubt


UNNAMED = "another image"


class _Owners:
    """The first job of each URL or file, by its hash: 36 bytes for each."""

    def __init__(self) -> None:
        self._index, self._keys = HashIndex(), bytearray()

    def get(self, name: str) -> JobKey | None:
        """Return the job that had this name first; `None` if no job had it."""
        place = next(self._index.places(hash(name)), None)
        return None if place is None else JobKey(self._keys[16 * place : 16 * place + 16].hex())

    def setdefault(self, name: str, job: JobKey) -> JobKey:
        """Return the job that had this name first: this one, if no job had it before."""
        known = self.get(name)
        if known is not None:
            return known
        self._index.add(hash(name))
        self._keys += bytes.fromhex(job)
        return job


class KnownImages:
    """The URLs and files of all jobs in a ledger, over all campaigns.

    They are kept as hashes, since a ledger may have a million of them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._urls, self._files = _Owners(), _Owners()

    async def load(self) -> None:
        """Read them from the ledger; before that, only images of this run are known."""
        for record in await self._ledger.images():
            self._urls.setdefault(record.url, record.job)
            if record.sha256:
                self._files.setdefault(record.sha256, record.job)

    async def owner_of_url(self, job: Job, url: str) -> str:
        """Return the name of another job that has this URL; if empty, it is now this job's.

        If several jobs get the same URL at the same time, the first one keeps it.
        """
        return await self._name(job, self._urls.setdefault(url, job.key))

    async def owner_of_file(self, job: Job, sha256: str, *, url: str) -> str:
        """Return the name of another job whose file has the same bytes; empty as for a URL.

        Cells that share one image have its URL too: `url` tells them from two images.
        """
        owner = self._files.setdefault(sha256, job.key)
        return "" if self._urls.get(url) == owner else await self._name(job, owner)

    async def _name(self, job: Job, owner: JobKey) -> str:
        if owner == job.key:
            return ""
        known = (await self._ledger.entries([owner])).get(owner)
        return name_of(known.at) if known else UNNAMED


def name_of(at: Coordinates) -> str:
    """Return the name of an image for a person: `citrus/1x1 draft take 1 of soda`."""
    again = f" round {at.round}" if at.round > 1 else ""
    return f"{at.cell} {at.stage}{again} take {at.take} of {at.campaign}"


LocalFileOf = Callable[[Artifact], Awaitable[str]]
"""An image of the store → the absolute path of a file with its bytes."""


async def no_local_file(artifact: Artifact) -> str:
    """Refuse to edit drafts."""
    raise ValueError(f"{artifact.path}: drafts are not edited here")


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
    replies: SealedReplies
    settings: RenderingSettings
    listen: Listen
    local_file: LocalFileOf = no_local_file
    """Gives the place of a stored image on this disk, for finals that are edits of their drafts."""
    waits: Waits = field(default_factory=Waits)
    sleep: Sleep = asyncio.sleep
    clock: Clock = time.monotonic

    async def buy(self, job: Job, *, replay: bool = False, alone: bool = False) -> Bought | None:
        """Buy one image; with `replay`, send a purchase in doubt again under its own key.

        Returns `None` if the run has stopped buying; the job then stays due. `alone` marks the
        first request to an account, sent by itself: if it cannot be sent, the run halts.
        """
        tries = JobTries(started=self.clock())
        job = await self.with_draft(job)
        while True:
            async with self.pace.turn(images=max(1, len(job.request.references))) as turn:
                attempt = await self.reservations.reserve(job, replay=replay)
                if attempt is None:
                    return None
                try:
                    answer = await self._post(job, attempt, tries=tries, replay=replay, alone=alone)
                    if isinstance(answer, Receipt):
                        # The next request starts while this answer is made durable.
                        turn.end()
                        answer = await self._paid(job, attempt, answer)
                finally:
                    await self.reservations.attempt_ended()
            match answer:
                case AskAgain():
                    self.listen(
                        PoolPaused(reason=answer.reason, seconds=answer.seconds)
                        if answer.waits_for_all
                        else Retrying(job=job, reason=answer.reason, seconds=answer.seconds)
                    )
                    if not answer.waits_for_all:
                        await self.sleep(answer.seconds)
                    replay = answer.replay
                case Paid() | Failed() | InDoubt() | None:
                    return answer
                case _:
                    assert_never(answer)

    async def _post(
        self, job: Job, attempt: Attempt, *, tries: JobTries, replay: bool, alone: bool
    ) -> Receipt | Bought | AskAgain | None:
        """Send the request; return the receipt of an image, or how the attempt ended."""
        self.listen(RequestSent(job=job, attempt=attempt.number))
        seal = self.replies.seal_for(attempt, job)
        try:
            with self.waits.on(WaitedFor.PROVIDER, job):
                receipt = await self.provider.submit(job.request, key=attempt.purchase, seal=seal)
            await self._refuse_others_image(job, receipt)
        except asyncio.CancelledError:
            await asyncio.shield(self._interrupted(attempt, seal))
            raise
        except LocalFault:
            with suppress(LocalFault):  # the disk of the ledger may have failed as well
                await self.ledger.doubt(attempt, reason="the answer could not be kept")
            raise
        except ProviderError as error:
            if replay:
                return await self._retry().after_replay(job, attempt, error, tries=tries)
            ending = await self._retry().after(job, attempt, error, tries=tries, alone=alone)
            if seal.begun and not (isinstance(ending, Bought) and is_doubtful(ending)):
                await self.replies.forget([seal.source])
            return ending
        return receipt

    async def _paid(self, job: Job, attempt: Attempt, receipt: Receipt) -> Paid:
        """Record a purchase durably."""
        try:
            await self.ledger.paid(attempt, receipt)
        except BaseException:
            self.listen(PaidUnrecorded(job=job, url=receipt.url))
            raise
        self.pace.answered()
        self.breaker.answered()
        return Paid(url=receipt.url, amount=receipt.amount, in_doubt=receipt.in_doubt)

    async def with_draft(self, job: Job) -> Job:
        """Return a job with the place of the approved draft that it edits, if it does."""
        references = job.request.references
        if job.derived_from is None or not references or references[0].path:
            return job
        entry = (await self.ledger.entries([job.derived_from])).get(job.derived_from)
        if entry is None or not isinstance(entry.outcome, Stored):
            return job
        place = await self.local_file(entry.outcome.artifact)
        draft = replace(references[0], path=place)
        request = replace(job.request, references=(draft, *references[1:]))
        return replace(job, request=request)

    async def _interrupted(self, attempt: Attempt, seal: OpenSeal) -> None:
        """Settle a request whose caller was cancelled: by its reply, if that was sealed already."""
        kept = await asyncio.to_thread(seal.rescue) if seal.begun else None
        if kept is None:
            await self.ledger.doubt(attempt, reason="interrupted before an answer")
        else:
            await settle_by_reply(self.ledger, attempt, kept)

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
            replays_keys=self.provider.profile.caps.dedupe is Dedupe.KEY,
            clock=self.clock,
        )
