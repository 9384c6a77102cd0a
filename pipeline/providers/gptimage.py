"""The client of the GPT Image 2 API, as its public page documents it.

POST /v1/images/generate with a bearer key; the answer is {code, message, data: {images: [{url}]}}.
The page documents no error bodies, limits, idempotency or balance; `profiles` has assumptions.
"""
# ruff: noqa: D102 - Provider documents each method

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Self

from pipeline.errors import ProviderError, Rejected
from pipeline.model.money import Amount
from pipeline.model.names import Account
from pipeline.model.outcome import Receipt
from pipeline.model.provider import Profile
from pipeline.model.request import RenderRequest
from pipeline.network.addresses import own_addresses
from pipeline.network.api_client import ApiClient
from pipeline.network.image_downloads import Downloads
from pipeline.network.proxies import route_of
from pipeline.providers.profiles import BALANCE_PATHS
from pipeline.providers.replies import read_receipt, remaining_credits
from pipeline.settings import ProviderSettings

GENERATE = "/v1/images/generate"


class GptImage:
    """An open connection to the API, or to the embedded server, which has the same API."""

    def __init__(self, profile: Profile, account: Account, settings: ProviderSettings) -> None:
        self._profile, self._account, self._settings = profile, account, settings
        self._stack = AsyncExitStack()

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def account(self) -> Account:
        return self._account

    async def __aenter__(self) -> Self:
        settings = self._settings
        own = await own_addresses(settings.base_url, patience=settings.connect_timeout)
        route = route_of(settings)
        self._client = await self._stack.enter_async_context(
            ApiClient(settings, own=own, route=route)
        )
        self._downloads = await self._stack.enter_async_context(
            Downloads(settings, own=own | await self._image_hosts(), route=route)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def submit(self, request: RenderRequest, *, key: str) -> Receipt:
        if request.references:
            raise Rejected("this API does not document how to send reference images")
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._profile.caps.varies and request.variation:
            headers["X-Variation"] = request.variation
        reply = await self._client.post(GENERATE, body=_body(request), headers=headers)
        return read_receipt(
            reply,
            profile=self._profile,
            price=self._profile.price(request.quality),
            base_url=self._settings.base_url,
        )

    async def _image_hosts(self) -> frozenset[str]:
        """Return the addresses of the private image hosts that the campaign names."""
        found: set[str] = set()
        for host in self._settings.image_hosts:
            patience = self._settings.connect_timeout
            found |= await own_addresses(f"https://{host}", patience=patience)
        return frozenset(found)

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._downloads.open(url)

    async def balance(self) -> Amount | None:
        """See `Provider.balance`; `None` also if the request fails."""
        path = self._settings.balance_path or BALANCE_PATHS.get(self._profile.name)
        if path is None:
            return None
        try:
            return remaining_credits(await self._client.get(path))
        except ProviderError:
            return None


def _body(request: RenderRequest) -> bytes:
    """Return the documented fields; always for one image, since a receipt is for one."""
    return json.dumps(
        {
            "prompt": request.prompt,
            "model": request.model,
            "size": request.size,
            "quality": request.quality,
            "n": 1,
            "background": request.background,
        },
        separators=(",", ":"),
    ).encode()
