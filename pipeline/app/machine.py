"""The operating system's limit of open files, and its signals."""

import asyncio
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import Interrupted, LocalFault
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.renderer import WORKERS_PER_REQUEST

ENDINGS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Signals that end a run, and the exit code of each."""

AT_REST = 64
"""Open files for ledger, journal, lock, event loop, folders, processes; the most seen were 49."""
PER_DOWNLOAD = 3
"""Open files per download: a connection, the file and its folder."""
MOST_DOWNLOADS = 128


def allowed_concurrency(wanted: int) -> int:
    """Return how many requests in flight the file descriptors allow, at most `wanted`.

    Raises the soft limit if necessary. `LocalFault` if not even one request fits.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = descriptors_for(wanted)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    fitting = [count for count in range(1, wanted) if descriptors_for(count) <= soft]
    if not fitting:
        raise LocalFault(
            f"a process may open {soft} files here, and a run needs {descriptors_for(1)}; "
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

    handled = signals_to_handle()
    for which in handled:
        loop.add_signal_handler(which, received, which)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for which in handled:
            loop.remove_signal_handler(which)


def until_signal() -> asyncio.Future[None]:
    """Return a future that is done at the first SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    for which in signals_to_handle():
        loop.add_signal_handler(which, stop)
    return stopped
