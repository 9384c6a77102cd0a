"""Downloads of images: without the key, and from public addresses only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import aiohttp

from pipeline.errors import ArtifactError, DownloadFailed, ImageBroken, ImageGone
from pipeline.network.exact_urls import exact_url
from pipeline.network.guarded_session import GuardedSession, too_large
from pipeline.network.proxies import DIRECT, Route
from pipeline.network.reply import plain
from pipeline.settings import ProviderSettings

MOST_AT_ONCE = 96
"""Most downloads at one time; each may have half a megabyte in memory."""


class Downloads:
    """A separate HTTP client, which does not have the key."""

    def __init__(
        self, settings: ProviderSettings, *, own: frozenset[str], route: Route = DIRECT
    ) -> None:
        self._limit = settings.image_limit
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._session = GuardedSession(
            noun="image",
            own=own,
            connect_timeout=settings.connect_timeout,
            patience=settings.download_timeout,
            route=route,
        )

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.__aexit__()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield an iterator over the image's bytes; errors as in `Provider.download`."""
        _refuse_invalid(url)
        async with self._room:
            response = await self._session.get(url)
            try:
                self._refuse(response)
                yield self._session.chunks(response, limit=self._limit)
            finally:
                # A complete answer has returned its connection already; close any other.
                response.close()

    def _refuse(self, response: aiohttp.ClientResponse) -> None:
        error = _refusal(response.status)
        if error is not None:
            raise error
        if response.content_length is not None and response.content_length > self._limit:
            raise too_large("image", self._limit)


def _refuse_invalid(text: str) -> None:
    """Raise `ImageBroken` if the URL of an image cannot be downloaded."""
    try:
        url = exact_url(text)
    except ValueError as error:
        raise ImageBroken(f"the image URL is not valid: {plain(text, 80)}") from error
    if url.scheme not in ("http", "https"):
        raise ImageBroken(
            f"the image URL is not valid: {plain(text, 80)} is neither http nor https"
        )


def _refusal(status: int) -> ArtifactError | None:
    match status:
        case 200:
            return None
        case 404 | 410:
            return ImageGone(f"the image host does not have the image any more (HTTP {status})")
        case 403:
            return DownloadFailed(
                "the image host refuses the image (HTTP 403): its URL may have expired, "
                "or the refusal is temporary"
            )
        case _:
            return DownloadFailed(f"the image host answered HTTP {status}")
