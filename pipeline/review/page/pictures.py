"""Images by the hash of their content, looked up in a closed index: no path is ever asked for."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from pipeline.errors import ImageBroken, LocalFault
from pipeline.files.confined import ConfinedPath, opened
from pipeline.images.thumbs import thumb_path
from pipeline.inspection.checks import DecodedImage
from pipeline.inspection.inspector import Looker
from pipeline.model.artifact import Artifact, ImageKind
from pipeline.model.campaign import Slug
from pipeline.state.campaign_state import short

CACHE = 48 * 1024 * 1024
"""Bytes of thumbs that are kept in memory."""

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

    def __init__(self, *, root: Path, campaign: Slug, looker: Looker, find: Find) -> None:
        self._root = root.resolve()
        self._campaign = campaign
        self._looker = looker
        self._find = find
        self._making: dict[str, asyncio.Future[DecodedImage]] = {}
        self._cache: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._cached = 0

    async def full(self, name: str) -> ServedPicture:
        """Return an image as it was received; 404 if it is not known, 410 if it is not on disk."""
        artifact = self._artifact(name)
        try:
            body = await asyncio.to_thread(_read, self._root, artifact.path)
        except OSError as error:
            raise _gone(artifact) from error
        return ServedPicture(body=body, content_type=_TYPES[artifact.kind])

    async def thumb(self, name: str, side: int) -> ServedPicture:
        """Return a small copy, made now if the run did not make it; errors as for `full`."""
        artifact = self._artifact(name)
        body = self._cache.get((name, side))
        if body is None:
            body = await self._thumb(artifact, side)
            self._keep((name, side), body)
        else:
            self._cache.move_to_end((name, side))
        return ServedPicture(body=body, content_type="image/webp")

    async def look(self, artifact: Artifact) -> DecodedImage | None:
        """Return the decoded image; `None` if it cannot be decoded or is gone."""
        try:
            return await self._look(artifact)
        except (ImageBroken, LocalFault):
            return None

    async def _thumb(self, artifact: Artifact, side: int) -> bytes:
        path = thumb_path(self._campaign, artifact.sha256, side)
        try:
            return _read(self._root, path)
        except FileNotFoundError:
            pass
        try:
            await self._look(artifact)
            return _read(self._root, path)
        except (ImageBroken, LocalFault, OSError) as error:
            raise _gone(artifact) from error

    async def _look(self, artifact: Artifact) -> DecodedImage:
        """Decode once, however many ask at once."""
        name = short(artifact.sha256)
        making = self._making.get(name)
        if making is None:
            looking = self._looker.look(artifact, thumbs_for=self._campaign)
            making = asyncio.ensure_future(looking)
            self._making[name] = making
            making.add_done_callback(lambda _: self._making.pop(name, None))
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
    return web.HTTPGone(text=f"{artifact.path} is not on disk any more: run the campaign again")


def _read(root: Path, path: str) -> bytes:
    with (
        opened(root, ConfinedPath.at(path)) as file,
        os.fdopen(file, "rb", closefd=False) as stream,
    ):
        return stream.read()
