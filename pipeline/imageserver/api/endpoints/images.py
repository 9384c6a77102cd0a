"""The documented endpoints: generate, and edits as we read them."""

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.requests.bodies import read_object
from pipeline.imageserver.api.requests.fields import variation_from
from pipeline.imageserver.api.requests.forms import read_form
from pipeline.imageserver.api.requests.image_request import edit_from, image_request_from
from pipeline.imageserver.api.services import ApiContext
from pipeline.imageserver.billing.purchases import Sold


class NativeEndpoints:
    """What the API document describes; edits are named there and not described."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Answer on the documented path, and on the one we take edits to have."""
        router.add_post("/v1/images/generate", self._generate)
        router.add_post("/v1/images/edits", self._edit)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._context.buyer(request, "generate")
        variation = variation_from(request)
        body = await read_object(request, limit=self._context.settings.limits.json_bytes)
        wanted = image_request_from(body, variation=variation)
        return await self._context.sell(
            request, wanted, buyer=buyer, answer=lambda sold: self._answer(request, sold)
        )

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        buyer = self._context.buyer(request, "edits")
        variation = variation_from(request)
        form = await read_form(request, limit=self._context.settings.limits.upload_bytes)
        wanted = edit_from(form, variation=variation)
        return await self._context.sell(
            request, wanted, buyer=buyer, answer=lambda sold: self._answer(request, sold)
        )

    async def _answer(self, request: web.Request, sold: Sold) -> web.Response:
        return answers.success({"images": images(self._context.urls(request, sold))})


def images(urls: list[str]) -> list[dict[str, str]]:
    """As the document shows them."""
    return [{"url": url} for url in urls]
