"""Limits on the number of requests in flight and on the rate at which they start."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from pipeline.ledger.base import SharedPace, StartTime
from pipeline.purchasing.halt import Halt

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LEAST_PAUSE = 0.05
"""Least seconds to pause after a throttle; doubled with each one in a row."""
MINUTE = 60.0
LATEST = 1.0
"""Seconds by which a request may start after its turn among several coordinators.

Turns are so far apart that no minute has more of them than the limit, even if the first requests
of that minute are so late.
"""


class Turn:
    """The right to have one request in flight."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended: Callable[[], None] | None = ended

    def end(self) -> None:
        """Let the next request start. Call it when the answer has arrived; once is enough."""
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()


class Pacer:
    """Additive increase, multiplicative decrease of the requests in flight, from 1 to `limit`.

    A throttled reply pauses all requests and halves the window once. After that the window grows
    by one request for every window of good answers. Times come from a monotonic clock, and a
    request is admitted when it starts, so that neither a clock that is set back nor a suspended
    machine causes a burst. A pause ends at once when the run stops buying.
    """

    def __init__(
        self,
        *,
        limit: int,
        images_per_minute: float | None = None,
        clock: Clock = time.monotonic,
        halt: Halt | None = None,
        sleep: Sleep | None = None,
        shared: SharedPace | None = None,
    ) -> None:
        """With a `shared` pace, rate and pauses hold for all coordinators of the account."""
        self._shared = shared
        self._telling: set[asyncio.Task[None]] = set()
        self._limit = limit
        self._window = float(limit)
        self._gap = MINUTE / images_per_minute if images_per_minute else 0.0
        self.shared_gap = (MINUTE + LATEST) / images_per_minute if images_per_minute else 0.0
        """Seconds between the turns of all coordinators, for one image."""
        self._halt = Halt() if halt is None else halt
        self._clock, self._sleep = clock, sleep or self._halt.sleep
        self._in_flight = 0
        self._resume_at = 0.0
        self._next_start = 0.0
        self._pauses = 0
        self._patient_since: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._starting = asyncio.Lock()

    @property
    def in_flight(self) -> int:
        """Number of turns in use."""
        return self._in_flight

    @property
    def window(self) -> float:
        """Number of requests that may be in flight now."""
        return self._window

    @asynccontextmanager
    async def turn(self, *, images: int = 1) -> AsyncIterator["Turn"]:
        """Wait until one more request may be in flight; the turn ends with the context.

        `images` is what the request counts for the rate: providers count those that go with it.
        """
        await self._admitted()
        turn = Turn(self._ended)
        try:
            await self._wait_for_start(images)
            yield turn
        finally:
            turn.end()

    async def _admitted(self) -> None:
        while self._in_flight >= int(self._window):
            free = asyncio.get_running_loop().create_future()
            self._waiting.append(free)
            try:
                await free
            except BaseException:
                if free in self._waiting:
                    self._waiting.remove(free)
                else:
                    self._wake()  # another caller takes the place that this one was given
                raise
        self._in_flight += 1

    def _ended(self) -> None:
        self._in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        for _ in range(min(len(self._waiting), max(1, int(self._window) - self._in_flight))):
            free = self._waiting.popleft()
            if not free.done():
                free.set_result(None)

    async def _wait_for_start(self, images: int) -> None:
        """Wait for pause and rate limit, one caller at a time, so that later ones wait as well."""
        async with self._starting:
            while not self._halt and (wait := self._opens_at - self._clock()) > 0:
                await self._sleep(wait)
            self._next_start = self._clock() + self._gap * images
            if self._shared is not None and not self._halt:
                await self._wait_for_others(self._shared, images)

    async def _wait_for_others(self, shared: SharedPace, images: int) -> None:
        """Take a turn among all coordinators, and wait for it.

        A turn that fell into a pause is not used after it: those of all coordinators would start at
        once. One that was missed is taken anew, but once only: a slow machine has to go on.
        """
        gap, missed = self.shared_gap * images, False
        while not self._halt:
            asked = self._clock()
            start = await shared.take_turn(gap=gap)
            await self._sleep_through(start)
            if start.wait > 0 and not self._halt:
                now = await shared.take_turn(gap=0.0)
                if now.paused > 0:  # the pause began while this turn was waited for
                    await self._sleep_through(replace(now, wait=now.paused))
                    continue
            late = self._clock() - asked - start.wait
            if missed or not gap or late <= LATEST:
                return
            missed = True

    async def _sleep_through(self, start: StartTime) -> None:
        """Wait for a start; a pause that another coordinator was asked for halves the window."""
        if start.paused > 0 and self._clock() >= self._resume_at:
            self._window = max(1.0, self._window / 2)
            self._resume_at = self._clock() + start.paused
        if start.wait > 0 and not self._halt:
            await self._sleep(start.wait)

    @property
    def _opens_at(self) -> float:
        return max(self._resume_at, self._next_start)

    def throttled(self, retry_after: float | None) -> float:
        """Pause all requests, and return the seconds left; the window is halved once per pause."""
        now = self._clock()
        if self._patient_since is None:
            self._patient_since = now
        if now < self._resume_at and retry_after is None:
            return self._resume_at - now
        if now >= self._resume_at:
            self._pauses += 1
            self._window = max(1.0, self._window / 2)
        seconds = retry_after
        if seconds is None:
            seconds = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** (self._pauses - 1))
        least = min(LONGEST_PAUSE, LEAST_PAUSE * 2.0 ** (self._pauses - 1))
        self._resume_at = max(self._resume_at, now + max(seconds, least))
        if self._shared is not None:
            telling = asyncio.ensure_future(self._shared.pause(max(seconds, least)))
            self._telling.add(telling)
            telling.add_done_callback(self._told)
        return self._resume_at - now

    def _told(self, telling: "asyncio.Task[None]") -> None:
        self._telling.discard(telling)
        if not telling.cancelled():
            telling.exception()  # the ledger is lost: the next permit says so

    def throttled_for(self) -> float:
        """Return the seconds since the first throttle after the last good answer."""
        return 0.0 if self._patient_since is None else self._clock() - self._patient_since

    def answered(self) -> None:
        """Record a good answer: the window grows."""
        self._pauses = 0
        self._patient_since = None
        self._window = min(float(self._limit), self._window + 1.0 / self._window)
