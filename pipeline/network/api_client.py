"""Requests to the API, each sent once, and what is known of one that gets no answer.

No request can be sent twice, according to aiohttp's source (3.12 to 3.14): its client repeats only
idempotent methods, and POST is not one; `force_close` gives every POST its own connection, so that
no request is lost on a closing keep-alive connection; redirects are not followed.
`on_request_headers_sent` is called before the first byte is written to the socket, so nothing was
sent as long as it has not been called.
"""

import errno
import os
import re
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Self

import aiohttp
from yarl import URL

from pipeline.errors import (
    DownloadFailed,
    NotAnImage,
    NotSent,
    ProviderError,
    ProviderStopped,
    ReplyUnknown,
)
from pipeline.network.addresses import api_socket_factory
from pipeline.network.exact_urls import exact_url
from pipeline.network.proxies import Route
from pipeline.network.reply import REPLY_LIMIT, Reply, ReplySink, plain
from pipeline.network.unpacking import Unpacking
from pipeline.settings import ProviderSettings

USER_AGENT = "campaign-pipeline"

BEARER: Mapping[str, str] = {"Authorization": "Bearer {key}"}
"""The header with the key, as most APIs expect it."""

Body = bytes | AsyncIterator[bytes]
"""A body in one piece, or one that is read while it is sent."""

_NOBODY_THERE = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ETIMEDOUT,
}


_READ_AHEAD = 64 * 1024
"""Bytes of one reply above which no more is read before they are taken.

A fourth of aiohttp's own: 200 replies of 20 MB at once then take 100 MB less.
"""
_SHORTEST_CUT = 20.0
"""Seconds; proxies cut off at 30, 60, 100 or 180, while an image may take five minutes."""

_REPLY_TIMEOUT = 600.0
"""Seconds to wait for an answer, unless the settings or the model say otherwise."""

_LONGEST_TRANSFER = 4 * 3600.0
"""Seconds that a file may take; what stops for a while ends earlier, by the reading timeout."""

_REFUSED = "is not allowed"
LEADS_INSIDE = " leads to a private network"
"""Stands after the name of a host that may not be connected to."""
"""Part of the message for an address that the socket factory does not allow."""

_SPEAKS_OF_CHARGES = re.compile(
    r"charg|cost|credit|bill|deduct|debit|usage|used|fee|spent", re.IGNORECASE
)


@dataclass(slots=True)
class _Progress:
    """The progress of one request."""

    sent: bool = False
    began: float = field(default_factory=time.monotonic)


class _BrokeOff(Exception):
    """The body of a reply ended before it was whole."""


