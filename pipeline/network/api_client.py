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
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Self

import aiohttp
from yarl import URL

from pipeline.errors import NotSent, ProviderError, ProviderStopped, ReplyUnknown
from pipeline.network.addresses import api_socket_factory
from pipeline.network.exact_urls import exact_url
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


_REFUSED = "is not allowed"
"""Part of the message for an address that the socket factory does not allow."""

_SPEAKS_OF_CHARGES = re.compile(
    r"charg|cost|credit|bill|deduct|debit|usage|used|fee|spent", re.IGNORECASE
)


@dataclass(slots=True)
class _Progress:
    """The progress of one request."""

    sent: bool = False


class ApiClient:
    """A client for one base URL. Nothing else in the program sends the key."""

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
            # Ends an exchange whose answer arrives byte by byte without end.
            total=settings.connect_timeout + settings.reply_timeout,
        )
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
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            trace_configs=[trace],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, path: str, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send one POST and wait for its answer.

        Raises `NotSent` if no byte was sent, `ReplyUnknown` if some may have been sent and no
        status was received, and `ProviderStopped` if the certificate of the host is not valid.
        """
        return await self._exchange("POST", path, body=body, headers=headers)

    async def get(self, path: str) -> Reply:
        """Send a GET, which is never charged; errors as for `post`."""
        return await self._exchange("GET", path, body=None, headers={})

    async def _exchange(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        progress = _Progress()
        try:
            response = await self._session.request(
                method,
                exact_url(self._base + path),
                data=body,
                headers={**headers, "Authorization": f"Bearer {self._key}"},
                allow_redirects=False,
                proxy=self._proxy,
                ssl=self._trust,
                timeout=self._timeout,
                trace_request_ctx=progress,
            )
        except Exception as error:  # noqa: BLE001 - once sent, even a bug must end in doubt
            # A ClientResponseError contains the request's headers, and with them the key.
            cause = None if isinstance(error, aiohttp.ClientResponseError) else error
            raise self._failure(error, progress) from cause
        try:
            return await self._read(response)
        finally:
            response.close()

    async def _read(self, response: aiohttp.ClientResponse) -> Reply:
        """Return the reply with as much of its body as arrives, up to the limit."""
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
            charge_headers={
                name: plain(self._redacted(value), 128)
                for name, value in response.headers.items()
                if _SPEAKS_OF_CHARGES.search(name)
            },
        )

    def _failure(self, error: Exception, progress: _Progress) -> ProviderError:
        words = self._words(error)
        if progress.sent:
            return ReplyUnknown(f"sent, but there was no answer: {words}")
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
                remedy=f"use https in the base URL, or set GPTIMAGE_KEY_HOSTS={self._base}",
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


def words_of(error: Exception) -> str:
    """Return an error of the network as text for a person."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{error.host} cannot be resolved: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno in _NOBODY_THERE:
        return f"{error.host}:{error.port} does not answer: {os.strerror(error.errno)}"
    return str(error) or type(error).__name__


async def _note_sending(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _sent: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    context.trace_request_ctx.sent = True
