"""The watchdog of a run, which reports what it waits for, and ends it if nothing moves.

Each wait of a run has its own deadline. The watchdog covers unforeseen cases: a callback that
failed, a disk that hangs, a call that blocks the event loop.
"""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from pipeline.app.run.manifest_writer import ManifestWriter
from pipeline.errors import LocalFault, TimeIsUp
from pipeline.purchasing.events import Listen, StillWaiting
from pipeline.purchasing.halt import Halt
from pipeline.purchasing.worker_pool import Waits
from pipeline.state.output.lock import note_waiting

GIVE_UP_AFTER = 1800.0
"""Seconds without progress after which the run ends; longer than any deadline of a wait."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchdogTimes:
    """The times of a watchdog, in seconds."""

    look_every: float = 10.0
    tell_after: float = 120.0
    """Time without progress after which a message is shown, and again after each such time."""
    give_up_after: float = GIVE_UP_AFTER
    blocked_after: float = 60.0
    """Time without a turn of the event loop after which the run ends."""


@dataclass(kw_only=True, slots=True)
class Watchdog:
    """Watches one run."""

    waits: Waits
    halt: Halt
    listen: Listen
    status: Callable[[str], None]
    """Saves a line for callers that find the campaign locked; empty if the run moves."""
    tell: Callable[[str], None]
    times: WatchdogTimes = field(default_factory=WatchdogTimes)
    _turned: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the current task while inside; cancel it if nothing moves."""
        ended = threading.Event()
        run = asyncio.current_task()
        watching = asyncio.create_task(self._watch(run))
        thread = threading.Thread(
            target=self._watch_loop, args=(ended, threading.get_ident()), daemon=True
        )
        with suppress(RuntimeError):  # no further thread: the loop is then watched by nobody
            thread.start()
        try:
            yield
        finally:
            ended.set()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, run: "asyncio.Task[object] | None") -> None:
        while True:
            await asyncio.sleep(self.times.look_every)
            self._turned = time.monotonic()
            quiet = self.waits.quiet_for()
            if quiet < self.times.tell_after:
                if self._told:
                    self._told = 0.0
                    self.status("")
                continue
            words = f"nothing has moved for {quiet:.0f} s: waiting for {self.waits.words()}"
            if quiet >= self.times.give_up_after and run is not None:
                self.halt.because(LocalFault(f"{words}; the run is given up"))
                run.cancel()
                return
            if self._turned - self._told >= self.times.tell_after:
                self._told = self._turned
                self.status(words)
                self.listen(StillWaiting(reason=self.waits.words(), seconds=quiet))

    def _watch_loop(self, ended: threading.Event, loop_thread: int) -> None:
        """Report where the event loop is blocked, from a separate thread."""
        told = False
        while not ended.wait(self.times.look_every):
            blocked = time.monotonic() - self._turned - self.times.look_every
            if blocked < self.times.blocked_after:
                told = False
            elif not told:
                told = True
                words = f"the program itself hangs in {_place_of(loop_thread)}"
                self.status(words)
                self.tell(f"{words}; what is paid for is in the ledger")


def _place_of(thread: int) -> str:
    """Return the innermost line of this program that a thread executes."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - the documented way to it
    while frame is not None:
        code = frame.f_code
        if "/pipeline/" in code.co_filename:
            file = code.co_filename.rpartition("/pipeline/")[2]
            return f"pipeline/{file}:{frame.f_lineno} {code.co_name}"
        frame = frame.f_back
    return "the event loop"


def watchdog_for(
    manifest_writer: ManifestWriter,
    waits: Waits,
    halt: Halt,
    *,
    listen: Listen,
    tell: Callable[[str], None],
) -> Watchdog:
    """Return the watchdog of a run, which is patient with a slow pace that was asked for."""
    campaign, output = manifest_writer.campaign, manifest_writer.output
    pace = campaign.pace.images_per_minute
    return Watchdog(
        waits=waits,
        halt=halt,
        listen=listen,
        status=lambda words: note_waiting(output, campaign.slug, words),
        tell=tell,
        times=WatchdogTimes(give_up_after=GIVE_UP_AFTER + (60.0 / pace if pace else 0.0)),
    )


def stop_later(halt: Halt, seconds: float | None) -> asyncio.TimerHandle | None:
    """Stop buying after a time; `None` if there is no limit."""
    if seconds is None:
        return None
    loop = asyncio.get_running_loop()
    return loop.call_later(seconds, lambda: halt.because(TimeIsUp(seconds=seconds)))
