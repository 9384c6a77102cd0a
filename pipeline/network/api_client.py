"""One request to the API, sent once; what is known of it when no answer comes.

How a resend is made impossible, as read in aiohttp's source (3.12 to 3.14): its client repeats a
request by itself only for idempotent methods, and POST is none; `force_close` gives every POST a
connection of its own, so that a keep-alive race cannot lose one either; redirects are not followed.
`on_request_headers_sent` fires before the first byte is handed to the socket: as long as it has
not fired, nothing was sent.
"""

import errno
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Self

import aiohttp
from yarl import URL

from pipeline.errors import NotSent, ProviderError, ProviderStopped, ReplyUnknown
from pipeline.network.addresses import api_socket_factory
from pipeline.network.proxies import Route
from pipeline.network.reply import REPLY_LIMIT, Reply, plain
from pipeline.settings import ProviderSettings

USER_AGENT = "campaign-pipeline"

_NOBODY_THERE = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ETIMEDOUT,
}


@dataclass(slots=True)
class _Passage:
    """How far one request got."""

    sent: bool = False


class ApiClient:
    """Speaks to one base URL, and is the only place that knows the key."""

    def __init__(self, settings: ProviderSettings, *, own: frozenset[str], route: Route) -> None:
        self._base = settings.base_url.rstrip("/")
        self._key = settings.key
        self._secrets = [secret for secret in (settings.key, route.secret) if secret]
        self._proxy = route.proxy_to(URL(self._base))
        self._trust: ssl.SSLContext | bool = route.trust or True
        self._timeout = aiohttp.ClientTimeout(
            connect=settings.connect_timeout,
            sock_connect=settings.connect_timeout,
            sock_read=settings.reply_timeout,
            # Against an answer that drips for ever: the whole exchange has an end.
            total=settings.connect_timeout + settings.reply_timeout,
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_note_sending)
        self._session = aiohttp.ClientSession(
            # No queue of its own (its wait would count as waiting for an answer): callers limit.
            connector=aiohttp.TCPConnector(
                limit=0, force_close=True, socket_factory=api_socket_factory(own)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            trace_configs=[trace],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, path: str, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send one POST and wait for its answer.

        `NotSent` where not a byte left; `ReplyUnknown` where some may have and no status came;
        `ProviderStopped` where the host cannot prove who it is: it would not the next time either.
        """
        return await self._exchange("POST", path, body=body, headers=headers)

    async def get(self, path: str) -> Reply:
        """Ask for something free; errors as for `post`."""
        return await self._exchange("GET", path, body=None, headers={})

    async def _exchange(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        passage = _Passage()
        try:
            response = await self._session.request(
                method,
                URL(self._base + path),
                data=body,
                headers={**headers, "Authorization": f"Bearer {self._key}"},
                allow_redirects=False,
                proxy=self._proxy,
                ssl=self._trust,
                timeout=self._timeout,
                trace_request_ctx=passage,
            )
        except Exception as error:  # noqa: BLE001 - once sent, even a bug must end as unknown
            # The representation of a response error shows the request's headers, with the key.
            cause = None if isinstance(error, aiohttp.ClientResponseError) else error
            raise self._failure(error, passage) from cause
        try:
            return await self._read(response)
        finally:
            response.close()

    async def _read(self, response: aiohttp.ClientResponse) -> Reply:
        """Whatever comes of the body, never more than the limit; a broken one is still a reply."""
        parts: list[bytes] = []
        room, trouble = REPLY_LIMIT, ""
        try:
            while room > 0 and (part := await response.content.read(room)):
                parts.append(part)
                room -= len(part)
        except (aiohttp.ClientError, OSError) as error:
            trouble = self._words(error)
        if room <= 0:
            trouble = f"longer than {REPLY_LIMIT} bytes"
        return Reply(
            status=response.status,
            body=self._without_key(b"".join(parts)),
            encoding=response.headers.get("Content-Encoding", ""),
            retry_after=response.headers.get("Retry-After"),
            request_id=plain(self._redacted(response.headers.get("X-Request-Id", "")), 128),
            trouble=trouble,
        )

    def _failure(self, error: Exception, passage: _Passage) -> ProviderError:
        words = self._words(error)
        if passage.sent:
            return ReplyUnknown(f"sent, and no answer came: {words}")
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return ProviderStopped(
                f"nobody vouches for the certificate of {self._base}, so nothing was sent and "
                f"nothing charged: {plain(self._redacted(str(error.certificate_error)))}; "
                "if that is a gateway of yours, name its authority in PIPELINE_CA_FILE"
            )
        return NotSent(f"could not be sent: {words}")

    def _words(self, error: Exception) -> str:
        return plain(self._redacted(words_of(error)))

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _without_key(self, body: bytes) -> bytes:
        """Some services quote the key that they refuse; the reply is kept, the key is not."""
        key = self._key.encode()
        return body.replace(key, b"***") if key and key in body else body


def words_of(error: Exception) -> str:
    """What went wrong on the way, in words for a person."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{error.host} has no address: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno in _NOBODY_THERE:
        return f"{error.host}:{error.port} does not answer: {os.strerror(error.errno)}"
    return str(error) or type(error).__name__


async def _note_sending(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _sent: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    context.trace_request_ctx.sent = True
