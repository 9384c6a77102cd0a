"""The client of the OpenAI Images API, and of servers that are shaped like it.

POST /images/generations, or /images/edits with images, is answered with the picture itself.

The API knows no idempotency, so each request is one POST that is never repeated, and its answer is
sealed before it is read. No vendor package is used: each of them repeats a paid call by itself.
"""
# ruff: noqa: D102 - Provider documents each method

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, closing
from functools import partial
from typing import Self
from urllib.parse import quote

from pipeline.errors import Rejected, ReplyUnknown
from pipeline.model.money import Amount
from pipeline.model.names import Account
from pipeline.model.outcome import Receipt
from pipeline.model.providers.profile import Caps, Profile
from pipeline.model.providers.request import Reference, RenderRequest
from pipeline.network.reply import Reply
from pipeline.providers.base import Seal
from pipeline.providers.batches import BatchProvider
from pipeline.providers.connection import Connection
from pipeline.providers.masks import MaskPart
from pipeline.providers.multipart import EditForm, read_verified
from pipeline.providers.names import COMPATIBLE
from pipeline.providers.openai_api.batch_client import OpenAIBatches
from pipeline.providers.openai_api.dialects import OPENAI_DIALECT, dialect_named
from pipeline.providers.openai_api.fields import request_fields
from pipeline.settings import ProviderSettings


class OpenAI:
    """An open connection to the API."""

    def __init__(self, profile: Profile, account: Account, settings: ProviderSettings) -> None:
        self._profile, self._account, self._settings = profile, account, settings
        self._dialect = OPENAI_DIALECT
        if profile.name == COMPATIBLE:
            self._dialect = dialect_named(settings.dialect)
        self._connection = Connection(settings, auth=self._dialect.auth)

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
        model = self._profile.image_model(request.model)
        if model is None:
            raise Rejected(f"{self._profile.name} has no model {request.model}")
        as_form = bool(request.references) and not self._dialect.images_in_json
        send = self._edit if as_form else self._generate
        try:
            reply = await send(request, key=key, seal=seal, caps=model.caps)
            return await self._read(reply, seal)
        except ReplyUnknown as doubt:
            doubt.images *= 1 if as_form else 1 + self._dialect.repeats
            raise

    async def _read(self, reply: Reply, seal: Seal) -> Receipt:
        if reply.trouble:
            raise ReplyUnknown(
                f"the answer broke off ({reply.trouble}) (HTTP {reply.status})",
                http=reply.status,
                request_id=reply.request_id,
            )
        kept = await asyncio.to_thread(seal.read)
        return kept.receipt(self._profile)

    def download(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._connection.downloads.open(url)

    @property
    def batches(self) -> BatchProvider | None:
        if self._profile.name == COMPATIBLE:
            return None
        return OpenAIBatches(self._connection.api, self._profile)

    async def balance(self) -> Amount | None:
        """See `Provider.balance`; the API reports none."""
        return None

    async def _generate(self, request: RenderRequest, *, key: str, seal: Seal, caps: Caps) -> Reply:
        dialect = self._dialect
        fields: dict[str, object] = {**request_fields(request, dialect), "n": 1}
        if request.references:
            images = await asyncio.to_thread(_in_base64, request.references)
            fields[dialect.images_in_json] = images
        return await self._connection.api.post(
            dialect.generate.format(model=quote(request.model, safe="")),
            body=json.dumps(fields, separators=(",", ":")).encode(),
            headers={"Content-Type": "application/json", **dialect.headers},
            into=seal,
            limit=caps.largest_reply,
            timeout=caps.reply_timeout,
        )

    async def _edit(self, request: RenderRequest, *, key: str, seal: Seal, caps: Caps) -> Reply:
        dialect = self._dialect
        fields = {**request_fields(request, dialect), "n": "1"}
        mask = None
        if request.mask is not None:
            mask = MaskPart(
                reference=request.mask,
                field=dialect.mask_field,
                white_is_painted=dialect.white_is_painted,
            )
        opened = partial(
            EditForm,
            fields,
            request.references,
            image_field=dialect.image_field,
            key=key,
            mask=mask,
        )
        form = await asyncio.to_thread(opened)
        with closing(form):
            return await self._connection.api.post(
                dialect.edit.format(model=quote(request.model, safe="")),
                body=form.body(),
                headers={**form.headers, **dialect.headers},
                into=seal,
                limit=caps.largest_reply,
                timeout=caps.reply_timeout,
            )


def _in_base64(references: Sequence[Reference]) -> list[str]:
    return [b64encode(read_verified(reference)).decode() for reference in references]
