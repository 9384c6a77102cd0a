"""Uploading the files of a run to an object store, beside the run.

Buying never waits for it: files queue by name alone, and a file for which there is no room in the
queue is found again at the end. What is not uploaded when a run ends, the next run uploads.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.app.run.ad_files import AdFileReport
from pipeline.app.stores.campaign_store import (
    CampaignStore,
    keeps_images,
    object_address,
    prove_writable,
    refuse_unusable_store,
    store_of,
)
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import Interrupted, LocalFault, StoreFault, UploadStopped
from pipeline.images.base import ImageStore
from pipeline.images.object_store.base import ObjectStore, ObjectVersion, held_version, made_whole
from pipeline.images.reading import read_file
from pipeline.model.job import Job
from pipeline.model.names import Stage
from pipeline.model.outcome import Outcome, Stored
from pipeline.purchasing.events import BuyingHalted, Event, StageOpening
from pipeline.purchasing.halt import Halt
from pipeline.reports.run_manifest import ObjectFields, not_uploaded
from pipeline.state.campaign_state import CampaignState
from pipeline.state.lookup import entry_of
from pipeline.state.upkeep.upload_record import UploadedObject, UploadRecord
from pipeline.state.work_ahead import WorkAhead

AT_ONCE = 8
"""Most files that are uploaded at one time; each is in memory."""
MOST_WAITING = 1000
"""Most files in the queue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    """A file of this machine that belongs into the store, under the same path."""

    path: str
    sha256: str
    fresh: bool = field(default=False, compare=False)
    """True if it was made by this run, so that no earlier one can have uploaded it."""


@dataclass(kw_only=True, slots=True)
class UploadReport:
    """How the uploads of a run ended."""

    store: str
    """The URL of the store."""
    uploaded: int = 0
    """Files that were uploaded now."""
    found: int = 0
    """Files that were there already, without a line in the record."""
    in_store: int = 0
    """Files of the campaign that are in the store at the end."""
    waiting: int = 0
    """Files that the next run uploads."""
    refused: list[str] = field(default_factory=list)
    """What was not uploaded and why, by file: changed in the store by others, or changed here."""

    @property
    def is_complete(self) -> bool:
        """True if every file is in the store."""
        return not self.waiting and not self.refused


