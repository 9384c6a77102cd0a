"""Images by the hash of their content, so that no request contains a path."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pipeline.errors import ImageBroken, LocalFault, TaskFailed
from pipeline.executors.base import Executor, Result, Task
from pipeline.images.base import ImageStore
from pipeline.images.reading import read_file
from pipeline.images.thumbs import SCREEN, read_thumb
from pipeline.inspection.checks import Check, undecodable
from pipeline.inspection.similarity import changed_share
from pipeline.inspection.task import CopyForScreen, Inspection, inspect_of
from pipeline.model.artifact import Artifact, ImageKind
from pipeline.model.names import Slug
from pipeline.model.providers.request import Background, RenderRequest
from pipeline.state.campaign_state import short

CACHE = 48 * 1024 * 1024
"""Most bytes of thumbs and copies for screens that are kept in memory."""
_COMPARED = 256
"""Size of the thumbs that are compared."""

_TYPES = {
    ImageKind.PNG: "image/png",
    ImageKind.JPEG: "image/jpeg",
    ImageKind.WEBP: "image/webp",
}


Find = Callable[[str], Artifact | None]
"""Returns the image of a short hash; `None` if the campaign has no such image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedPicture:
    """Bytes to send."""

    body: bytes
    content_type: str


class Pictures:
    """The images of one campaign."""

    def __init__(
        self, *, images: ImageStore, executor: Executor, campaign: Slug, find: Find
    ) -> None:
        self._images, self._executor = images, executor
        self._campaign = campaign
        self._find = find
        self._making: dict[object, asyncio.Future[Any]] = {}
        self._changed: dict[tuple[str, str], float] = {}
        self._cache: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._cached = 0

    async def full(self, name: str) -> ServedPicture:
        """Return an image as received; raise 404 if it is unknown, 410 if its file is gone."""
        artifact = self._artifact(name)
        try:
            body = await asyncio.to_thread(read_file, self._images, artifact.path)
        except (FileNotFoundError, LocalFault) as error:
            raise _gone(artifact) from error
        return ServedPicture(body=body, content_type=_TYPES[artifact.kind])

    async def thumb(self, name: str, side: int) -> ServedPicture:
        """Return a thumb, made now if the run did not make it; errors as for `full`."""
        artifact = self._artifact(name)
        body = self._cache.get((name, side))
        if body is None:
            body = await self._thumb(artifact, side)
            self._keep((name, side), body)
        else:
            self._cache.move_to_end((name, side))
        return ServedPicture(body=body, content_type="image/webp")

    async def screen(self, name: str) -> ServedPicture:
        """Return a copy for screens, which is smaller than the file; errors as for `full`."""
        artifact = self._artifact(name)
        body = self._cache.get((name, SCREEN))
        if body is None:
            task = CopyForScreen(images=self._images.location, path=artifact.path)
            try:
                body = await self._once(task)
            except (ImageBroken, LocalFault, TaskFailed) as error:
                raise _gone(artifact) from error
            self._keep((name, SCREEN), body)
        return ServedPicture(body=body, content_type="image/webp")

    async def changed(self, artifact: Artifact, sha256: str) -> float | None:
        """Return how much of an image differs from another one; `None` if one has no thumb."""
        key = (artifact.sha256, sha256)
        if key not in self._changed:
            other = self._find(short(sha256))
            if other is None:
                return None
            try:
                thumbs = [await self._thumb(one, _COMPARED) for one in (artifact, other)]
                self._changed[key] = await asyncio.to_thread(changed_share, *thumbs)
            except (web.HTTPGone, OSError):
                return None
        return self._changed[key]

    async def checks(self, artifact: Artifact, request: RenderRequest) -> tuple[Check, ...]:
        """Check an image against its request; a missing file counts as undecodable."""
        try:
            found = await self._inspect(artifact, size=request.size, background=request.background)
        except (ImageBroken, LocalFault, TaskFailed):
            return undecodable()
        return found.checks

    async def _thumb(self, artifact: Artifact, side: int) -> bytes:
        try:
            return read_thumb(self._images, self._campaign, artifact.sha256, side)
        except FileNotFoundError:
            pass
        try:
            await self._inspect(artifact)
            return read_thumb(self._images, self._campaign, artifact.sha256, side)
        except (ImageBroken, LocalFault, TaskFailed, FileNotFoundError) as error:
            raise _gone(artifact) from error

    async def _inspect(
        self, artifact: Artifact, *, size: str | None = None, background: Background | None = None
    ) -> Inspection:
        task = inspect_of(
            self._images.location,
            artifact,
            campaign=self._campaign,
            size=size,
            background=background,
        )
        return await self._once(task)

    async def _once(self, task: Task[Result]) -> Result:
        """Run a task once, however many requests need its result at the same time."""
        making: asyncio.Future[Result] | None = self._making.get(task)
        if making is None:
            making = asyncio.ensure_future(self._executor.run(task))
            self._making[task] = making
            making.add_done_callback(lambda _: self._making.pop(task, None))
        return await asyncio.shield(making)

    def _artifact(self, name: str) -> Artifact:
        artifact = self._find(name)
        if artifact is None:
            raise web.HTTPNotFound(text="no such image in this campaign")
        return artifact

    def _keep(self, key: tuple[str, int], body: bytes) -> None:
        self._cache[key] = body
        self._cached += len(body)
        while self._cached > CACHE:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= len(dropped)


def _gone(artifact: Artifact) -> web.HTTPException:
    return web.HTTPGone(text=f"{artifact.path} is not on disk any more: run again")
