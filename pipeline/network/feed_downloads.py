"""Downloads of feeds by URL: only what changed, with limits, from public or named hosts.

A GET is free to repeat, so a host that does not answer is asked again.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO

import aiohttp

from pipeline.errors import ArtifactError, DownloadFailed, FeedNotFetched
from pipeline.network.addresses import own_addresses
from pipeline.network.api_client import LEADS_INSIDE
from pipeline.network.exact_urls import exact_url
from pipeline.network.guarded_session import GuardedSession, too_large
from pipeline.network.proxies import Route
from pipeline.network.reply import plain, words_without_markup
from pipeline.settings import FeedSettings

NOT_MODIFIED = 304
_IN_MEMORY = 8 * 1024 * 1024
"""Larger feeds go through a temporary file."""
_MOST_SAID = 4096
"""Bytes of an error page that are read for its title."""
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = "is not allowed"
"""Part of the message for an address that the socket factory does not allow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedRequest:
    """A URL, and what is known of the feed that it gave last time."""

    url: str
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedReply:
    """A feed that was fetched; the caller closes its content."""

    content: IO[bytes]
    sha256: str
    start: bytes
    """The first bytes, by which the kind of file is recognised."""
    media_type: str
    file_name: str
    """As the host names the file; empty if it does not."""
    etag: str
    last_modified: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedDownloads:
    """Fetches feeds; open it with `feed_downloads`."""

    session: GuardedSession
    hosts: frozenset[str]
    """The hosts that the campaign names: they may be private, and need no https."""
    settings: FeedSettings

    async def fetch(self, request: FeedRequest) -> FeedReply | None:
        """Return the feed at a URL, or `None` if it is the one that is known already.

        Raises `FeedNotFetched`; the message contains no part of the URL but the host.
        """
        self._refuse_scheme(request.url)
        limits = self.settings
        try:
            async with asyncio.timeout(limits.total_timeout):
                return await self._try_again(request)
        except TimeoutError as error:
            raise FeedNotFetched(f"was not fetched within {limits.total_timeout:g} s") from error
        except ArtifactError as error:
            raise FeedNotFetched(f"cannot be fetched: {self._words(request.url, error)}") from error

    async def _try_again(self, request: FeedRequest) -> FeedReply | None:
        """Fetch a feed; ask again while the host does not answer, and tries are left."""
        for attempt in range(1, self.settings.tries):
            try:
                return await self._fetch_once(request)
            except DownloadFailed as failed:
                if _REFUSED in str(failed):
                    raise
                await asyncio.sleep(self.settings.pause * 2 ** (attempt - 1))
        return await self._fetch_once(request)

    def _refuse_scheme(self, url: str) -> None:
        try:
            parts = exact_url(url)
        except ValueError as error:
            raise FeedNotFetched(f"is not a valid URL: {error}") from error
        host = str(parts.host)
        if parts.scheme != "https" and not (parts.scheme == "http" and host in self.hosts):
            raise FeedNotFetched(
                "must be an https URL: over http, anyone on the way could change the prompts; "
                f"feed_hosts: [{host}] allows it for that host"
            )

    def _words(self, url: str, error: ArtifactError) -> str:
        if _REFUSED in str(error):
            asked = str(exact_url(url).host)
            before, found, _ = str(error).partition(LEADS_INSIDE)
            host = before.rsplit(maxsplit=1)[-1] if found else asked
            way = f"{host}, to which {asked} redirects," if host != asked else host
            return (
                f"{way} leads to a private network, which this file does not allow; if it is "
                f"meant, write feed_hosts: [{host}]"
            )
        return str(error)

    async def _fetch_once(self, request: FeedRequest) -> FeedReply | None:
        headers = {"Accept": "text/csv, application/json;q=0.9, */*;q=0.5"}
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        response = await self.session.get(request.url, headers)
        try:
            if response.status == NOT_MODIFIED and len(headers) > 1:
                return None
            await self._refuse_status(response)
            length, limit = response.content_length, self.settings.size_limit
            if length is not None and length > limit:
                raise too_large("feed", limit)
            return await self._received(response)
        finally:
            response.close()

    async def _refuse_status(self, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if status == 200:  # noqa: PLR2004 - the only status with a whole feed
            return
        if status in _TRY_AGAIN:
            raise DownloadFailed(f"the feed host answers HTTP {status}")
        said = await _said(response)
        match status:
            case 401 | 403:
                raise FeedNotFetched(
                    f"is not public (HTTP {status}{said}): share it with everyone who has the link"
                )
            case 404 | 410:
                raise FeedNotFetched(f"does not exist (HTTP {status}{said})")
            case _:
                raise FeedNotFetched(f"cannot be fetched: HTTP {status}{said}")

    async def _received(self, response: aiohttp.ClientResponse) -> FeedReply:
        digest = hashlib.sha256()
        content = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller's
        try:
            async for piece in self.session.chunks(response, limit=self.settings.size_limit):
                digest.update(piece)
                content.write(piece)
        except BaseException:
            content.close()
            raise
        content.seek(0)
        start = content.read(_MOST_SAID)
        content.seek(0)
        return FeedReply(
            content=content,
            sha256=digest.hexdigest(),
            start=start,
            media_type=response.content_type,
            file_name=_file_name(response.headers.get("Content-Disposition", "")),
            etag=response.headers.get("ETag", ""),
            last_modified=response.headers.get("Last-Modified", ""),
        )


async def _said(response: aiohttp.ClientResponse) -> str:
    """Return what an error page says in a few words."""
    try:
        start = await response.content.read(_MOST_SAID)
    except (aiohttp.ClientError, OSError):
        return ""
    words = words_without_markup(start.decode("utf-8", "replace"), 80)
    return f", {words}" if words else ""


def _file_name(disposition: str) -> str:
    message = Message()
    message["Content-Disposition"] = plain(disposition, 1000)
    return Path(message.get_filename() or "").name


@asynccontextmanager
async def feed_downloads(
    settings: FeedSettings, *, hosts: Iterable[str], route: Route
) -> AsyncIterator[FeedDownloads]:
    """Open a client for feeds; `hosts` may be private, and are resolved once."""
    urls = [f"https://{host}" for host in hosts]
    own: set[str] = set()
    for url in urls:
        own |= await own_addresses(url, patience=settings.connect_timeout)
    session = GuardedSession(
        noun="feed",
        own=frozenset(own),
        connect_timeout=settings.connect_timeout,
        patience=settings.patience,
        route=route,
    )
    async with session:
        named = frozenset(str(exact_url(url).host) for url in urls)
        yield FeedDownloads(session=session, hosts=named, settings=settings)


async def fetch_feeds(
    downloads: FeedDownloads, requests: Mapping[str, FeedRequest]
) -> Mapping[str, FeedReply | FeedNotFetched | None]:
    """Fetch several feeds at once; a failure is the result of its own feed only."""
    names: Sequence[str] = [*requests]
    replies = await asyncio.gather(*(_fetched(downloads, requests[name]) for name in names))
    return dict(zip(names, replies, strict=True))


async def _fetched(
    downloads: FeedDownloads, request: FeedRequest
) -> FeedReply | FeedNotFetched | None:
    try:
        return await downloads.fetch(request)
    except FeedNotFetched as error:
        return error
