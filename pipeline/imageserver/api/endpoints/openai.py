"""The same painters behind endpoints of OpenAI's shape, for clients that speak only that."""

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
from pipeline.imageserver.api.services import Answer, ApiContext
from pipeline.imageserver.api.terms import MODEL
from pipeline.imageserver.billing.purchases import Sold, SoldPicture
from pipeline.imageserver.painting.conversion import transcoded
from pipeline.imageserver.painting.image_files import ImageFiles
from pipeline.imageserver.painting.painter import PaintQuality

_BASE = f"{OPENAI_PREFIX}v1"
_TOKENS = {PaintQuality.LOW: 272, PaintQuality.MEDIUM: 1056, PaintQuality.HIGH: 4160}
"""What a square megapixel of each quality counts as."""
_SQUARE = 1024 * 1024
_CHARACTERS_PER_TOKEN = 4


class OpenAiEndpoints:
    """`/openai/v1` is a base URL for OpenAI's own clients."""

    def __init__(self, context: ApiContext, image_files: ImageFiles) -> None:
        self._context = context
        self._image_files = image_files

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Answer below the base URL; generations also where other services have them."""
        router.add_post(OPENAI_GENERATIONS, self._generate)
        router.add_post(f"{_BASE}/images/generations", self._generate)
        router.add_post(f"{_BASE}/images/edits", self._edit)
        router.add_get(f"{_BASE}/models", self._models)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._context.buyer(request, "generations")
        variation = variation_from(request)
        body = await read_object(request, limit=self._context.settings.limits.json_bytes)
        asked = generation_from(body, variation=variation)
        return await self._context.sell(
            request, asked.wanted, buyer=buyer, answer=self._answering(request, asked)
        )

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        buyer = self._context.buyer(request, "edits")
        variation = variation_from(request)
        form = await read_form(request, limit=self._context.settings.limits.upload_bytes)
        asked = openai_edit_from(form, variation=variation)
        return await self._context.sell(
            request, asked.wanted, buyer=buyer, answer=self._answering(request, asked)
        )

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._context.caller(request)
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "image-server"}
        return answers.as_json({"object": "list", "data": [model]})

    def _answering(self, request: web.Request, asked: OpenAiRequest) -> Answer:
        async def answer(sold: Sold) -> web.Response:
            if asked.as_url:
                images = [{"url": url} for url in self._context.urls(request, sold)]
            else:
                images = [
                    {"b64_json": await asyncio.to_thread(self._encoded, picture, asked)}
                    for picture in sold.pictures
                ]
            first = sold.pictures[0]
            return answers.as_json(
                {
                    "created": int(sold.at),
                    "background": asked.wanted.background,
                    "data": images,
                    "output_format": asked.output_format,
                    "quality": asked.wanted.quality,
                    "size": f"{first.width}x{first.height}",
                    "usage": _usage(asked.wanted, sold),
                }
            )

        return answer

    def _encoded(self, picture: SoldPicture, asked: OpenAiRequest) -> str:
        """Base64 of the picture in the format that was asked for; called from a thread."""
        content = transcoded(
            self._image_files.path(picture.sha256).read_bytes(),
            kind=asked.output_format,
            quality=asked.compression,
        )
        return base64.b64encode(content).decode()


def _usage(wanted: ImageRequest, sold: Sold) -> dict[str, object]:
    """Tokens as OpenAI counts them, near enough to price a trial by."""
    area = sum(picture.width * picture.height for picture in sold.pictures)
    painted = round(_TOKENS[wanted.quality] * area / _SQUARE)
    words = -(-len(wanted.prompt) // _CHARACTERS_PER_TOKEN)
    return {
        "input_tokens": words,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": words},
        "output_tokens": painted,
        "total_tokens": words + painted,
    }