class ApiClient:
    """A client for one base URL. Nothing else in the program sends the key."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        own: frozenset[str],
        route: Route,
        auth: Mapping[str, str] = BEARER,
    ) -> None:
        self._auth = {name: value.format(key=settings.key) for name, value in auth.items()}
        if not settings.key:
            self._auth = {}
        self._base = settings.base_url.rstrip("/")
        self._key = settings.key
        self._hosts_variable = settings.key_hosts_variable
        self._secrets = [secret for secret in (settings.key, route.secret) if secret]
        self._proxy = route.proxy_to(URL(self._base))
        self._trust: ssl.SSLContext | bool = route.trust or True
        self._connect, self._reply_timeout = settings.connect_timeout, settings.reply_timeout
        self._plain = self._base.startswith("http:") and not settings.plain_is_allowed
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_note_sending)
        self._session = aiohttp.ClientSession(
            # No limit here: waiting for a connection would count as waiting for an answer.
            connector=aiohttp.TCPConnector(
                limit=0,
                force_close=True,
                socket_factory=api_socket_factory(own, private=self._plain),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_READ_AHEAD,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            trace_configs=[trace],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(
        self,
        path: str,
        *,
        body: Body,
        headers: Mapping[str, str],
        into: ReplySink | None = None,
        limit: int = REPLY_LIMIT,
        patient: bool = False,
        timeout: float | None = None,
    ) -> Reply:
        """Send one POST and wait for its answer, of which at most `limit` bytes are read.

        With `patient`, the body may take hours to be sent. `timeout` is how long a model may take
        to answer, in seconds; the settings of this machine or of a campaign are used instead.

        With `into`, the answer goes there, and the one that is returned has no body. It is durable
        there on return, unless it has `trouble`. Raises `LocalFault` if it cannot be kept.

        Raises `NotSent` if no byte was sent, `ReplyUnknown` if some may have been sent and no
        status was received, and `ProviderStopped` if the certificate of the host is not valid.
        """
        response = await self._exchange(
            "POST",
            path,
            body=body,
            headers=headers,
            timeout=self._timeout(of_model=timeout, patient=patient),
        )
        try:
            if into is None:
                return await self._read(response, limit)
            return await self._keep(response, into, limit)
        finally:
            response.close()

    async def get(
        self, path: str, *, into: ReplySink | None = None, limit: int = REPLY_LIMIT
    ) -> Reply:
        """Send a GET, which is never charged; sink and errors as for `post`.

        With `into`, the answer may take hours to arrive.
        """
        response = await self._exchange(
            "GET", path, body=None, headers={}, timeout=self._timeout(patient=into is not None)
        )
        try:
            if into is None:
                return await self._read(response, limit)
            return await self._keep(response, into, limit)
        finally:
            response.close()

    async def delete(self, path: str) -> Reply:
        """Send a DELETE, which is never charged; errors as for `post`."""
        response = await self._exchange(
            "DELETE", path, body=None, headers={}, timeout=self._timeout()
        )
        try:
            return await self._read(response, REPLY_LIMIT)
        finally:
            response.close()

    def _timeout(
        self, *, of_model: float | None = None, patient: bool = False
    ) -> aiohttp.ClientTimeout:
        """Return the limits of one exchange; what the settings say goes before the model's."""
        reply = self._reply_timeout or of_model or _REPLY_TIMEOUT
        return aiohttp.ClientTimeout(
            connect=self._connect,
            sock_connect=self._connect,
            sock_read=reply,
            # Ends an exchange whose answer arrives byte by byte without end.
            total=_LONGEST_TRANSFER if patient else self._connect + reply,
        )

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        body: Body | None,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        progress = _Progress()
        try:
            return await self._session.request(
                method,
                exact_url(self._base + path),
                data=body,
                headers={**headers, **self._auth},
                allow_redirects=False,
                proxy=self._proxy,
                ssl=self._trust,
                timeout=timeout,
                trace_request_ctx=progress,
            )
        except Exception as error:  # noqa: BLE001 - once sent, even a bug must end in doubt
            # A ClientResponseError contains the request's headers, and with them the key.
            cause = None if isinstance(error, aiohttp.ClientResponseError) else error
            raise self._failure(error, progress) from cause

    async def _keep(self, response: aiohttp.ClientResponse, into: ReplySink, limit: int) -> Reply:
        """Pass the reply on while it arrives; what broke off or cannot be unpacked is discarded."""
        head = self._head(response)
        await into.begin(head)
        try:
            async for piece in self._pieces(response, limit):
                await into.write(piece)
        except (_BrokeOff, DownloadFailed, NotAnImage) as error:
            await into.discard()
            return replace(head, trouble=str(error))
        await into.end()
        return head

    async def _pieces(self, response: aiohttp.ClientResponse, limit: int) -> AsyncIterator[bytes]:
        """Yield the body, decompressed, and without the key wherever two pieces meet."""
        unpacking = Unpacking(response.headers.get("Content-Encoding", ""))
        overlap, held, received = max(0, len(self._key.encode()) - 1), b"", 0
        picture = response.status == 200  # noqa: PLR2004 - HTTP's OK
        ended = False
        while not ended:
            part = await self._next_part(response)
            ended = not part
            for piece in unpacking.finish() if ended else unpacking.feed(part):
                received += len(piece)
                if received > limit:
                    raise _BrokeOff(f"longer than {limit} bytes")
                if picture and b'"' not in piece and b'"' not in held:
                    yield held + piece  # within the base64 of a picture
                    held = b""
                    continue
                held = self._without_key(held + piece)
                yield held[: len(held) - overlap]
                held = held[len(held) - overlap :] if overlap else b""
        yield held

    async def _next_part(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            return await response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _BrokeOff(self._words(error)) from error

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> Reply:
        """Return the reply with as much of its body as arrives, up to the limit."""
        parts: list[bytes] = []
        room, trouble = limit, ""
        try:
            while room > 0 and (part := await response.content.read(room)):
                parts.append(part)
                room -= len(part)
        except (aiohttp.ClientError, OSError) as error:
            trouble = self._words(error)
        if room <= 0:
            trouble = f"longer than {limit} bytes"
        body = self._without_key(b"".join(parts))
        return replace(self._head(response), body=body, trouble=trouble)

    def _head(self, response: aiohttp.ClientResponse) -> Reply:
        """Return what is known of a reply before its body is read."""
        return Reply(
            status=response.status,
            encoding=response.headers.get("Content-Encoding", ""),
            retry_after=response.headers.get("Retry-After"),
            retry_after_ms=response.headers.get("retry-after-ms"),
            should_retry=response.headers.get("x-should-retry", "").strip().lower(),
            request_id=plain(self._redacted(response.headers.get("X-Request-Id", "")), 128),
            base_url=self._base,
            charge_headers={
                name: plain(self._redacted(value), 128)
                for name, value in response.headers.items()
                if _SPEAKS_OF_CHARGES.search(name)
            },
        )

    def _failure(self, error: Exception, progress: _Progress) -> ProviderError:
        words = self._words(error)
        if progress.sent:
            return ReplyUnknown(f"sent, but there was no answer{_cut_off(progress)}: {words}")
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return ProviderStopped(
                f"the certificate of {self._base} is not trusted, so nothing was sent and "
                f"nothing charged: {plain(self._redacted(str(error.certificate_error)))}; "
                "if it is a gateway of yours, name its CA certificate in PIPELINE_CA_FILE"
            )
        if self._plain and isinstance(error, aiohttp.ClientConnectorError) and _REFUSED in words:
            return ProviderStopped(
                f"the key is not sent to {self._base} over plain http, where others could read it; "
                "nothing was sent",
                remedy=f"use https in the base URL, or set {self._hosts_variable}={self._base}",
            )
        return NotSent(f"could not be sent: {words}")

    def _words(self, error: Exception) -> str:
        return plain(self._redacted(words_of(error)))

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _without_key(self, body: bytes) -> bytes:
        """Return the body without the key, which some services quote when they refuse it."""
        key = self._key.encode()
        return body.replace(key, b"***") if key and key in body else body


def _cut_off(progress: _Progress) -> str:
    """Return after how long a connection ended, if that looks like the limit of a proxy."""
    seconds = time.monotonic() - progress.began
    return f" after {seconds:.0f} s" if seconds >= _SHORTEST_CUT else ""


def words_of(error: Exception) -> str:
    """Return an error of the network as text for a person."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{error.host} cannot be resolved: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno in _NOBODY_THERE:
        return f"{error.host}:{error.port} does not answer: {os.strerror(error.errno)}"
    if isinstance(error, aiohttp.ClientConnectorError) and _REFUSED in str(error.os_error):
        return f"{error.host}{LEADS_INSIDE}: {error.os_error.strerror}"
    return str(error) or type(error).__name__


async def _note_sending(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _sent: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    context.trace_request_ctx.sent = True
