"""How much is taken at once and in a minute; what is more is told when to come back."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.options import Limits

_WINDOW = 60.0
_SOON = 1.0


class RequestLimits:
    """Counts images a minute and requests in flight; a monotonic clock, no timers."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._in_flight = 0
        self._recent: deque[tuple[float, int]] = deque()

    @contextmanager
    def passing(self, images: int) -> Iterator[None]:
        """Hold one place for a request of so many images. Raises RefusedError 429."""
        self.enter(images)
        try:
            yield
        finally:
            self.leave()

    def enter(self, images: int) -> None:
        """Take one place, until `leave`. Raises RefusedError 429."""
        most = self._limits.in_flight
        if most is not None and self._in_flight >= most:
            raise _too_many(f"{most} requests are in flight already", _SOON)
        self._count(images)
        self._in_flight += 1

    def leave(self) -> None:
        """Free the place."""
        self._in_flight -= 1

    def _count(self, images: int) -> None:
        """Let them through if the last minute has room; a request larger than that goes alone."""
        most = self._limits.images_per_minute
        if most is None:
            return
        now = self._clock()
        while self._recent and self._recent[0][0] <= now - _WINDOW:
            self._recent.popleft()
        used = sum(count for _, count in self._recent)
        if used and used + images > most:
            raise _too_many(f"{most} images a minute are the limit", self._wait(used, images, now))
        self._recent.append((now, images))

    def _wait(self, used: int, images: int, now: float) -> float:
        """Seconds until enough of the last minute has passed."""
        most = self._limits.images_per_minute or 0
        for at, count in self._recent:
            used -= count
            if used == 0 or used + images <= most:
                return at + _WINDOW - now
        return _WINDOW


def _too_many(message: str, wait: float) -> RefusedError:
    return RefusedError(429, f"too many requests: {message}", retry_after=wait)
