"""Images per minute as OpenAI counts them: a bucket that fills evenly, for each model."""

import time
from collections.abc import Callable

from pipeline.imageserver.openai.errors import OpenAiError

_MINUTE = 60.0


class ImageRateLimit:
    """The images of a minute, on a monotonic clock; an image's share returns after 60 s / limit."""

    def __init__(
        self, per_minute: int | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = per_minute
        self._clock = clock
        self._used: dict[str, tuple[float, float]] = {}
        """By model: how many images are used up, and when that was computed."""

    def take(self, model: str, images: int) -> None:
        """Count a request's images. Raises OpenAiError 429; a larger request passes alone."""
        limit = self._limit
        if limit is None:
            return
        now = self._clock()
        used, at = self._used.get(model, (0.0, now))
        used = max(0.0, used - (now - at) * limit / _MINUTE)
        if used and used + images > limit:
            raise _limited(model, limit=limit, used=used, images=images)
        self._used[model] = (used + images, now)


def _limited(model: str, *, limit: int, used: float, images: int) -> OpenAiError:
    wait = min(used + images - limit, used) * _MINUTE / limit
    told = f"{round(wait * 1000)}ms" if wait < 1 else f"{wait:.3f}".rstrip("0").rstrip(".") + "s"
    return OpenAiError(
        429,
        f"Rate limit reached for {model} (for limit gpt-image) in organization org-local on "
        f"input-images per min: Limit {limit}, Used {round(used)}, Requested {images}. Please try "
        f"again in {told}. Visit https://platform.openai.com/account/rate-limits to learn more.",
        code="rate_limit_exceeded",
        error_type="input-images",
        retry_after=wait,
    )
