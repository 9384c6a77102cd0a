"""Bringing one paid image: free of charge, so it is tried again, now and in every later run."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pipeline.errors import ArtifactError, DownloadFailed, ImageBroken, ImageGone, LocalFault
from pipeline.images.local.store import ArtifactStore
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry
from pipeline.model.job import Job
from pipeline.model.outcome import Paid, PaidLost, Stored
from pipeline.providers.base import Provider
from pipeline.purchasing.events import Listen, Retrying
from pipeline.purchasing.pacing import Sleep
from pipeline.purchasing.retry import backoff
from pipeline.settings import RenderingSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """Everything a download needs; shared by all jobs of a run."""

    provider: Provider
    ledger: Ledger
    store: ArtifactStore
    settings: RenderingSettings
    listen: Listen
    sleep: Sleep = asyncio.sleep
    displaced: dict[str, set[str]] = field(default_factory=dict)
    """Path → sha256 of older images of ours that a new one may replace there."""

    async def make_way(self, older: Artifact, *, of: Entry) -> None:
        """Let a newer image have the place of an older one, which keeps a second name.

        The second name is in the ledger before anything is replaced.
        """
        if self.store.present(older):
            await self.ledger.stored(of.key, await self.store.second_name(older))
            self.replaceable(older)

    def replaceable(self, older: Artifact) -> None:
        """Allow a new image to replace this file, if it is still where `older` says."""
        if self.store.present(older):
            self.displaced.setdefault(older.path, set()).add(older.sha256)

    def refuse_occupied(self, job: Job) -> None:
        """`LocalFault` where a file that is not ours lies in an image's place; nothing was sent."""
        path = place_of(job)
        if path not in self.displaced and self.store.occupied(path):
            raise LocalFault(
                f"{path} is in the way: it is not a file that this pipeline put there. "
                "Move it away and run again; nothing was sent for it."
            )

    async def fetch(self, job: Job, paid: Paid) -> Stored | Paid | PaidLost:
        """Bring the image and put it in place; where it will not come, say so in the ledger."""
        for tries in range(1, self.settings.download_tries + 1):
            try:
                async with self.provider.download(paid.url) as chunks:
                    artifact = await self._put(job, chunks)
            except ArtifactError as error:
                failure = error
            else:
                await self.ledger.stored(job.key, artifact)
                return Stored(url=paid.url, credits=paid.credits, artifact=artifact)
            if isinstance(failure, ImageGone) or tries == self.settings.download_tries:
                break
            seconds = backoff(tries, first=1.0, longest=30.0)
            self.listen(Retrying(job=job, reason=str(failure), seconds=seconds))
            await self.sleep(seconds)
        return await self._unfetched(job, paid, failure)

    async def _put(self, job: Job, chunks: AsyncIterator[bytes]) -> Artifact:
        path = place_of(job)
        replaces = frozenset(self.displaced.get(path, ()))
        return await self.store.put(path, chunks, replaces=replaces)

    async def _unfetched(self, job: Job, paid: Paid, failure: ArtifactError) -> Paid | PaidLost:
        lost = isinstance(failure, ImageGone | ImageBroken)
        if not lost and not isinstance(failure, DownloadFailed):
            raise failure
        await self.ledger.unfetched(job.key, reason=str(failure), lost=lost)
        ending = PaidLost if lost else Paid
        return ending(url=paid.url, credits=paid.credits, reason=str(failure))


def place_of(job: Job) -> str:
    """Where a job's image belongs, relative to the output folder."""
    return f"{job.at.campaign}/{job.path}"
