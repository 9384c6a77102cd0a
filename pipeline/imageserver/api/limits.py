"""Rate limits: requests in flight and images a minute; a refusal says when to retry."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.options import Limits

_WINDOW = 60.0
_RETRY_SECONDS = 1.0


class RequestLimits:
    """Counters of images a minute and of requests in flight, on a monotonic clock."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._in_flight = 0
        self._recent: deque[tuple[float, int]] = deque()

    @contextmanager
    def admit(self, images: int) -> Iterator[None]:
        """Count a request of so many images as in flight. Raises RefusedError 429 above a limit."""
        self.acquire(images)
        try:
            yield
        finally:
            self.release()

    def acquire(self, images: int) -> None:
        """Count a request as in flight until `release`. Raises RefusedError 429 above a limit."""
        limit = self._limits.in_flight
        if limit is not None and self._in_flight >= limit:
            raise _too_many(f"{limit} requests are in flight already", _RETRY_SECONDS)
        self._count_images(images)
        self._in_flight += 1

    def release(self) -> None:
        """End a request that `acquire` counted."""
        self._in_flight -= 1

    def _count_images(self, images: int) -> None:
        """Count the images of the last minute; a request above the limit passes if it is alone."""
        limit = self._limits.images_per_minute
        if limit is None:
            return
        now = self._clock()
        while self._recent and self._recent[0][0] <= now - _WINDOW:
            self._recent.popleft()
        used = sum(count for _, count in self._recent)
        if used and used + images > limit:
            raise _too_many(f"{limit} images a minute are the limit", self._wait(used, images, now))
        self._recent.append((now, images))

    def _wait(self, used: int, images: int, now: float) -> float:
        """Return the seconds until the request would pass."""
        limit = self._limits.images_per_minute or 0
        for at, count in self._recent:
            used -= count
            if used == 0 or used + images <= limit:
                return at + _WINDOW - now
        return _WINDOW


def _too_many(message: str, wait: float) -> RefusedError:
    return RefusedError(429, f"too many requests: {message}", retry_after=wait)
