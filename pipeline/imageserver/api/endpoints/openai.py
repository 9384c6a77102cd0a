"""Endpoints compatible with OpenAI's Images API, served by the same painters."""

import asyncio
import base64

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.answers import OPENAI_GENERATIONS, OPENAI_PREFIX
from pipeline.imageserver.api.requests.bodies import read_object
from pipeline.imageserver.api.requests.fields import variation_from
from pipeline.imageserver.api.requests.forms import read_form
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.api.requests.openai_request import (
    OpenAiRequest,
    generation_from,
    openai_edit_from,
)
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.api.terms import MODEL
from pipeline.imageserver.billing.billing import Buyer
from pipeline.imageserver.billing.purchases import Sold, SoldPicture
from pipeline.imageserver.painting.conversion import transcode
from pipeline.imageserver.painting.image_files import ImageFiles
from pipeline.imageserver.painting.painter import PaintQuality

_BASE = f"{OPENAI_PREFIX}v1"
_TOKENS = {PaintQuality.LOW: 272, PaintQuality.MEDIUM: 1056, PaintQuality.HIGH: 4160}
"""Output tokens that a megapixel of each quality counts as."""
_SQUARE = 1024 * 1024
_CHARACTERS_PER_TOKEN = 4


class OpenAiEndpoints:
    """The OpenAI-compatible endpoints; `/openai/v1` is a base URL for OpenAI's own clients."""

    def __init__(self, services: ApiServices, image_files: ImageFiles) -> None:
        self._services = services
        self._image_files = image_files

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes below the base URL; generations also at `/v1/images/generations`."""
        router.add_post(OPENAI_GENERATIONS, self._generate)
        router.add_post(f"{_BASE}/images/generations", self._generate)
        router.add_post(f"{_BASE}/images/edits", self._edit)
        router.add_get(f"{_BASE}/models", self._models)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._services.buyer(request, "generations")
        variation = variation_from(request)
        body = await read_object(request, limit=self._services.settings.limits.json_bytes)
        return await self._sell(request, generation_from(body, variation=variation), buyer)

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        buyer = self._services.buyer(request, "edits")
        variation = variation_from(request)
        form = await read_form(request, limit=self._services.settings.limits.upload_bytes)
        return await self._sell(request, openai_edit_from(form, variation=variation), buyer)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "image-server"}
        return answers.as_json({"object": "list", "data": [model]})

    async def _sell(
        self, request: web.Request, openai_request: OpenAiRequest, buyer: Buyer
    ) -> web.StreamResponse:
        image_request = openai_request.image_request

        async def answer(sold: Sold) -> web.Response:
            if openai_request.as_url:
                images = [{"url": url} for url in self._services.urls(request, sold)]
            else:
                images = [
                    {"b64_json": await asyncio.to_thread(self._encoded, picture, openai_request)}
                    for picture in sold.pictures
                ]
            first = sold.pictures[0]
            return answers.as_json(
                {
                    "created": int(sold.at),
                    "background": image_request.background,
                    "data": images,
                    "output_format": openai_request.output_format,
                    "quality": image_request.quality,
                    "size": f"{first.width}x{first.height}",
                    "usage": _usage(image_request, sold),
                }
            )

        return await self._services.sell(request, image_request, buyer=buyer, answer=answer)

    def _encoded(self, picture: SoldPicture, openai_request: OpenAiRequest) -> str:
        """Return the picture in the requested format as base64; called from a thread."""
        content = transcode(
            self._image_files.path(picture.sha256).read_bytes(),
            kind=openai_request.output_format,
            quality=openai_request.compression,
        )
        return base64.b64encode(content).decode()


def _usage(image_request: ImageRequest, sold: Sold) -> dict[str, object]:
    """Return an estimate of the tokens that OpenAI would count."""
    area = sum(picture.width * picture.height for picture in sold.pictures)
    painted = round(_TOKENS[image_request.quality] * area / _SQUARE)
    words = -(-len(image_request.prompt) // _CHARACTERS_PER_TOKEN)
    return {
        "input_tokens": words,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": words},
        "output_tokens": painted,
        "total_tokens": words + painted,
    }
