"""GET requests to foreign hosts: to public addresses and named ones only, with limits.

Redirects are followed here, since each target has to pass the same checks as the first.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Self

import aiohttp
from yarl import URL

from pipeline.errors import DownloadFailed, ImageBroken, NotAnImage
from pipeline.network.addresses import image_socket_factory, own_addresses, refuse_inside
from pipeline.network.api_client import USER_AGENT, words_of
from pipeline.network.exact_urls import exact_url, joined
from pipeline.network.proxies import DIRECT, Route
from pipeline.network.reply import is_page, plain, words_without_markup
from pipeline.network.unpacking import IMAGE_STARTS, Unpacking

MOST_REDIRECTS = 5

SLOWEST = 8 * 1024
"""Bytes per second; a slower download is ended."""

_REDIRECTS = (301, 302, 303, 307, 308)


class GuardedSession:
    """An HTTP client that has no key and sends no cookies."""

    def __init__(
        self,
        *,
        noun: str,
        own: frozenset[str],
        connect_timeout: float,
        patience: float,
        route: Route = DIRECT,
    ) -> None:
        """`noun` names in messages what is fetched, such as `image`; `own`: private addresses.

        `patience` is the time in seconds without a byte after which a download fails.
        """
        self.noun, self.patience = noun, patience
        self._own, self._route = own, route
        self._connect_timeout = connect_timeout
        self._session = self._client(own)
        self._tunnels: aiohttp.ClientSession | None = None

    def _client(self, own: frozenset[str]) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=image_socket_factory(own), ssl=self._route.trust or True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=self._connect_timeout,
                sock_connect=self._connect_timeout,
                sock_read=self.patience,
            ),
        )

    async def __aenter__(self) -> Self:
        if self._route.proxy is not None:
            # Only requests through the proxy may connect to its private address.
            proxy = await own_addresses(str(self._route.proxy), patience=self._connect_timeout)
            self._tunnels = self._client(proxy)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        if self._tunnels is not None:
            await self._tunnels.close()

    async def get(
        self, url: str, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        """Return the answer, with any status that is no redirect; the caller closes it.

        Raises `DownloadFailed` if there is none.
        """
        try:
            async with asyncio.timeout(self.patience):
                return await self._follow(url, headers or {})
        except TimeoutError as error:  # such as headers that drip: each byte starts sock_read
            raise DownloadFailed(
                f"the {self.noun} host did not begin to answer within {self.patience:g} s"
            ) from error

    async def _follow(self, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._get(exact_url(url), headers)
            if response.status not in _REDIRECTS:
                return response
            target = response.headers.get("Location", "")
            response.close()
            url = self._redirected(url, target)
        raise DownloadFailed(f"the {self.noun} host redirects more than {MOST_REDIRECTS} times")

    async def _get(self, url: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        try:
            # Credentials in a URL would be sent as a password.
            url = url.with_user(None)
            proxy = self._route.proxy_to(url)
            if proxy is None or self._tunnels is None:
                return await self._session.get(url, headers=headers, allow_redirects=False)
            await refuse_inside(str(url.host), own=self._own)
            return await self._tunnels.get(url, headers=headers, allow_redirects=False, proxy=proxy)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DownloadFailed(f"the download failed: {plain(words_of(error))}") from error

    def _redirected(self, url: str, target: str) -> str:
        """Return the target of a redirect, character by character as the host wrote it."""
        try:
            step = joined(url, target)
            here, there = exact_url(url), exact_url(step)
        except ValueError as error:
            raise DownloadFailed(
                f"the {self.noun} host redirects to an invalid URL: {plain(target, 80)}"
            ) from error
        if there.scheme not in ("http", "https"):
            raise DownloadFailed(f"the {self.noun} host redirects to {plain(step, 80)}")
        if here.scheme == "https" and there.scheme == "http" and there.host not in self._own:
            raise DownloadFailed(f"the {self.noun} host redirects from https to http")
        return step

    def chunks(self, response: aiohttp.ClientResponse, *, limit: int) -> AsyncIterator[bytes]:
        """Return an iterator over the body, decompressed if necessary, of at most `limit` bytes.

        It raises `DownloadFailed` if the body is cut off or too slow, `NotAnImage` if it is a web
        page, and `ImageBroken` if it is too large.
        """
        return _Chunks(response, noun=self.noun, limit=limit, patience=self.patience)


class _Chunks(AsyncIterator[bytes]):
    """The body of one answer, with limits on its size and speed."""

    def __init__(
        self, response: aiohttp.ClientResponse, *, noun: str, limit: int, patience: float
    ) -> None:
        self._content, self._length = response.content, response.content_length
        self._noun, self._limit, self._patience = noun, limit, patience
        self._clock = asyncio.get_running_loop().time
        self._started = self._clock()
        self._received = self._unpacked = 0
        self._unpacking = Unpacking(response.headers.get("Content-Encoding", ""), noun=noun)
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
            if isinstance(error, aiohttp.ClientPayloadError) and self._length is not None:
                why = f"of {self._length} bytes"
            else:
                why = f"bytes: {plain(words_of(error))}"
            raise DownloadFailed(f"the download broke off after {self._received} {why}") from error
        self._received += len(chunk)
        elapsed = self._clock() - self._started
        if chunk and elapsed > self._patience and self._received < elapsed * SLOWEST:
            raise DownloadFailed(
                f"the download is too slow: {self._received} bytes in {elapsed:.0f} seconds"
            )
        return chunk

    def _watched(self, piece: bytes) -> bytes:
        # Decoding the start of a picture as text takes 1.5 ms: half of what an image costs here.
        if not self._unpacked and not piece.startswith(IMAGE_STARTS):
            text = piece.decode("utf-8", "replace")
            if is_page(text):
                page = words_without_markup(text, 80)
                raise NotAnImage(f"the download is no {self._noun}, but {page}")
        self._unpacked += len(piece)
        if self._unpacked > self._limit:
            raise too_large(self._noun, self._limit)
        return piece


def too_large(noun: str, limit: int) -> ImageBroken:
    """Return the error for a body of more than `limit` bytes."""
    size = f"{limit >> 20} MiB" if limit % (1 << 20) == 0 else f"{limit} bytes"
    return ImageBroken(f"the {noun} is larger than {size}")
