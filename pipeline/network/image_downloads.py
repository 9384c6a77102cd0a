"""Downloads of images: without the key, and from public addresses only."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Self

import aiohttp
from yarl import URL

from pipeline.errors import ArtifactError, DownloadFailed, ImageBroken, ImageGone, NotAnImage
from pipeline.network.addresses import image_socket_factory, own_addresses, refuse_inside
from pipeline.network.api_client import USER_AGENT, words_of
from pipeline.network.exact_urls import exact_url, joined
from pipeline.network.proxies import DIRECT, Route
from pipeline.network.reply import is_page, plain, words_without_markup
from pipeline.network.unpacking import Unpacking
from pipeline.settings import ProviderSettings

MOST_REDIRECTS = 5

SLOWEST = 8 * 1024
"""Bytes per second; a slower download is ended."""

MOST_AT_ONCE = 96
"""Most downloads at one time; each may have half a megabyte in memory."""

_REDIRECTS = (301, 302, 303, 307, 308)


class Downloads:
    """A separate HTTP client, which does not have the key."""

    def __init__(
        self, settings: ProviderSettings, *, own: frozenset[str], route: Route = DIRECT
    ) -> None:
        self._own = own
        self._route, self._settings = route, settings
        self._limit = settings.image_limit
        self._patience = settings.download_timeout
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._session = self._client(own)
        self._tunnels: aiohttp.ClientSession | None = None

    def _client(self, own: frozenset[str]) -> aiohttp.ClientSession:
        settings = self._settings
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=image_socket_factory(own), ssl=self._route.trust or True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=settings.connect_timeout,
                sock_connect=settings.connect_timeout,
                sock_read=settings.download_timeout,
            ),
        )

    async def __aenter__(self) -> Self:
        if self._route.proxy is not None:
            # Only requests through the proxy may connect to its private address.
            patience = self._settings.connect_timeout
            proxy = await own_addresses(str(self._route.proxy), patience=patience)
            self._tunnels = self._client(proxy)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        if self._tunnels is not None:
            await self._tunnels.close()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield an iterator over the image's bytes; errors as in `Provider.download`."""
        _parsed(url)
        async with self._room:
            try:
                async with asyncio.timeout(self._patience):
                    response = await self._follow(url)
            except TimeoutError as error:  # such as headers that drip: each byte starts sock_read
                raise DownloadFailed(
                    f"the image host did not begin to answer within {self._patience:g} s"
                ) from error
            try:
                yield _Chunks(response, limit=self._limit, patience=self._patience)
            finally:
                # A complete answer has returned its connection already; close any other.
                response.close()

    async def _follow(self, url: str) -> aiohttp.ClientResponse:
        """Follow redirects here, since each target has to pass the same checks as the first."""
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._get(exact_url(url))
            if response.status not in _REDIRECTS:
                break
            target = response.headers.get("Location", "")
            response.close()
            url = self._redirected(url, target)
        else:
            raise DownloadFailed(f"the image host redirects more than {MOST_REDIRECTS} times")
        try:
            _refuse_status(response.status)
            length = response.content_length
            if length is not None and length > self._limit:
                raise _too_large(self._limit)
        except ArtifactError:
            response.close()
            raise
        return response

    async def _get(self, url: URL) -> aiohttp.ClientResponse:
        try:
            # Credentials in a URL would be sent as a password.
            url = url.with_user(None)
            proxy = self._route.proxy_to(url)
            if proxy is None or self._tunnels is None:
                return await self._session.get(url, allow_redirects=False)
            await refuse_inside(str(url.host), own=self._own)
            return await self._tunnels.get(url, allow_redirects=False, proxy=proxy)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DownloadFailed(f"the download failed: {plain(words_of(error))}") from error

    def _redirected(self, url: str, target: str) -> str:
        """Return the target of a redirect, character by character as the host wrote it."""
        try:
            step = joined(url, target)
            here, there = exact_url(url), exact_url(step)
        except ValueError as error:
            raise DownloadFailed(
                f"the image host redirects to an invalid URL: {plain(target, 80)}"
            ) from error
        if there.scheme not in ("http", "https"):
            raise DownloadFailed(f"the image host redirects to {plain(step, 80)}")
        if here.scheme == "https" and there.scheme == "http" and there.host not in self._own:
            raise DownloadFailed("the image host redirects from https to http")
        return step


class _Chunks(AsyncIterator[bytes]):
    """The body of one answer, decompressed if necessary, with limits on its size and speed."""

    def __init__(self, response: aiohttp.ClientResponse, *, limit: int, patience: float) -> None:
        self._content = response.content
        self._limit, self._patience = limit, patience
        self._clock = asyncio.get_running_loop().time
        self._started = self._clock()
        self._received = self._unpacked = 0
        self._unpacking = Unpacking(response.headers.get("Content-Encoding", ""))
        self._pieces: Iterator[bytes] = iter(())
        self._ended = False

    async def __anext__(self) -> bytes:
        while True:
            piece = next(self._pieces, None)
            if piece is not None:
                return self._watched(piece)
            if self._ended:
                raise StopAsyncIteration
            chunk = await self._receive()
            self._ended = not chunk
            self._pieces = self._unpacking.feed(chunk) if chunk else self._unpacking.finish()

    async def _receive(self) -> bytes:
        try:
            chunk = await self._content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise DownloadFailed(
                f"the download broke off after {self._received} bytes: {plain(words_of(error))}"
            ) from error
        self._received += len(chunk)
        elapsed = self._clock() - self._started
        if chunk and elapsed > self._patience and self._received < elapsed * SLOWEST:
            raise DownloadFailed(
                f"the download is too slow: {self._received} bytes in {elapsed:.0f} seconds"
            )
        return chunk

    def _watched(self, piece: bytes) -> bytes:
        if not self._unpacked and is_page(text := piece.decode("utf-8", "replace")):
            raise NotAnImage(f"the download is no image, but {words_without_markup(text, 80)}")
        self._unpacked += len(piece)
        if self._unpacked > self._limit:
            raise _too_large(self._limit)
        return piece


def _parsed(text: str) -> URL:
    """Return the URL of an image; raise `ImageBroken` if it cannot be downloaded."""
    try:
        url = exact_url(text)
    except ValueError as error:
        raise ImageBroken(f"the image URL is not valid: {plain(text, 80)}") from error
    if url.scheme not in ("http", "https"):
        raise ImageBroken(
            f"the image URL is not valid: {plain(text, 80)} is neither http nor https"
        )
    return url


def _refuse_status(status: int) -> None:
    match status:
        case 200:
            return
        case 404 | 410:
            raise ImageGone(f"the image host does not have the image any more (HTTP {status})")
        case 403:
            raise DownloadFailed(
                "the image host refuses the image (HTTP 403): its URL may have expired, "
                "or the refusal is temporary"
            )
        case _:
            raise DownloadFailed(f"the image host answered HTTP {status}")


def _too_large(limit: int) -> ImageBroken:
    return ImageBroken(f"the image is larger than {limit} bytes")
