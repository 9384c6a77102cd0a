"""Downloading one paid image. This is free, so it is tried again, in this run and in later ones.

An image has *landed* when its file is durable, structurally whole and has its name. It is *stored*,
and recorded as such in the ledger, once it has been decoded. If a run dies between the two, the
image is still to be fetched; the next run inspects the landed file and downloads nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from itertools import chain

from pipeline.errors import (
    ArtifactError,
    DownloadFailed,
    ImageBroken,
    ImageGone,
    LocalFault,
    NotAnImage,
    TaskFailed,
)
from pipeline.images.base import ImageStore
from pipeline.images.names import names_for
from pipeline.images.reading import read_landed
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Paid, PaidLost, Stored
from pipeline.model.packed.containers import HashIndex
from pipeline.providers.base import Provider
from pipeline.providers.openai_api.kept_replies import SEALED
from pipeline.purchasing.buying import KnownImages
from pipeline.purchasing.events import Listen, Retrying, SameImage
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.pacing import Sleep
from pipeline.purchasing.retry import backoff
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.purchasing.worker_pool import WaitedFor, Waits
from pipeline.settings import RenderingSettings

MOST_TOLD = 10
"""Most messages in a run about images with the same bytes, which test servers send often."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """Downloads, inspects and stores images; shared by all jobs of a run."""

    provider: Provider
    ledger: Ledger
    images: ImageStore
    inspector: ImageInspector
    known_images: KnownImages
    replies: SealedReplies
    settings: RenderingSettings
    listen: Listen
    waits: Waits = field(default_factory=Waits)
    sleep: Sleep = asyncio.sleep
    owner_of: Callable[[str], str] = lambda _path: ""
    """Returns what a run manifest and the command that mends it say of a path; empty if none."""
    replaceable: dict[str, set[str]] = field(default_factory=dict)
    """Path → sha256 of older images of this pipeline that a new image may replace there."""
    of_other_jobs: HashIndex = field(default_factory=HashIndex)
    """Hashes of the sha256 that other jobs have stored: such a file did not land for this job."""

    told_same: list[JobKey] = field(default_factory=list)
    """Jobs for which such a message was sent."""

    async def give_second_name(self, older: Artifact, *, of: Entry) -> None:
        """Give an older image a second name, so that a newer one may take its path.

        The second name is recorded in the ledger before anything is replaced.
        """
        if self._is_there(older):
            await self.ledger.stored(of.key, await self.images.second_name(older))
            self.allow_replacing(older)

    def allow_replacing(self, older: Artifact) -> None:
        """Let a new image replace this file, if the file still exists."""
        if self._is_there(older):
            self.replaceable.setdefault(older.path, set()).add(older.sha256)

    def refuse_foreign(self, job: Job) -> None:
        """Raise `LocalFault` if a file of somebody else is at the path of a job's image."""
        path = path_of(job)
        if path not in self.replaceable and path in self.images.stat_many([path]):
            owner = self.owner_of(path) or (
                "and this pipeline did not write it. Move it away and run again"
            )
            raise LocalFault(f"{path} already exists, {owner}; nothing was sent for it.")

    async def fetch(
        self, job: Job, paid: Paid, *, may_have_landed: bool = False
    ) -> Stored | Paid | PaidLost:
        """Download and inspect an image, and record the outcome in the ledger.

        Set `may_have_landed` if an earlier run may have died between landing and storing.
        """
        artifact = await self._landed(job) if may_have_landed else None
        for tries in range(1, self.settings.download_tries + 1):
            try:
                if artifact is None:
                    artifact = await self._download(job, paid.url)
                await self._inspect(job, artifact)
            except TaskFailed as error:  # the file is kept for the next run
                await self.ledger.unfetched(job.key, reason=str(error), lost=False)
                return replace(paid, reason=str(error))
            except ArtifactError as error:
                artifact, failure = None, error
            else:
                await self.ledger.stored(job.key, artifact)
                if not may_have_landed:  # else a cell that shares the image may still need it
                    await self.replies.forget([paid.url])
                await self._tell_same_image(job, artifact, url=paid.url)
                return Stored(
                    url=paid.url, amount=paid.amount, in_doubt=paid.in_doubt, artifact=artifact
                )
            is_here = paid.url.startswith(SEALED)
            if is_here or isinstance(failure, ImageGone) or tries == self.settings.download_tries:
                break
            seconds = backoff(tries, first=1.0, longest=30.0)
            self.listen(Retrying(job=job, reason=str(failure), seconds=seconds))
            await self.sleep(seconds)
        return await self._unfetched(job, paid, failure)

    async def _tell_same_image(self, job: Job, artifact: Artifact, *, url: str) -> None:
        """Report an image with the same bytes as another job's, which was then paid for twice.

        The image is kept, since it has its own receipt. With play credits nothing is reported: the
        embedded server renders the same picture for the same prompt.
        """
        if self.provider.profile.play_money or len(self.told_same) >= MOST_TOLD:
            return
        other = await self.known_images.owner_of_file(job, artifact.sha256, url=url)
        if other:
            self.told_same.append(job.key)
            self.listen(SameImage(job=job, other=other))

    async def _landed(self, job: Job) -> Artifact | None:
        found = await asyncio.to_thread(read_landed, self.images, path_of(job))
        return None if found is None or hash(found.sha256) in self.of_other_jobs else found

    async def _download(self, job: Job, url: str) -> Artifact:
        with self.waits.on(WaitedFor.IMAGE_HOST, job):
            sealed = url.startswith(SEALED)
            opened = self.replies.open_picture if sealed else self.provider.download
            async with opened(url) as chunks:
                return await self._put(job, chunks)

    async def _put(self, job: Job, chunks: AsyncIterator[bytes]) -> Artifact:
        path = path_of(job)
        older = (self.replaceable.get(name, ()) for name in names_for(path))
        replaces = frozenset(chain.from_iterable(older))
        return await self.images.put(path, chunks, replaces=replaces)

    async def _inspect(self, job: Job, artifact: Artifact) -> None:
        try:
            with self.waits.on(WaitedFor.INSPECTION, job):
                await self.inspector.inspect(job, artifact)
        except ImageBroken:
            await self.images.delete(artifact.path)
            raise

    async def _unfetched(self, job: Job, paid: Paid, failure: ArtifactError) -> Paid | PaidLost:
        gone = isinstance(failure, ImageGone | ImageBroken)
        lost = gone and not isinstance(failure, NotAnImage)
        if not gone and not isinstance(failure, DownloadFailed):
            raise failure
        await self.ledger.unfetched(job.key, reason=str(failure), lost=lost)
        ending = PaidLost if lost else Paid
        money = {"amount": paid.amount, "in_doubt": paid.in_doubt}
        return ending(url=paid.url, **money, reason=str(failure))

    def _is_there(self, artifact: Artifact) -> bool:
        return self.images.stat_many([artifact.path]).get(artifact.path) == artifact.bytes


def path_of(job: Job) -> str:
    """Return the path of a job's image in the store."""
    return f"{job.at.campaign}/{job.path}"
