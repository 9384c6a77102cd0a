"""The requests that the playground offers to start from, and what each of them gets."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.imageserver.api.requests.image_request import ImageRequest, image_request_from
from pipeline.imageserver.painting.painter_pool import Paint

_QUALITY = "low"
EXAMPLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Packshot": {
            "prompt": "A photorealistic product photo of a citrus soda bottle on a wet studio "
            "table, soft reflections, premium lighting, minimal background. "
            'Label reads "Citrus Soda".',
            "size": "4:3",
        },
        "Poster": {
            "prompt": "A poster of a slim pink can of Berry Soda on a beach at golden hour, warm "
            'sunlight, centered framing, with the headline "BERRY RUSH" and the price tag '
            '"$1.99".',
            "size": "9:21",
        },
        "Billboard": {
            "prompt": "A billboard with an amber glass bottle of Citrus Soda on wet ice against a "
            'blue sky, bright daylight, wide shot with copy space, headline "SUMMER CRUSH", '
            'button "Try it now".',
            "size": "2:1",
        },
        "Menu board": {
            "prompt": "A cafe menu board on a dark wall in warm light, straight-on framing, "
            'headline "COLD DRINKS", lines "Citrus Soda $3", "Mint Tea $4" and "Berry Soda $3".',
            "size": "1:1",
        },
        "Cut-out": {
            "prompt": "A photorealistic packshot of a green glass bottle of Mint Tea, isolated as "
            'a studio cut-out, soft light, centered framing, label reads "Mint Tea".',
            "size": "1:2",
            "background": "transparent",
        },
    }
)
"""Requests by name, one for each kind of picture that campaigns are made of; the first is the
form's own."""


class ExamplePictures:
    """The pictures of the examples, each painted once, when it is first looked at."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._painted: dict[str, asyncio.Task[bytes]] = {}

    async def png(self, name: str) -> bytes:
        """Return an example's picture. Raises KeyError if there is none of this name."""
        request = _request(name)
        task = self._painted.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._painted[name] = asyncio.create_task(self._png(request))
        return await asyncio.shield(task)  # another visitor may wait for it too

    async def _png(self, request: ImageRequest) -> bytes:
        return (await self._paint(request.order(0), None)).png


def _request(name: str) -> ImageRequest:
    return image_request_from(dict(EXAMPLES[name]) | {"quality": _QUALITY}, variation="")
