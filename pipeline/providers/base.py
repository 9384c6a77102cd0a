"""The Protocol of providers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self

from pipeline.model.money import Amount
from pipeline.model.names import Account
from pipeline.model.outcome import Receipt
from pipeline.model.providers.profile import Profile
from pipeline.model.providers.request import RenderRequest
from pipeline.network.reply import ReplySink
from pipeline.providers.batches import BatchProvider
from pipeline.providers.openai_api.kept_replies import KeptReply


class Seal(ReplySink, Protocol):
    """Keeps the reply to one attempt whole and durable before it is read."""

    def read(self) -> KeptReply:
        """Return the reply once it has been sealed; blocks on the disk."""
        ...


class Provider(AbstractAsyncContextManager["Provider"], Protocol):
    """An open connection to an image API. Only the caller may send a request again."""

    @property
    def profile(self) -> Profile:
        """The prices and capabilities of the API."""
        ...

    @property
    def account(self) -> Account:
        """The account that pays."""
        ...

    async def submit(self, request: RenderRequest, *, key: str, seal: Seal) -> Receipt:
        """Send exactly one POST for one image, with `key` as its Idempotency-Key, and wait.

        A reply that holds the picture itself goes into `seal`, and is read from there; the receipt
        then names it as the source of the image. Raises `LocalFault` if it cannot be kept.

        Must never retry, follow a redirect, or reuse a connection in a way that could resend.
        Raises a `ProviderError` for every failure: `NotSent` only if the request was provably not
        sent whole, and `ReplyUnknown` if it may have been charged. If the call is cancelled after
        the request was sent, the caller has to count it as a doubt.
        """
        ...

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Download one image in chunks; this is free, so callers may repeat it.

        Raises `DownloadFailed` (may be tried again), `ImageGone` (404, 410) or `ImageBroken` (no
        image URL, or too large), on entering or while iterating. Must not send the key.
        """
        ...

    @property
    def batches(self) -> BatchProvider | None:
        """The batches of this account; `None` if the API takes none."""
        ...

    async def balance(self) -> Amount | None:
        """Return the credits left on the account, or `None` if the API does not report them."""
        ...

    async def __aenter__(self) -> Self: ...
