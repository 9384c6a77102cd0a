"""Bringing one paid image: free of charge, so it is tried again, now and in every later run."""

import asyncio
from dataclasses import dataclass

from pipeline.artifacts.store import ArtifactStore
from pipeline.errors import ArtifactError, DownloadFailed, ImageBroken, ImageGone
from pipeline.ledger.base import Ledger
from pipeline.model.job import Job
from pipeline.model.outcome import Rendered, Stored
from pipeline.providers.base import Provider
from pipeline.rendering.events import Listen, Retrying
from pipeline.rendering.pacing import Sleep
from pipeline.rendering.retry import backoff
from pipeline.settings import RenderingSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Courier:
    """Everything a download needs; shared by all jobs of a run."""

    provider: Provider
    ledger: Ledger
    store: ArtifactStore
    settings: RenderingSettings
    listen: Listen
    sleep: Sleep = asyncio.sleep

    async def fetch(self, job: Job, paid: Rendered) -> Stored | Rendered:
        """Bring the image and put it in place; where it will not come, say so in the ledger."""
        for tries in range(1, self.settings.download_tries + 1):
            try:
                async with self.provider.download(paid.url) as chunks:
                    artifact = await self.store.put(f"{job.at.campaign}/{job.path}", chunks)
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

    async def _unfetched(self, job: Job, paid: Rendered, failure: ArtifactError) -> Rendered:
        lost = isinstance(failure, ImageGone | ImageBroken)
        if not lost and not isinstance(failure, DownloadFailed):
            raise failure
        await self.ledger.unfetched(job.key, reason=str(failure), lost=lost)
        return Rendered(url=paid.url, credits=paid.credits, lost=lost, reason=str(failure))
