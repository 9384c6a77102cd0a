"""The Protocol of object stores."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import StoreFault
from pipeline.images.object_store.address import StoreAddress

TRIES = 7
"""Requests about one object that the store did not serve, after which it has failed."""
REPAIRS = 3
"""Uploads of one object that did not arrive as they were sent, after which it has failed."""
_MD5 = re.compile(r'"?([0-9a-f]{32})"?', re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectVersion:
    """One version of an object, as its store names it."""

    etag: str
    generation: str = ""
    """The store's own count of versions; empty if it has none."""

    def is_md5_of(self, content: bytes) -> bool:
        """Return True if the entity tag is the MD5 of these bytes; most stores make it so."""
        found = _MD5.fullmatch(self.etag)
        if found is None:
            return False
        return hashlib.md5(content, usedforsecurity=False).hexdigest() == found[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundObject:
    """An object in a store."""

    path: str
    size: int
    version: ObjectVersion


class ObjectStore(Protocol):
    """Objects below one address; every method raises `StoreFault` if the store fails.

    Writes are atomic: an object is whole, or is not there.
    """

    @property
    def address(self) -> StoreAddress:
        """The address below which all paths lie."""
        ...

    async def create(self, path: str, content: bytes) -> ObjectVersion | None:
        """Write an object that must not exist; return `None` if it does."""
        ...

    async def replace(
        self, path: str, content: bytes, *, known: ObjectVersion
    ) -> ObjectVersion | None:
        """Replace an object; return `None` if it is not this version any more, or is gone."""
        ...

    async def overwrite(self, path: str, content: bytes) -> ObjectVersion:
        """Write an object, whatever is there."""
        ...

    async def head(self, path: str) -> FoundObject | None:
        """Return an object's size and version; `None` if there is none."""
        ...

    async def read(self, path: str, *, size: int = 0) -> bytes | None:
        """Return an object's bytes; `None` if there is none. `size` is what is expected."""
        ...

    async def delete(self, path: str) -> None:
        """Remove an object if it exists."""
        ...

    def found_below(self, folder: str) -> Iterator[FoundObject]:
        """Yield the objects below a folder; empty for all of them. Blocks."""
        ...


async def proves(store: ObjectStore, path: str, version: ObjectVersion, content: bytes) -> bool:
    """Return whether an object's version has exactly these bytes.

    An entity tag that is the content's MD5 proves it. Otherwise the object is read back.
    """
    return version.is_md5_of(content) or await store.read(path, size=len(content)) == content


async def held_version(store: ObjectStore, path: str, content: bytes) -> ObjectVersion | None:
    """Return the version of an object if it has exactly these bytes, else `None`."""
    found = await store.head(path)
    if found is None or found.size != len(content):
        return None
    return found.version if await proves(store, path, found.version, content) else None


async def made_whole(
    store: ObjectStore, path: str, content: bytes, version: ObjectVersion
) -> ObjectVersion | None:
    """Return the version of an object whose bytes are proven; an upload that was cut is repeated.

    `None` if others have changed the object meanwhile, `StoreFault` if it never arrives whole.
    """
    for _ in range(REPAIRS):
        if await proves(store, path, version, content):
            return version
        replaced = await store.replace(path, content, known=version)
        if replaced is None:  # by others, or the answer to a first try was lost
            return await held_version(store, path, content)
        version = replaced
    raise StoreFault(f"{store.address.at(path)}: it did not arrive as it was sent")
