"""How many requests may be in flight, and how often one may start."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pipeline.purchasing.halt import Halt

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LEAST_PAUSE = 0.05
"""Seconds after the first throttle, whatever the provider says; doubled by each in a row."""


class Pacer:
    """Additive increase, multiplicative decrease between 1 and `limit`, for the whole pool.

    A provider that asks for patience stops everybody, halves the window once, and lets the pool
    ease in again: one more request in flight for every window of clean answers. Counting uses a
    monotonic clock, and who may start is decided when it starts, so that a clock that is set back
    or a suspended machine causes no burst. Nobody sits out a pause once the run has stopped.
    """

    def __init__(
        self,
        *,
        limit: int,
        images_per_minute: float | None = None,
        clock: Clock = time.monotonic,
        halt: Halt | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        self._limit = limit
        self._window = float(limit)
        self._gap = 60.0 / images_per_minute if images_per_minute else 0.0
        self._halt = Halt() if halt is None else halt
        self._clock, self._sleep = clock, sleep or self._halt.sleep
        self._in_flight = 0
        self._resume_at = 0.0
        self._next_start = 0.0
        self._pauses = 0
        self._patient_since: float | None = None
        self._changed = asyncio.Condition()
        self._starting = asyncio.Lock()

    @property
    def in_flight(self) -> int:
        """Turns that have not been given back."""
        return self._in_flight

    @property
    def window(self) -> float:
        """Requests that may be in flight now."""
        return self._window

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for permission to have one request in flight, and give it back."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._in_flight < int(self._window))
            self._in_flight += 1
        try:
            await self._wait_for_start()
            yield
        finally:
            self._in_flight -= 1
            async with self._changed:
                self._changed.notify(max(1, int(self._window) - self._in_flight))

    async def _wait_for_start(self) -> None:
        """One at a time: a pause or a place in the minute holds for everybody who comes after."""
        async with self._starting:
            while not self._halt and (wait := self._opens_at - self._clock()) > 0:
                await self._sleep(wait)
            self._next_start = self._clock() + self._gap

    @property
    def _opens_at(self) -> float:
        return max(self._resume_at, self._next_start)

    def throttled(self, retry_after: float | None) -> float:
        """Everybody waits; returns for how many seconds. Counts once per pause."""
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
        return self._resume_at - now

    def throttled_for(self) -> float:
        """Seconds since the first throttle after the last clean answer."""
        return 0.0 if self._patient_since is None else self._clock() - self._patient_since

    def answered(self) -> None:
        """A clean answer: ease in."""
        self._pauses = 0
        self._patient_since = None
        self._window = min(float(self._limit), self._window + 1.0 / self._window)
