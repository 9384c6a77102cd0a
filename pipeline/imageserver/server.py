"""The image server: starts, answers on two ports, and stops without losing a picture."""

import asyncio
import contextlib
import errno
import logging
import socket
from dataclasses import replace
from typing import Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from pipeline.errors import LocalFault
from pipeline.imageserver.api.application import Pages, api_application
from pipeline.imageserver.api.limits import RequestLimits
from pipeline.imageserver.api.request_log import REQUESTS, RequestLog
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.billing import Billing
from pipeline.imageserver.billing.credit_account import CreditAccount
from pipeline.imageserver.billing.keys import ServerKeys
from pipeline.imageserver.billing.purchases import AccountTotals, Charge
from pipeline.imageserver.cdn.cdn import Cdn
from pipeline.imageserver.cdn.signing import Signer
from pipeline.imageserver.fault_injection.injection import FaultInjection
from pipeline.imageserver.fault_injection.rules import rules_from_file
from pipeline.imageserver.options import Limits, ServerSettings, WireFormat
from pipeline.imageserver.painting.engines import open_painters
from pipeline.imageserver.painting.image_files import ImageFiles
from pipeline.imageserver.painting.painter import Painter
from pipeline.imageserver.state_folder import StateFolder
from pipeline.imageserver.wires import description_of, errors_of, open_endpoints
from pipeline.webserver.listening import (
    FEWEST,
    ConnectionLimits,
    descriptor_limit,
    listening,
)

_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to
_BACKLOG = 1024
_LINGER_SECONDS = 2.0
"""Seconds for which the rest of a refused body is read, so that its sender gets the answer."""
_MOST_CONNECTIONS = 4096
"""Connections that one port keeps, however many files may be open."""
_AT_REST = 96
"""Open files for everything else: database, painters, pictures that are being written."""
_log = logging.getLogger(__name__)
_http_log = logging.getLogger("pipeline.imageserver.http")


