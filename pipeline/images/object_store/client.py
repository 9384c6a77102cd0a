"""A client of one object store: conditional writes, bounded retries, errors without secrets."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import from_url

from pipeline.errors import StoreFault
from pipeline.images.object_store.address import SHARED_FOLDER, StoreAddress, mime_of
from pipeline.images.object_store.base import TRIES, FoundObject, ObjectVersion
from pipeline.images.object_store.faults import store_fault

FIRST_PAUSE = 0.2
"""Seconds before the second try; twice as many before each further one."""
PATIENCE = 120.0
"""Seconds after which a request is not tried again."""
QUICK = 30.0
"""Seconds that any request may take."""
SLOWEST = 50_000
"""Bytes per second below which a transfer counts as hanging."""

Result = TypeVar("Result")


class ObjectClient:
    """Reads and writes objects below one address; raises `StoreFault`.

    Only what is safe to repeat is tried again: every write is conditional or writes the same bytes.
    """

    def __init__(
        self, address: StoreAddress, *, tries: int = TRIES, first_pause: float = FIRST_PAUSE
    ) -> None:
        """Open the store; nothing is sent yet. Credentials come from the environment."""
        self.address = address
        self._tries, self._first_pause = tries, first_pause
        folder = address.scheme == SHARED_FOLDER
        self._folder = folder
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        options = {"timeout": "1h", "connect_timeout": "10s"}
        try:
            if folder:
                self._store = from_url(address.url, mkdir=True)
            else:
                plain = {"allow_http": True} if endpoint.startswith("http://") else {}
                self._store = from_url(
                    address.url,
                    client_options={**options, **plain},
                    retry_config={"max_retries": 0},
                )
        except (BaseError, OSError, ValueError) as error:
            raise store_fault(address, "", error) from None

    async def create(self, path: str, content: bytes) -> ObjectVersion | None:
        """Write an object that must not exist; return `None` if it does."""

        async def put() -> ObjectVersion | None:
            try:
                return await self._put(path, content, "create")
            except AlreadyExistsError:
                return None

        return await self._tried(path, put, size=len(content))

    async def replace(
        self, path: str, content: bytes, *, known: ObjectVersion
    ) -> ObjectVersion | None:
        """Replace an object; return `None` if it is not this version any more, or is gone."""

        async def put() -> ObjectVersion | None:
            mode: dict[str, str] = {"e_tag": known.etag}
            if known.generation:
                mode["version"] = known.generation
            try:
                return await self._put(path, content, mode)
            except (PreconditionError, FileNotFoundError):
                return None
            except NotImplementedError:  # a folder: looked at, then replaced whole
                found = await self._head(path)
                if found is None or found.version != known:
                    return None
                return await self._put(path, content, "overwrite")

        return await self._tried(path, put, size=len(content))

    async def overwrite(self, path: str, content: bytes) -> ObjectVersion:
        """Write an object, whatever is there."""
        return await self._tried(
            path, lambda: self._put(path, content, "overwrite"), size=len(content)
        )

    async def head(self, path: str) -> FoundObject | None:
        """Return an object's size and version; `None` if there is none."""
        return await self._tried(path, lambda: self._head(path))

    async def read(self, path: str, *, size: int = 0) -> bytes | None:
        """Return an object's bytes; `None` if there is none. `size` is what is expected."""

        async def get() -> bytes | None:
            try:
                found = await obstore.get_async(self._store, path)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

        return await self._tried(path, get, size=size)

    async def delete(self, path: str) -> None:
        """Remove an object if it exists."""

        async def remove() -> None:
            try:
                await obstore.delete_async(self._store, path)
            except FileNotFoundError:
                return

        await self._tried(path, remove)

    def found_below(self, folder: str) -> Iterator[FoundObject]:
        """Yield the objects below a folder; empty for all of them. Blocks."""
        try:
            for some in obstore.list(self._store, folder or None):
                for one in some:
                    yield _found(one)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise store_fault(self.address, folder, error) from None

    async def _head(self, path: str) -> FoundObject | None:
        try:
            return _found(await obstore.head_async(self._store, path))
        except FileNotFoundError:
            return None

    async def _put(self, path: str, content: bytes, mode: object) -> ObjectVersion:
        kind = {} if self._folder else {"attributes": {"Content-Type": mime_of(path)}}
        written = await obstore.put_async(
            self._store,
            path,
            content,
            mode=mode,
            use_multipart=False,  # conditions hold for a single request only
            **kind,
        )
        return ObjectVersion(etag=written["e_tag"] or "", generation=written["version"] or "")

    async def _tried(
        self, path: str, request: Callable[[], Awaitable[Result]], *, size: int = 0
    ) -> Result:
        """Make a request until it succeeds, fails for good, or the patience is over."""
        pause, until = self._first_pause, time.monotonic() + PATIENCE
        for count in range(1, self._tries + 1):
            try:
                async with asyncio.timeout(QUICK + size / SLOWEST):
                    return await request()
            except TimeoutError:
                fault = StoreFault(f"{self.address.at(path)}: the store does not answer in time")
                fault.passes = True
            except (BaseError, OSError) as error:
                fault = store_fault(self.address, path, error)
            if not fault.passes or count == self._tries or time.monotonic() > until:
                break
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause *= 2
        raise fault


def _found(meta: dict[str, object]) -> FoundObject:
    version = ObjectVersion(etag=str(meta["e_tag"] or ""), generation=str(meta["version"] or ""))
    return FoundObject(path=str(meta["path"]), size=int(str(meta["size"])), version=version)
