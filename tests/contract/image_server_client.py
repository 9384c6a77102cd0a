"""A client of the image server that knows nothing but HTTP, and servers for it to talk to."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.painting.painter import Painter
from pipeline.imageserver.server import ImageServer

PROMPT = (
    "A photorealistic product photo of a citrus soda bottle on a wet studio table, "
    "soft reflections, premium lighting, minimal background."
)
DOCUMENTED: dict[str, object] = {
    "prompt": PROMPT,
    "model": "gpt-image-2",
    "size": "4:3",
    "quality": "high",
    "n": 1,
    "background": "opaque",
}


@dataclass(frozen=True)
class Client:
    server: ImageServer
    session: aiohttp.ClientSession

    async def post(
        self, body: object, *, path: str = "/v1/images/generate", **headers: str
    ) -> tuple[int, Any]:
        async with self.ask("POST", path, body, **headers) as response:
            return response.status, await response.json()

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        told = {"Authorization": f"Bearer {self.server.key}"}
        content: object = body
        if not isinstance(body, bytes | aiohttp.FormData | None):
            content = json.dumps(body).encode()
        if not isinstance(body, aiohttp.FormData | None):
            told["Content-Type"] = "application/json"
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.server.url + path
        async with self.session.request(method, url, data=content, headers=told) as response:
            yield response

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.ask("GET", path) as response:
            return response.status, await response.json()

    async def download(self, url: str) -> bytes:
        async with self.session.get(url) as response:
            assert response.status == 200
            return await response.read()

    async def image(self, reply: dict[str, Any]) -> Image.Image:
        return opened(await self.download(reply["data"]["images"][0]["url"]))


@asynccontextmanager
async def serving(
    state: Path, *, painter: Painter | None = None, **settings: Any
) -> AsyncIterator[Client]:
    chosen = ServerSettings(state=state, **({"engine": Engine.NONE, "workers": 1} | settings))
    async with ImageServer(chosen, painter=painter) as server, aiohttp.ClientSession() as session:
        yield Client(server, session)


def opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image


def png(size: tuple[int, int] = (64, 48), colour: str = "orange", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, "PNG")
    return out.getvalue()


async def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")