class _ClientErrorFilter(logging.Filter):
    """Drops log records of requests that are not valid HTTP; those clients get a 400."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


_http_log.addFilter(_ClientErrorFilter())


class ImageServer:
    """The documented image API on one port, and its image host on another.

    An async context manager: leaving it waits for pictures that are being painted.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        painter: Painter | None = None,
        pages: Pages | None = None,
    ) -> None:
        """`painter` replaces the engine's painter; it must be picklable, e.g. a function.

        `pages` adds pages for people to the API's application. Raises UsageError if the
        file of fault rules cannot be used.
        """
        self._settings = settings
        self._painter = painter
        self._pages = pages
        self.fault_injection = FaultInjection()
        """The fault rules in force."""
        if settings.faults is not None:
            rules, seed = rules_from_file(settings.faults)
            self.fault_injection.replace(rules, seed=seed)
        self._open = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """The API's address, e.g. `http://127.0.0.1:8787`."""
        return _url(self._settings.host, self._port)

    @property
    def cdn_url(self) -> str:
        """The image host's address."""
        return _url(self._settings.host, self._cdn_port)

    @property
    def key(self) -> str:
        """The bearer key: the configured one, or the one generated for this state folder."""
        return self._settings.key or self._state_folder.saved.key

    @property
    def bearers_refused(self) -> int:
        """Number of downloads with an Authorization header, which image hosts must never get."""
        return self._cdn.bearers_refused

    def charged(self) -> int:
        """Return what was charged over all starts of this server, in the account's unit."""
        return self._credit_account.totals().charged

    def totals(self) -> AccountTotals:
        """Return the totals of the credit account."""
        return self._credit_account.totals()

    def charges(self) -> tuple[Charge, ...]:
        """Return all charges, oldest first."""
        return self._credit_account.charges()

    async def __aenter__(self) -> Self:
        """Open the state folder and answer. Raises LockHeld, LocalFault, LedgerUnusable."""
        async with contextlib.AsyncExitStack() as opening:
            await self._start(opening)
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Refuse new requests, finish the running ones, and close the account."""
        await self._open.aclose()

    async def _start(self, opening: contextlib.AsyncExitStack) -> None:
        settings = self._settings
        self._state_folder = opening.enter_context(StateFolder(settings.state))
        self._state_folder.use_unit(settings.wire.unit)
        self._credit_account = CreditAccount(
            self._state_folder.credit_account, start=settings.credits
        )
        opening.push_async_callback(self._credit_account.close)
        saved = self._state_folder.saved
        image_files = ImageFiles(self._state_folder.images)
        await asyncio.to_thread(
            lambda: image_files.delete_stale(self._credit_account.expired_pictures())
        )
        signer = Signer(saved.secret.encode())
        paint = await opening.enter_async_context(open_painters(settings, self._painter))
        billing = Billing(
            credit_account=self._credit_account,
            image_files=image_files,
            paint=paint,
            idempotency=settings.idempotency,
            url_lifetime=settings.url_lifetime,
        )
        services = ApiServices(
            settings=settings,
            credit_account=self._credit_account,
            billing=billing,
            paint=paint,
            keys=ServerKeys(self._state_folder.folder, own=self.key),
            signer=signer,
            fault_injection=self.fault_injection,
            request_limits=RequestLimits(_request_limits(settings)),
            description=description_of(settings.wire),
            errors=errors_of(settings.wire),
            cdn_url=self._cdn_url_for,
        )
        endpoints = await open_endpoints(
            opening, services, image_files=image_files, state_folder=self._state_folder
        )
        self._cdn = Cdn(
            credit_account=self._credit_account,
            image_files=image_files,
            signer=signer,
            fault_injection=self.fault_injection,
            stopping=services.stopping,
        )
        self._cdn_port = await self._listen(
            opening, self._cdn.application(), port=settings.cdn_port, previous_port=saved.cdn_port
        )
        api = api_application(services, endpoints)
        if self._pages is not None:
            self._pages(api, key=self.key)
        self._port = await self._listen(opening, api, port=settings.port, previous_port=saved.port)
        self._state_folder.save_ports(port=self._port, cdn_port=self._cdn_port)

    async def _listen(
        self,
        opening: contextlib.AsyncExitStack,
        application: web.Application,
        *,
        port: int,
        previous_port: int,
    ) -> int:
        """Answer on the configured port, else on the previous one, else on any free one."""
        listener = _bind(self._settings.host, port, previous_port)
        runner = web.AppRunner(
            application,
            access_log=logging.getLogger(REQUESTS),
            access_log_class=RequestLog,
            logger=_http_log,
            keepalive_timeout=self._settings.idle_seconds,
            lingering_time=_LINGER_SECONDS,
            shutdown_timeout=self._settings.drain_seconds,
        )
        await runner.setup()
        opening.push_async_callback(runner.cleanup)
        limits = ConnectionLimits(most=_most_connections(), idle=self._settings.idle_seconds)
        accepting = listening(runner, [listener], limits, log=_log)
        await opening.enter_async_context(accepting)
        return int(listener.getsockname()[1])

    def _cdn_url_for(self, request: web.Request) -> str:
        if self._settings.host in _WILDCARDS and request.url.host:
            return _url(request.url.host, self._cdn_port)
        return self.cdn_url


def _request_limits(settings: ServerSettings) -> Limits:
    """Return the limits that hold for every endpoint; OpenAI counts images in its own way."""
    documented = settings.wire is WireFormat.GPTIMAGE
    return settings.limits if documented else replace(settings.limits, images_per_minute=None)


def _most_connections() -> int:
    """Return the connections that one of the two ports keeps, of the files that may be open."""
    return max(FEWEST, min(_MOST_CONNECTIONS, (descriptor_limit() - _AT_REST) // 2))


def _bind(host: str, port: int, previous_port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    candidates = [port] if port else [previous_port, 0] if previous_port else [0]
    for number in candidates:
        try:
            listener = socket.create_server((host, number), family=family, backlog=_BACKLOG)
        except OSError as error:
            if number == candidates[-1]:
                raise LocalFault(_cannot_listen(host, number, error)) from error
        else:
            listener.setblocking(False)  # noqa: FBT003 - it takes no keyword
            return listener
    raise AssertionError(candidates)


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    reason = (error.strerror or str(error)).partition(" (while")[0]
    hint = " (another port, or 0 for any free one)" if error.errno == errno.EADDRINUSE else ""
    return f"cannot listen on {host}:{port}: {reason}{hint}"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
