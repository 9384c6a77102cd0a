"""The endpoints of the API document: generate and edits."""

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.requests.bodies import read_object
from pipeline.imageserver.api.requests.fields import variation_from
from pipeline.imageserver.api.requests.forms import read_form
from pipeline.imageserver.api.requests.image_request import edit_from, image_request_from
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.purchases import Sold


class ImageEndpoints:
    """Generate, which the API document describes, and edits, which it only names."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the documented path, and the usual path for edits."""
        router.add_post("/v1/images/generate", self._generate)
        router.add_post("/v1/images/edits", self._edit)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._services.buyer(request, "generate")
        variation = variation_from(request)
        body = await read_object(request, limit=self._services.settings.limits.json_bytes)
        image_request = image_request_from(body, variation=variation)
        return await self._services.sell(
            request, image_request, buyer=buyer, answer=lambda sold: self._answer(request, sold)
        )

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        buyer = self._services.buyer(request, "edits")
        variation = variation_from(request)
        form = await read_form(request, limit=self._services.settings.limits.upload_bytes)
        image_request = edit_from(form, variation=variation)
        return await self._services.sell(
            request, image_request, buyer=buyer, answer=lambda sold: self._answer(request, sold)
        )

    async def _answer(self, request: web.Request, sold: Sold) -> web.Response:
        return answers.success({"images": self._services.images(request, sold)})
