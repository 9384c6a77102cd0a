"""The operating system's limit of open files, and its signals."""

import asyncio
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType

from pipeline.errors import Interrupted, LocalFault
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.renderer import WORKERS_PER_REQUEST
from pipeline.settings import Settings
from pipeline.webserver.listening import FEWEST, ConnectionLimits, descriptor_limit

ENDINGS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Signals that end a run, and the exit code of each."""

AT_REST = 64
"""Open files for ledger, journal, lock, event loop, folders, processes; the most seen were 49."""
PER_DOWNLOAD = 3
"""Open files per download: a connection, the file and its folder."""
MOST_DOWNLOADS = 128
MOST_PAGE_CONNECTIONS = 128
IDLE_PAGE = 60.0
"""Seconds after which an idle connection to the review page is closed; browsers open another."""


def allowed_concurrency(wanted: int, *, besides: int = 0) -> int:
    """Return the requests in flight, at most `wanted`, that the file descriptors allow.

    `besides` is the number of files that this process may open for something else, such as its
    page. The soft limit is raised if necessary. Raises `LocalFault` if not even one request is
    possible.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = descriptors_for(wanted) + besides
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    fitting = [count for count in range(1, wanted) if descriptors_for(count) + besides <= soft]
    if not fitting:
        raise LocalFault(
            f"a process may open {soft} files here, and a run needs "
            f"{descriptors_for(1) + besides}; "
            f"nothing was sent. Allow more: ulimit -n {needed}"
        )
    return fitting[-1]


def descriptors_for(concurrency: int) -> int:
    """Return the most files that are open at one time with so many requests in flight."""
    downloads = min(MOST_DOWNLOADS, WORKERS_PER_REQUEST * concurrency)
    return AT_REST + concurrency + PER_DOWNLOAD * downloads


def signals_to_handle() -> tuple[signal.Signals, ...]:
    """Return SIGINT and SIGTERM without those that this process was started to ignore.

    A shell starts the background jobs of a script with SIGINT ignored, so that a Ctrl-C meant for
    the script does not end them. Python keeps the signal ignored at its start; a handler set later
    would undo what the shell did. SIGTERM still ends such a run in good order.
    """
    return tuple(which for which in ENDINGS if signal.getsignal(which) is not signal.SIG_IGN)


@contextmanager
def listen_for_signals(halt: Halt, *, drain: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Stop buying at the first SIGINT or SIGTERM while inside, and abort the task at the second.

    The first waits for images in flight, for `drain` seconds at most.
    """
    loop = asyncio.get_running_loop()
    rendering = asyncio.current_task()
    timers: list[asyncio.TimerHandle] = []

    def abort() -> None:
        if rendering is not None:
            rendering.cancel()

    def received(which: signal.Signals) -> None:
        if timers:
            tell("aborting: what is in flight will be in doubt")
            abort()
            return
        halt.because(Interrupted(signal_name=which.name, exit_code=ENDINGS[which]))
        tell(f"{which.name}: waiting for images in flight, at most {drain:g} s; again to abort")
        timers.append(loop.call_later(drain, abort))

    try:
        with _on_signals(received):
            yield
    finally:
        for timer in timers:
            timer.cancel()


def undo_cancellation() -> None:
    """Undo the cancellation by our own abort, so that the run can write its report."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


@contextmanager
def until_signal() -> Iterator[asyncio.Future[None]]:
    """Yield a future that is done at the first SIGINT or SIGTERM while inside."""
    stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def stop(_which: signal.Signals) -> None:
        if not stopped.done():
            stopped.set_result(None)

    with _on_signals(stop):
        yield stopped


@contextmanager
def _on_signals(received: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call a function on the event loop at each signal while inside; exit at the third one.

    A listener inside another one passes signals on to it. The third signal exits even if the event
    loop is blocked; this loses no more than a power cut would.
    """
    loop = asyncio.get_running_loop()
    before = {which: signal.getsignal(which) for which in signals_to_handle()}
    seen = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen >= _EXIT_AT:
            os._exit(128 + number)
        with suppress(RuntimeError):  # the loop is closed: the program is ending
            loop.call_soon_threadsafe(received, signal.Signals(number))
        outer = before[signal.Signals(number)]
        if callable(outer) and outer in _LISTENERS:
            outer(number, frame)

    _LISTENERS.append(handle)
    for which in before:
        signal.signal(which, handle)
    try:
        yield
    finally:
        for which, outer in before.items():
            signal.signal(which, outer)
        _LISTENERS.remove(handle)


_EXIT_AT = 3
"""The signal that exits at once: the first one drains, the second one aborts."""
_LISTENERS: list[Callable[[int, FrameType | None], None]] = []
"""Handlers that are set, the innermost last; any other handler is Python's own."""


def page_connections() -> ConnectionLimits:
    """Return the limits of the review page; most open files are left for runs."""
    most = max(FEWEST, min(MOST_PAGE_CONNECTIONS, descriptor_limit() // 4))
    return ConnectionLimits(most=most, idle=IDLE_PAGE)


def within_descriptors(
    settings: Settings, *, tell: Callable[[str], None], besides: int
) -> Settings:
    """Limit the requests in flight to what the limit of open files allows, and say so."""
    wanted = settings.rendering.concurrency
    allowed = allowed_concurrency(wanted, besides=besides)
    if allowed == wanted:
        return settings
    tell(
        f"{allowed} requests at once instead of {wanted}, since this process may open few files: "
        "allow more (ulimit -n)"
    )
    return replace(settings, rendering=replace(settings.rendering, concurrency=allowed))