class Uploader:
    """Uploads files that are complete on this machine; a `Watcher` of a run.

    Each object is created only if its name is free, and replaced only if it is still the version
    that was uploaded last. What others have put there is reported, and never overwritten.
    """

    def __init__(
        self, store: CampaignStore, *, images: ImageStore, record: UploadRecord, halt: Halt
    ) -> None:
        self.store, self.record = store, record
        self.report = UploadReport(store=store.address.url)
        self._images, self._halt = images, halt
        self._client: ObjectStore | None = None
        self._queue: asyncio.Queue[LocalFile] = asyncio.Queue(MOST_WAITING)
        self._known: set[LocalFile] = set()
        """Files that are in the queue, under way or refused."""
        self._workers: list[asyncio.Task[None]] = []
        self._stopped = asyncio.Event()

    def fields(self, path: str, sha256: str) -> Mapping[str, str | None]:
        """Return where a file is in the store; see `ObjectFields`."""
        known = self.record.has(path, sha256)
        return self.store.fields(path) if known else not_uploaded(path, sha256)

    async def begin(self, files: Iterable[LocalFile], *, anyway: bool = False) -> None:
        """Begin if one of these files is due, or `anyway`; `StoreFault` if nothing can be written.

        Files that earlier runs left are queued, as far as there is room.
        """
        due = self.due(files)
        if anyway or due:
            await self._begin()
        for file in due:
            self.offer(file)

    async def _begin(self) -> None:
        self._client = await prove_writable(self.store)
        self._workers = [asyncio.create_task(self._work()) for _ in range(AT_ONCE)]

    async def close(self) -> None:
        """End the uploads that are under way; they are repeated by the next run."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher`."""

    def happened(self, event: Event) -> None:
        """Stop after a signal, or if this machine fails."""
        if isinstance(event, BuyingHalted) and isinstance(
            self._halt.reason, Interrupted | LocalFault
        ):
            self._stopped.set()

    def closed(self, stage: Stage) -> None:
        """See `Watcher`."""

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """Queue a stored image, if there is room."""
        if isinstance(outcome, Stored):
            artifact = outcome.artifact
            self.offer(LocalFile(path=artifact.path, sha256=artifact.sha256, fresh=True))

    def offer(self, file: LocalFile) -> None:
        """Queue a file, if there is room and it is not in the store."""
        if self._is_due(file) and not self._stopped.is_set() and not self._queue.full():
            self._known.add(file)
            self._queue.put_nowait(file)

    def due(self, files: Iterable[LocalFile]) -> Sequence[LocalFile]:
        """Return the files that are not in the store, each once."""
        return [
            file for file in dict.fromkeys(files) if not self.record.has(file.path, file.sha256)
        ]

    async def finish(self, files: Iterable[LocalFile]) -> UploadReport:
        """Upload what is missing of all files of the campaign, and return how that ended.

        It returns early after a signal, or if the store fails; `halt` then has the reason.
        """
        files = [*files]
        if self._client is None and self.due(files) and not self._stopped.is_set():
            try:
                await self._begin()
            except StoreFault as fault:
                self._fail(str(fault))
        filling = asyncio.create_task(self._fill(files))
        stopping = asyncio.create_task(self._stopped.wait())
        try:
            ends = {filling, stopping, *self._workers}
            ended, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()  # a bug in one of them is raised, and not waited for
        finally:
            for task in (filling, stopping):
                task.cancel()
            await asyncio.gather(filling, stopping, return_exceptions=True)
            await self.close()
        due = len(self.due(files))
        self.report.in_store = len({*files}) - due
        self.report.waiting = max(0, due - len(self.report.refused))
        return self.report

    async def _fill(self, files: Iterable[LocalFile]) -> None:
        for file in self.due(files):
            if self._is_due(file):
                self._known.add(file)
                await self._queue.put(file)
        await self._queue.join()

    def _is_due(self, file: LocalFile) -> bool:
        return file not in self._known and not self.record.has(file.path, file.sha256)

    async def _work(self) -> None:
        while not self._stopped.is_set():
            file = await self._queue.get()
            try:
                await self._upload(file)
            except StoreFault as fault:
                self._fail(str(fault))
                return
            except LocalFault as fault:
                self._halt.because(fault)
                return
            finally:
                self._queue.task_done()

    def _fail(self, cause: str) -> None:
        self._stopped.set()
        self._halt.because(
            UploadStopped(
                f"{cause}. Every image is kept on this machine; "
                "the next run uploads what is missing"
            )
        )

    async def _upload(self, file: LocalFile) -> None:
        try:
            content = await asyncio.to_thread(read_file, self._images, file.path)
        except FileNotFoundError:
            self._refuse(file, "is not on this machine any more; run pipeline verify")
            return
        if await asyncio.to_thread(_sha256, content) != file.sha256:
            self._refuse(file, "changed on this machine since it was stored; run pipeline verify")
            return
        version = await self._written(file, content)
        if version is None:
            self._refuse(
                file,
                f"was put or changed by others at {self.store.address.at(file.path)}; it is not "
                "overwritten: move it away there, then run again",
            )
            return
        self.record.add(
            UploadedObject(
                path=file.path,
                sha256=file.sha256,
                bytes=len(content),
                etag=version.etag,
                generation=version.generation,
            )
        )

    async def _written(self, file: LocalFile, content: bytes) -> ObjectVersion | None:
        """Return the version with this content; `None` if others have put something else there."""
        client = self._client
        if client is None:
            raise ValueError("files are uploaded after `begin`")
        known, version = self.record.at(file.path), None
        if known is not None:
            before = ObjectVersion(etag=known.etag, generation=known.generation)
            version = await client.replace(file.path, content, known=before)
        elif file.fresh:
            version = await client.create(file.path, content)
        if version is None:
            # a run that died had uploaded it, or others put something there, or removed it
            version = await held_version(client, file.path, content)
            if version is not None:
                self.report.found += 1
                return version
            version = await client.create(file.path, content)
        if version is None:  # the answer to a first try was lost, or others put something there
            proven = await held_version(client, file.path, content)
        else:
            proven = await made_whole(client, file.path, content, version)
        self.report.uploaded += proven is not None
        return proven

    def _refuse(self, file: LocalFile, why: str) -> None:
        self.report.refused.append(f"{file.path} {why}")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def uploader_for(
    loaded: LoadedCampaign, *, output: Path, images: ImageStore, halt: Halt
) -> Uploader | None:
    """Return what uploads the files of a run.

    `None` if the campaign has no object store, or if that keeps the images already.
    """
    store = refuse_unusable_store(loaded)
    if store is None or keeps_images(store, images):
        return None
    record = UploadRecord(output, loaded.campaign.slug, store.address.url)
    return Uploader(store, images=images, record=record, halt=halt)


async def begin_uploads(
    uploader: Uploader | None,
    images: ImageStore,
    stack: AsyncExitStack,
    *,
    state: CampaignState,
    ahead: Sequence[WorkAhead],
) -> None:
    """Begin the uploads of a run, which end with `stack`; `StoreFault` if nothing can be written.

    Nothing is written if there is nothing to render and nothing to upload. A store that keeps the
    images themselves is proven to be writable, too.
    """
    renders = any(stage.to_buy or stage.to_fetch for stage in ahead)
    if renders and (address := object_address(images)) is not None:
        await prove_writable(CampaignStore(address=address, public=""))
    if uploader is not None:
        stack.push_async_callback(uploader.close)
        await uploader.begin(files_of(state, None), anyway=renders)


def objects_of(
    loaded: LoadedCampaign, images: ImageStore, uploader: Uploader | None
) -> ObjectFields:
    """Return where files are in an object store, as run manifests say it."""
    if uploader is not None:
        return uploader.fields
    address = object_address(images)
    if address is None:
        return not_uploaded
    store = store_of(loaded.campaign) or CampaignStore(address=address, public="")
    return lambda path, _sha256: store.fields(path)


def files_of(state: CampaignState, ad_files: AdFileReport | None) -> Iterator[LocalFile]:
    """Yield the stored images and the current ad files of a campaign."""
    entries = (entry_of(job, state.entries) for job in state.jobs)
    for entry in entries:
        if entry is not None and isinstance(entry.outcome, Stored):
            artifact = entry.outcome.artifact
            yield LocalFile(path=artifact.path, sha256=artifact.sha256)
    if ad_files is not None:
        for _, row in ad_files.current:
            yield LocalFile(path=row.made.path, sha256=row.made.sha256)
