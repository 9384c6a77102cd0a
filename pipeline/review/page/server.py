"""The review server: surveys the campaign, serves the page and writes the review file."""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from pipeline.errors import CampaignError, LocalFault, UsageError
from pipeline.executors.base import Executor
from pipeline.executors.registry import open_executor
from pipeline.images.registry import images_in
from pipeline.ledger.base import Ledger
from pipeline.model.names import Slug
from pipeline.review.page.ad_file_views import AdFileViews, MakeAdFiles
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.campaign_source import ReviewSource
from pipeline.review.page.launches import Launch, Launches
from pipeline.review.page.pictures import Pictures
from pipeline.review.page.review_state import ReviewState
from pipeline.review.page.routes import LaunchCommand, PackedTable, Routes
from pipeline.review.page.security import ReviewOptions, security_middleware, words_for
from pipeline.review.review_file_sync import ReviewFile, ReviewFileSync
from pipeline.review.review_link import ReviewLink, keep_link, kept_link
from pipeline.review.verdicts import stamp
from pipeline.webserver.listening import ConnectionLimits, bind, listening

_log = logging.getLogger(__name__)

LIMITS = ConnectionLimits(most=128, idle=60.0)

_LARGEST_BODY = 16 * 1024 * 1024
_PATIENCE = 3.0
"""Seconds that responses in progress may still take when the server stops."""
_WRITE_AFTER = 0.4
"""Seconds from a decision until the review file is written, to collect further ones."""
_REFRESH_EVERY = 1.0
"""Least seconds between refreshes while a page is open or a launch is in progress."""
_PAUSE_FACTOR = 4
"""A refresh is followed by a pause of this many times its duration."""
_LONGEST_PAUSE = 5.0
"""Most seconds of that pause."""


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewSubject:
    """The campaign under review and its files."""

    campaign: Slug
    source: ReviewSource
    ledger: Ledger
    output: Path
    file: ReviewFile
    command: LaunchCommand
    """Returns the command that the page shows if it may not spend."""
    make_ad_files: MakeAdFiles | None = None
    """Makes the ad files of cells whose window was changed; `None`: the next run does."""


