"""The promise every provider keeps."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self

from pipeline.model.credits import Credits
from pipeline.model.outcome import Receipt
from pipeline.model.provider import Account, Profile
from pipeline.model.request import RenderRequest


class Provider(AbstractAsyncContextManager["Provider"], Protocol):
    """One open connection to an image API. The caller alone decides whether to pay again."""

    @property
    def profile(self) -> Profile:
        """Prices and abilities."""
        ...

    @property
    def account(self) -> Account:
        """Whose money is spent."""
        ...

    async def submit(self, request: RenderRequest, *, key: str) -> Receipt:
        """Send exactly one POST for one image, with `key` as its Idempotency-Key, and wait.

        Must never retry, follow a redirect, or reuse a connection in a way that could resend.
        Every failure leaves as a `ProviderError` whose `charged` tells the truth: `NotSent` only
        where the request provably did not leave whole; if in any doubt, `ReplyUnknown`.
        Cancellation after the request was sent is the caller's to count as a doubt.
        """
        ...

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Bring one image as chunks; free of charge, so callers may repeat it.

        Raises `DownloadFailed` (try again), `ImageGone` (404, 410) or `ImageBroken` (not an
        image, larger than is sane), on entering or while iterating. Never sends the key.
        """
        ...

    async def balance(self) -> Credits | None:
        """Credits left on the account, where the API can tell; safe to repeat."""
        ...

    async def __aenter__(self) -> Self: ...
