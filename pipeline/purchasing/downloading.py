"""Fetching one paid image: free of charge, so it is tried again, now and in every later run.

An image *lands* when it is durable and structurally whole under its name. It is *stored*, and the
ledger is told so, once it has been decoded. A run that dies between the two leaves the image paid
for and to be fetched; the next run inspects the file that landed and downloads nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import chain

from pipeline.errors import (
    ArtifactError,
    DownloadFailed,
    ImageBroken,
    ImageGone,
    LocalFault,
    TaskFailed,
)
from pipeline.images.base import ImageStore
from pipeline.images.names import names_for
from pipeline.images.reading import read_landed
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry
from pipeline.model.job import Job
from pipeline.model.outcome import Paid, PaidLost, Stored
from pipeline.providers.base import Provider
from pipeline.purchasing.events import Listen, Retrying
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.pacing import Sleep
from pipeline.purchasing.retry import backoff
from pipeline.settings import RenderingSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """Fetches, inspects and stores; shared by all jobs of a run."""

    provider: Provider
    ledger: Ledger
    images: ImageStore
    inspector: ImageInspector
    settings: RenderingSettings
    listen: Listen
    sleep: Sleep = asyncio.sleep
    replaceable: dict[str, set[str]] = field(default_factory=dict)
    """Path → sha256 of older images of ours that a new one may replace there."""
    of_other_jobs: set[str] = field(default_factory=set)
    """The sha256 of images that other jobs have stored; none of them landed for another job."""

    async def give_second_name(self, older: Artifact, *, of: Entry) -> None:
        """Let a newer image have the path of an older one, which keeps a second name.

        The second name is in the ledger before anything is replaced.
        """
        if self._is_there(older):
            await self.ledger.stored(of.key, await self.images.second_name(older))
            self.allow_replacing(older)

    def allow_replacing(self, older: Artifact) -> None:
        """Let a new image replace this file, if it is still where `older` says."""
        if self._is_there(older):
            self.replaceable.setdefault(older.path, set()).add(older.sha256)

    def refuse_foreign(self, job: Job) -> None:
        """Raise `LocalFault` if a file that is not ours has an image's path; nothing was sent."""
        path = path_of(job)
        if path not in self.replaceable and path in self.images.stat_many([path]):
            raise LocalFault(
                f"{path} is in the way: it is not a file that this pipeline put there. "
                "Move it away and run again; nothing was sent for it."
            )

    async def fetch(
        self, job: Job, paid: Paid, *, may_have_landed: bool = False
    ) -> Stored | Paid | PaidLost:
        """Bring an image, have it inspected, and store it; tell the ledger how that ended.

        `may_have_landed`: an earlier run may have died between landing and storing.
        """
        artifact = await self._landed(job) if may_have_landed else None
        for tries in range(1, self.settings.download_tries + 1):
            try:
                if artifact is None:
                    artifact = await self._download(job, paid.url)
                await self._inspect(job, artifact)
            except TaskFailed as error:  # the file stays, and the next run inspects it
                await self.ledger.unfetched(job.key, reason=str(error), lost=False)
                return Paid(url=paid.url, credits=paid.credits, reason=str(error))
            except ArtifactError as error:
                artifact, failure = None, error
            else:
                await self.ledger.stored(job.key, artifact)
                return Stored(url=paid.url, credits=paid.credits, artifact=artifact)
            if isinstance(failure, ImageGone) or tries == self.settings.download_tries:
                break
            seconds = backoff(tries, first=1.0, longest=30.0)
            self.listen(Retrying(job=job, reason=str(failure), seconds=seconds))
            await self.sleep(seconds)
        return await self._unfetched(job, paid, failure)

    async def _landed(self, job: Job) -> Artifact | None:
        found = await asyncio.to_thread(read_landed, self.images, path_of(job))
        return None if found is None or found.sha256 in self.of_other_jobs else found

    async def _download(self, job: Job, url: str) -> Artifact:
        async with self.provider.download(url) as chunks:
            return await self._put(job, chunks)

    async def _put(self, job: Job, chunks: AsyncIterator[bytes]) -> Artifact:
        path = path_of(job)
        older = (self.replaceable.get(name, ()) for name in names_for(path))
        replaces = frozenset(chain.from_iterable(older))
        return await self.images.put(path, chunks, replaces=replaces)

    async def _inspect(self, job: Job, artifact: Artifact) -> None:
        try:
            await self.inspector.inspect(job, artifact)
        except ImageBroken:
            await self.images.delete(artifact.path)
            raise

    async def _unfetched(self, job: Job, paid: Paid, failure: ArtifactError) -> Paid | PaidLost:
        lost = isinstance(failure, ImageGone | ImageBroken)
        if not lost and not isinstance(failure, DownloadFailed):
            raise failure
        await self.ledger.unfetched(job.key, reason=str(failure), lost=lost)
        ending = PaidLost if lost else Paid
        return ending(url=paid.url, credits=paid.credits, reason=str(failure))

    def _is_there(self, artifact: Artifact) -> bool:
        return self.images.stat_many([artifact.path]).get(artifact.path) == artifact.bytes


def path_of(job: Job) -> str:
    """Return where a job's image belongs in the store."""
    return f"{job.at.campaign}/{job.path}"