class ReviewServer:
    """A review page, served while the context is entered; leaving waits for a launch to end.

    `launch` spends. Without it, or without the option `allow_spend`, the page cannot spend.
    """

    def __init__(
        self,
        subject: ReviewSubject,
        options: ReviewOptions,
        *,
        launch: Launch | None = None,
        limits: ConnectionLimits = LIMITS,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._subject = subject
        self._options = options
        self._limits = limits
        known = kept_link(subject.output, subject.campaign)
        self._known = ReviewLink(port=known.port) if options.new_link else known
        self._token = self._known.token if options.token is None else options.token
        self._clock = clock
        self._broadcast = Broadcast()
        self._review_state = ReviewState(
            ledger=subject.ledger,
            campaign=subject.campaign,
            source=subject.source,
            output=subject.output,
            broadcast=self._broadcast,
            clock=clock,
        )
        self._launches = Launches(
            review_state=self._review_state,
            broadcast=self._broadcast,
            launch=launch if options.allow_spend else None,
        )
        self._packed = PackedTable(
            review_state=self._review_state,
            launches=self._launches,
            broadcast=self._broadcast,
            options=options,
        )
        self._file_sync = ReviewFileSync(review_state=self._review_state, file=subject.file)
        self._decided = asyncio.Event()
        self._stack = AsyncExitStack()
        self.port = 0

    @property
    def url(self) -> str:
        """The link to the page, with the token."""
        host = self._options.host
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 - shown, not bound
        key = f"?t={self._token}" if self._token else ""
        return f"http://{shown}:{self.port}/{key}"

    async def __aenter__(self) -> Self:
        """Survey the campaign, import edits of the review file, and listen.

        Raises `CampaignError` if the campaign or the review file cannot be used, `UsageError`
        if the server cannot listen.
        """
        await self._review_state.refresh()
        try:
            await self._file_sync.sync(now=stamp(self._clock()))
        except LocalFault as fault:
            # The ledger has every verdict, so the page works without the file.
            self._review_state.complain("file", str(fault))
        await self._packed.body()  # so that the first page loads at once
        async with AsyncExitStack() as stack:
            executor = await stack.enter_async_context(open_executor())
            views = AdFileViews(
                review_state=self._review_state,
                images=images_in(self._subject.output),
                executor=executor,
                make=self._subject.make_ad_files,
            )
            runner = web.AppRunner(
                self._application(executor, views),
                access_log=None,
                logger=_log,
                shutdown_timeout=_PATIENCE,
            )
            runner.app.on_shutdown.append(self._let_go)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            sockets = _bind(self._options, last=self._known.port)
            self.port = sockets[0].getsockname()[1]
            if self._options.token is None:
                kept = replace(self._known, port=self.port)
                keep_link(self._subject.output, self._subject.campaign, kept)
            await stack.enter_async_context(listening(runner, sockets, self._limits, log=_log))
            steps = (
                self._launches.run_next,
                self._write_when_decided,
                self._watch,
                views.make_next,
            )
            for task in [asyncio.create_task(self._keep_doing(step)) for step in steps]:
                stack.push_async_callback(_end, task)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._launches.idle()
        finally:
            await self._stack.aclose()
            if self._decided.is_set():
                await self._write_file()

    def _pictures(self, executor: Executor) -> Pictures:
        return Pictures(
            images=images_in(self._subject.output),
            executor=executor,
            campaign=self._subject.campaign,
            find=self._review_state.image,
        )

    def _application(self, executor: Executor, views: AdFileViews) -> web.Application:
        application = web.Application(
            middlewares=[security_middleware(self._options, self._token)],
            client_max_size=_LARGEST_BODY,
        )
        routes = Routes(
            review_state=self._review_state,
            launches=self._launches,
            broadcast=self._broadcast,
            pictures=self._pictures(executor),
            views=views,
            packed=self._packed,
            options=self._options,
            command=self._subject.command,
            clock=self._clock,
            changed=self._decided.set,
        )
        application.add_routes(routes.table())
        return application

    async def _let_go(self, application: web.Application) -> None:
        del application
        self._broadcast.close()

    async def _keep_doing(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeat a step until cancelled; errors are shown on the page.

        An error of the page must not end a purchase that it has launched.
        """
        about = step.__name__
        while True:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - a bug here must not end what buys
                self._review_state.complain(about, words_for(error, log=_log))
                await asyncio.sleep(_LONGEST_PAUSE)
            else:
                self._review_state.complain(about, "")

    async def _write_when_decided(self) -> None:
        """Write the review file soon after a decision, and survey what the decision changed."""
        await self._decided.wait()
        await asyncio.sleep(_WRITE_AFTER)
        self._decided.clear()
        await self._write_file()
        await self._review_state.refresh()

    async def _write_file(self) -> None:
        """Write the review file; if that fails, show the error: the ledger has the verdicts."""
        try:
            await self._file_sync.sync(now=stamp(self._clock()))
        except (CampaignError, UsageError, LocalFault) as error:
            self._review_state.complain("file", str(error))
        else:
            self._review_state.complain("file", "")

    async def _watch(self) -> None:
        """Watch for changes by other processes while a page is open or a launch is in progress."""
        started = time.monotonic()
        if self._broadcast.listeners or self._launches.running:
            await self._review_state.refresh()
            if self._file_sync.edited():
                self._decided.set()
        took = time.monotonic() - started
        await asyncio.sleep(min(_LONGEST_PAUSE, max(_REFRESH_EVERY, took * _PAUSE_FACTOR)))


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _bind(options: ReviewOptions, *, last: int) -> list[socket.socket]:
    """Listen on the port that was asked for; without one on the last one, if it is free."""
    if not options.port and last:
        with suppress(OSError):
            return bind(options.host, last)
    try:
        return bind(options.host, options.port)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {options.host}:{options.port}: {error.strerror}"
        ) from error
