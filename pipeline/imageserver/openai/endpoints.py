"""The endpoints of `--wire openai`: images, models, and the server's own account."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.bodies import parse_object, read_bytes, read_object
from pipeline.imageserver.api.requests.fields import variation_from
from pipeline.imageserver.api.requests.forms import read_form
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.billing import Buyer
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.openai.edit_images import EDIT_FILES, ReadFile
from pipeline.imageserver.openai.errors import OpenAiError
from pipeline.imageserver.openai.image_requests import (
    OpenAiImageRequest,
    edit_from_form,
    edit_from_json,
    generation_from,
)
from pipeline.imageserver.openai.limits import ImageRateLimit
from pipeline.imageserver.openai.models import EDITS, GENERATIONS, MODELS
from pipeline.imageserver.openai.replies import PicturePayload, reply_of, size_of
from pipeline.imageserver.painting.image_files import ImageFiles

_CREATED = 1_776_729_600
"""When the models were made, for their listing: 21 April 2026."""


_RETRIED, _SERVER_ERROR = frozenset({408, 409, 429}), 500


class OpenAiWireEndpoints:
    """OpenAI's paths, below a base URL that ends with `/v1`."""

    def __init__(
        self,
        services: ApiServices,
        image_files: ImageFiles,
        *,
        read_file: ReadFile,
        retries: Callable[[web.Request], int] = lambda _: 0,
    ) -> None:
        """`read_file` returns an uploaded picture that a request names.

        `retries` returns how often a gateway repeats a request that failed, and pays again.
        """
        self._services = services
        self._retries = retries
        self._read_file = read_file
        self._image_files = image_files
        self._rate_limit = ImageRateLimit(services.settings.limits.images_per_minute)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post(GENERATIONS, self.generate)
        router.add_post(EDITS, self.edit)
        router.add_get("/v1/models", self._models)
        router.add_get("/v1/models/{model}", self._model)

    async def generate(self, request: web.Request, *, model: str = "") -> web.StreamResponse:
        """Answer a request for pictures; `model` replaces the one in the body."""
        buyer = self._services.buyer(request, "generations")
        body = await read_object(request, limit=self._services.settings.limits.json_bytes)
        body |= {"model": model} if model else {}
        openai_request = generation_from(body, variation=variation_from(request))
        return await self._sell(request, openai_request, buyer)

    async def edit(self, request: web.Request, *, model: str = "") -> web.StreamResponse:
        """Answer a request for an edit; `model` replaces the one in the body."""
        buyer = self._services.buyer(request, "edits")
        variation, limit = variation_from(request), self._services.settings.limits.upload_bytes
        if request.content_type == "application/json":
            content = await read_bytes(request, limit=limit)
            openai_request = await asyncio.to_thread(
                self._edit_from_bytes, content, model=model, variation=variation
            )
        else:
            form = await read_form(request, limit=limit, files=EDIT_FILES)
            form.text.update({"model": model} if model else {})
            openai_request = edit_from_form(form, variation=variation)
        return await self._sell(request, openai_request, buyer)

    def _edit_from_bytes(self, content: bytes, *, model: str, variation: str) -> OpenAiImageRequest:
        """Return the edit in a JSON body; called from a thread, for it may hold large images."""
        body = parse_object(content) | ({"model": model} if model else {})
        return edit_from_json(body, read_file=self._read_file, variation=variation)

    async def _sell(
        self, request: web.Request, openai_request: OpenAiImageRequest, buyer: Buyer
    ) -> web.StreamResponse:
        async def answer(sold: Sold) -> web.Response:
            parts = await asyncio.to_thread(reply_of, openai_request, sold, self._image_files)
            size = await asyncio.to_thread(size_of, parts)
            return web.Response(body=PicturePayload(parts, size=size))

        model, weight = openai_request.image_request.model, openai_request.weight
        retries = self._retries(request)
        for attempt in range(retries + 1):
            try:
                response = await self._services.sell(
                    request,
                    openai_request.image_request,
                    buyer=buyer,
                    answer=answer,
                    admit=lambda: self._rate_limit.take(model, weight),
                )
            except RefusedError as error:
                if attempt == retries or not _is_retried(error.status):
                    raise
            else:
                if attempt == retries or response.prepared or not _is_retried(response.status):
                    return response
        raise AssertionError(retries)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        return answers.as_json({"object": "list", "data": [_model(name) for name in MODELS]})

    async def _model(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        name = request.match_info["model"]
        if name not in MODELS:
            raise OpenAiError(
                404, f"The model '{name}' does not exist", code="model_not_found", param="model"
            )
        return answers.as_json(_model(name))


def _is_retried(status: int) -> bool:
    """Return whether a gateway repeats a request that got this status."""
    return status in _RETRIED or status >= _SERVER_ERROR


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "system"}
