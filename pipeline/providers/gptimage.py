"""The client of the GPT Image 2 API, as its public page documents it.

POST /v1/images/generate with a bearer key; the answer is {code, message, data: {images: [{url}]}}.
The page documents no error bodies, limits, idempotency or balance; `profiles` has assumptions.
"""
# ruff: noqa: D102 - Provider documents each method

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, closing
from functools import partial
from typing import Self

from pipeline.errors import ProviderError, Rejected
from pipeline.model.money import Amount
from pipeline.model.names import Account
from pipeline.model.outcome import Receipt
from pipeline.model.providers.profile import Profile
from pipeline.model.providers.request import RenderRequest
from pipeline.network.reply import Reply
from pipeline.providers.base import Seal
from pipeline.providers.batches import BatchProvider
from pipeline.providers.connection import Connection
from pipeline.providers.masks import MaskPart
from pipeline.providers.multipart import EditForm
from pipeline.providers.profiles import BALANCE_PATHS, EDITS_PATHS
from pipeline.providers.replies import read_receipt, remaining_credits
from pipeline.settings import ProviderSettings

GENERATE = "/v1/images/generate"


class GptImage:
    """An open connection to the API, or to the embedded server, which has the same API."""

    def __init__(self, profile: Profile, account: Account, settings: ProviderSettings) -> None:
        self._profile, self._account, self._settings = profile, account, settings
        self._connection = Connection(settings)

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def account(self) -> Account:
        return self._account

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.__aexit__()

    async def submit(self, request: RenderRequest, *, key: str, seal: Seal) -> Receipt:
        headers = {"Idempotency-Key": key}
        if self._profile.caps.varies and request.variation:
            headers["X-Variation"] = request.variation
        if request.references:
            reply = await self._edit(request, key, headers)
        else:
            headers["Content-Type"] = "application/json"
            body = json.dumps({**_fields(request), "n": 1}, separators=(",", ":")).encode()
            reply = await self._connection.api.post(
                GENERATE, body=body, headers=headers, timeout=self._profile.caps.reply_timeout
            )
        return read_receipt(
            reply,
            profile=self._profile,
            price=self._profile.price(request.quality),
            base_url=self._settings.base_url,
        )

    async def _edit(self, request: RenderRequest, key: str, headers: Mapping[str, str]) -> Reply:
        path = self._settings.edits_path or EDITS_PATHS.get(self._profile.name)
        if path is None:
            raise Rejected("this API does not document how to send reference images")
        fields = {**_fields(request), "n": "1"}
        mask = MaskPart(reference=request.mask) if request.mask else None
        opened = partial(
            EditForm, fields, request.references, image_field="image[]", key=key, mask=mask
        )
        form = await asyncio.to_thread(opened)
        with closing(form):
            return await self._connection.api.post(
                path,
                body=form.body(),
                headers={**form.headers, **headers},
                timeout=self._profile.caps.reply_timeout,
            )

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._connection.downloads.open(url)

    @property
    def batches(self) -> BatchProvider | None:
        """See `Provider.batches`; the documented API has none."""
        return None

    async def balance(self) -> Amount | None:
        """See `Provider.balance`; `None` also if the request fails."""
        path = self._settings.balance_path or BALANCE_PATHS.get(self._profile.name)
        if path is None:
            return None
        try:
            return remaining_credits(await self._connection.api.get(path))
        except ProviderError:
            return None


def _fields(request: RenderRequest) -> dict[str, str]:
    """Return the documented fields besides `n`, which is 1, since a receipt is for one image."""
    return {
        "prompt": request.prompt,
        "model": request.model,
        "size": request.size,
        "quality": request.quality,
        "background": request.background,
    }
