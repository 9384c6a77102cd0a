"""Writing an export into an object store, without replacing objects of others."""

import asyncio
import hashlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import TypeVar

from pipeline.errors import LocalFault, StoreFault, UsageError
from pipeline.images.object_store.base import (
    FoundObject,
    ObjectStore,
    ObjectVersion,
    held_version,
    made_whole,
    proves,
)
from pipeline.reports.export.assets import MANIFEST, EarlierExport, read_earlier
from pipeline.reports.export.package import (
    UNFINISHED,
    ExportFile,
    read_unfinished,
    superseded,
    unfinished_note,
)

Result = TypeVar("Result")

AT_ONCE = 8
"""Most files that are uploaded at one time; each is in memory."""


class StoreDestination:
    """A prefix of an object store; what was uploaded before an interruption is not sent again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """The URL of the prefix."""
        return self._store.address.url

    async def earlier(self) -> EarlierExport:
        """Return what an earlier export wrote to this place."""
        return read_earlier(await self._store.read(MANIFEST))

    async def digest(self, path: str) -> str | None:
        """Return the sha256 of an object that is read whole; `None` if there is none."""
        content = await self._store.read(path)
        return None if content is None else hashlib.sha256(content).hexdigest()

    async def write(self, files: Sequence[ExportFile], earlier: EarlierExport) -> int:
        """Write an export, the manifest last, and return the number of objects that changed.

        Raises `UsageError` before anything is written if an object that no export wrote has the
        name of one, `StoreFault` if the store fails.
        """
        found = await asyncio.to_thread(
            lambda: {one.path: one for one in self._store.found_below("")}
        )
        note = await self._store.read(UNFINISHED) if UNFINISHED in found else None
        known = read_unfinished(note, earlier)
        due = await self._due(files, found, known)
        gone = superseded(known, files, found)
        if not due and not gone:
            await self._store.delete(UNFINISHED)
            return 0
        for file in due:
            known.setdefault(file.path, set()).add(file.sha256)
        await self._note_unfinished(known)
        manifest = [file for file in due if file.path == MANIFEST]
        await _all_of(
            [self._put(file, found.get(file.path)) for file in due if file not in manifest]
        )
        for file in manifest:
            await self._put(file, found.get(file.path))
        removed = [await self._remove(path, known[path]) for path in gone]
        await self._store.delete(UNFINISHED)
        return len(due) + sum(removed)

    async def _note_unfinished(self, known: Mapping[str, set[str]]) -> None:
        content = unfinished_note(known)
        there = await self._store.head(UNFINISHED)
        if there is None:
            await self._store.create(UNFINISHED, content)
        else:
            await self._store.replace(UNFINISHED, content, known=there.version)

    async def _due(
        self,
        files: Sequence[ExportFile],
        found: Mapping[str, FoundObject],
        known: Mapping[str, set[str]],
    ) -> list[ExportFile]:
        """Return the files that are not there as they are, in their order."""

        async def is_due(file: ExportFile) -> bool:
            there = found.get(file.path)
            if there is None:
                return True
            content = await asyncio.to_thread(file.whole)
            same = there.size == len(content)
            if same and await proves(self._store, file.path, there.version, content):
                return False
            if file.path == MANIFEST and known:
                return True
            if await self.digest(file.path) not in known.get(file.path, ()):
                raise UsageError(
                    f"{self._store.address.at(file.path)} already exists, and no export wrote it; "
                    "move it away, or choose another prefix"
                )
            return True

        due = await _all_of([is_due(file) for file in files])
        return [file for file, is_one in zip(files, due, strict=True) if is_one]

    async def _put(self, file: ExportFile, there: FoundObject | None) -> None:
        content = await asyncio.to_thread(file.whole)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise StoreFault(f"{file.path} changed while it was exported; run it again")
        version = await self._written(file.path, content, there)
        if await made_whole(self._store, file.path, content, version) is None:
            raise self._changed_by_others(file.path)

    async def _written(self, path: str, content: bytes, there: FoundObject | None) -> ObjectVersion:
        if there is not None:
            return await self._replaced(path, content, there.version)
        version = await self._store.create(path, content)
        return version or await self._version_written(path, content)

    async def _replaced(self, path: str, content: bytes, known: ObjectVersion) -> ObjectVersion:
        version = await self._store.replace(path, content, known=known)
        return version or await self._version_written(path, content)

    async def _version_written(self, path: str, content: bytes) -> ObjectVersion:
        """Return the version that a request wrote whose answer was lost."""
        version = await held_version(self._store, path, content)
        if version is None:
            raise self._changed_by_others(path)
        return version

    def _changed_by_others(self, path: str) -> StoreFault:
        return StoreFault(
            f"{self._store.address.at(path)} was changed by others during the export; it was not "
            "overwritten. Run it again"
        )

    async def _remove(self, path: str, digests: set[str]) -> bool:
        """Remove an object of an earlier export, unless it was edited; return whether it was."""
        if await self.digest(path) not in digests:
            return False
        await self._store.delete(path)
        return True


async def _all_of(work: Sequence[Coroutine[object, object, Result]]) -> list[Result]:
    """Do all of this, some at a time; raise the first fault, without the group around it."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(part: Coroutine[object, object, Result]) -> Result:
        async with free:
            return await part

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(part)) for part in work]
    except* (StoreFault, LocalFault, UsageError) as faults:
        raise faults.exceptions[0] from None
    return [task.result() for task in tasks]
