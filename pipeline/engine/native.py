"""The documented endpoints: generate, and edits as we read them."""

from aiohttp import web

from pipeline.engine import envelope
from pipeline.engine.accounts import Sold
from pipeline.engine.bodies import read_object
from pipeline.engine.desk import Desk
from pipeline.engine.editing import edit_from
from pipeline.engine.forms import read_form
from pipeline.engine.headers import variation_from
from pipeline.engine.wanted import wanted_from


class NativeEndpoints:
    """What the API document describes; edits are named there and not described."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Answer on the documented path, and on the one we take edits to have."""
        router.add_post("/v1/images/generate", self._generate)
        router.add_post("/v1/images/edits", self._edit)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._desk.buyer(request, "generate")
        variation = variation_from(request)
        body = await read_object(request, limit=self._desk.settings.limits.json_bytes)
        wanted = wanted_from(body, variation=variation)
        return await self._desk.sell(
            request, wanted, buyer=buyer, answer=lambda sold: self._answer(request, sold)
        )

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        buyer = self._desk.buyer(request, "edits")
        variation = variation_from(request)
        form = await read_form(request, limit=self._desk.settings.limits.upload_bytes)
        wanted = edit_from(form, variation=variation)
        return await self._desk.sell(
            request, wanted, buyer=buyer, answer=lambda sold: self._answer(request, sold)
        )

    async def _answer(self, request: web.Request, sold: Sold) -> web.Response:
        return envelope.success({"images": images(self._desk.urls(request, sold))})


def images(urls: list[str]) -> list[dict[str, str]]:
    """As the document shows them."""
    return [{"url": url} for url in urls]
