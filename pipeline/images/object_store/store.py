"""The image store in an object store: for machines whose disk ends with the run."""
# ruff: noqa: D102 - ImageStore documents each method

import asyncio
import errno
import hashlib
import io
import os
import time
from collections import Counter
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath
from pipeline.images.base import StoreLocation
from pipeline.images.formats.structure import StructureScan
from pipeline.images.names import name_for, second_name
from pipeline.images.object_store.address import store_address
from pipeline.images.object_store.base import ObjectStore, held_version, made_whole
from pipeline.images.object_store.blocking import wait_for
from pipeline.images.object_store.registry import open_objects
from pipeline.images.registry import OBJECTS
from pipeline.model.artifact import Artifact

FEW = 16
"""Objects of one folder that are asked for one by one; for more, the folder is listed."""
LISTED_FOR = 30.0
"""Seconds for which a listing counts as current; what this process writes is known at once."""
AT_ONCE = 16
"""Requests for sizes at one time."""


@dataclass(kw_only=True, slots=True)
class _Listing:
    """The sizes of the objects below a folder."""

    sizes: dict[str, int]
    at: float = field(default_factory=time.monotonic)

    @property
    def is_current(self) -> bool:
        return time.monotonic() - self.at < LISTED_FOR


class ObjectImageStore:
    """Images as objects; each is written with one conditional request, and proven.

    Nothing here is ever incomplete, and nothing of others is overwritten. A store that fails raises
    `StoreFault`, which is a `LocalFault`: without a disk, images can be kept nowhere else.
    """

    def __init__(self, place: str, *, objects: ObjectStore | None = None) -> None:
        """Open the store at a URL, which has to be an address of an object store."""
        self._objects = open_objects(store_address(place)) if objects is None else objects
        self._listings: dict[str, _Listing] = {}
        self._asked: Counter[str] = Counter()
        self._busy: set[str] = set()

    @property
    def location(self) -> StoreLocation:
        return StoreLocation(kind=OBJECTS, place=self._objects.address.url)

    async def put(
        self,
        path: str,
        chunks: AsyncIterable[bytes],
        *,
        replaces: frozenset[str] = frozenset(),
    ) -> Artifact:
        ConfinedPath.at(path)
        with self._claimed(path):
            held = [chunk async for chunk in chunks]
            content, artifact = await asyncio.to_thread(_artifact_of, path, held)
            # it ends even if the caller is cancelled: an image is paid for
            await asyncio.shield(self._name(artifact, content, replaces | {artifact.sha256}))
        return artifact

    async def _name(self, artifact: Artifact, content: bytes, known: frozenset[str]) -> None:
        """Write an image under its name, unless a file of others has it."""
        store, path = self._objects, artifact.path
        version = await store.create(path, content)
        if version is None:
            found = await store.head(path)
            there = await store.read(path, size=artifact.bytes)
            if there == content:
                self._note(path, len(content))
                return
            if there is None or found is None or _sha256(there) not in known:
                raise LocalFault(
                    f"{store.address.at(path)} already exists, and this pipeline did not write it. "
                    "Move it away and run again; the image is paid for and only has to be "
                    "downloaded."
                )
            version = await store.replace(path, content, known=found.version)
            version = version or await held_version(store, path, content)
        if version is None or await made_whole(store, path, content, version) is None:
            raise LocalFault(f"{store.address.at(path)} was changed by others; run it again")
        self._note(path, len(content))

    async def second_name(self, artifact: Artifact) -> Artifact:
        beside = replace(artifact, path=second_name(artifact))
        content = await self._objects.read(artifact.path, size=artifact.bytes)
        if content is None:
            raise LocalFault(f"{artifact.path}: {os.strerror(errno.ENOENT)} in the store")
        await self._create_or_keep(beside.path, content)
        return beside

    async def delete(self, path: str) -> None:
        ConfinedPath.at(path)
        await self._objects.delete(path)
        self._note(path, None)

    async def move(self, path: str, to: str) -> None:
        ConfinedPath.at(path)
        ConfinedPath.at(to)
        content = await self._objects.read(path)
        if content is None:
            return
        await self._objects.overwrite(to, content)
        self._note(to, len(content))
        await self.delete(path)

    async def sweep(self, folder: str) -> int:
        """Return 0: an object is never incomplete."""
        return 0

    def stat_many(self, paths: Iterable[str]) -> Mapping[str, int]:
        sizes = dict[str, int]()
        folders: dict[str, list[str]] = {}
        for path in paths:
            folders.setdefault(path.partition("/")[0], []).append(path)
        for folder, inside in folders.items():
            listing = self._listings.get(folder)
            self._asked[folder] += len(inside)
            if listing is not None and listing.is_current:
                known: Mapping[str, int] = listing.sizes
            elif self._asked[folder] <= FEW:
                known = wait_for(self._heads(inside))
            else:
                known = self._list(folder)
            sizes.update({path: known[path] for path in inside if path in known})
        return sizes

    async def _heads(self, paths: Sequence[str]) -> Mapping[str, int]:
        free = asyncio.Semaphore(AT_ONCE)

        async def size_of(path: str) -> int | None:
            async with free:
                found = await self._objects.head(path)
            return None if found is None else found.size

        sizes = await asyncio.gather(*map(size_of, paths))
        return {path: size for path, size in zip(paths, sizes, strict=True) if size is not None}

    def _list(self, folder: str) -> Mapping[str, int]:
        found = {one.path: one.size for one in self._objects.found_below(folder)}
        self._listings[folder] = _Listing(sizes=found)
        self._asked[folder] = 0
        return found

    def open(self, path: str) -> BinaryIO:
        ConfinedPath.at(path)
        content = wait_for(self._objects.read(path))
        if content is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return io.BytesIO(content)

    def write(self, path: str, content: bytes) -> None:
        ConfinedPath.at(path)
        wait_for(self._objects.overwrite(path, content))
        self._note(path, len(content))

    def fingerprint(self, folders: Sequence[str]) -> str:
        lines = sorted(
            f"{one.path} {one.size} {one.version.etag}"
            for folder in folders
            for one in self._objects.found_below(folder)
        )
        return _sha256("\n".join(lines).encode())

    async def _create_or_keep(self, path: str, content: bytes) -> None:
        """Create an object; one that is there already has this content by its name."""
        version = await self._objects.create(path, content)
        if version is not None:
            await made_whole(self._objects, path, content, version)
        self._note(path, len(content))

    def _note(self, path: str, size: int | None) -> None:
        """Note what this process wrote or removed."""
        listing = self._listings.get(path.partition("/")[0])
        if listing is None:
            return
        if size is None:
            listing.sizes.pop(path, None)
        else:
            listing.sizes[path] = size

    @contextmanager
    def _claimed(self, path: str) -> Iterator[None]:
        if path in self._busy:
            raise LocalFault(f"{path} is already being written")
        self._busy.add(path)
        try:
            yield
        finally:
            self._busy.discard(path)


def _artifact_of(path: str, chunks: Sequence[bytes]) -> tuple[bytes, Artifact]:
    scan = StructureScan()
    for chunk in chunks:
        scan.feed(chunk)
    shape, content = scan.finish(), b"".join(chunks)
    return content, Artifact(
        path=name_for(path, shape.kind),
        sha256=_sha256(content),
        bytes=len(content),
        kind=shape.kind,
        width=shape.width,
        height=shape.height,
        alpha=shape.alpha,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
