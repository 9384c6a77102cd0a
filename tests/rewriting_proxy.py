"""A gateway between the pipeline and an image server, which changes the answers as a test says.

The server behind it counts what it charged; the gateway only changes what is told of it.
"""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from yarl import URL


@dataclass
class Answered:
    """One answer on its way back; a test changes it in place."""

    number: int
    """Counts the answers of this kind from 1."""
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def images(self) -> list[dict[str, str]]:
        return json.loads(self.body)["data"]["images"]

    @images.setter
    def images(self, images: list[dict[str, str]]) -> None:
        self.body = json.dumps(json.loads(self.body) | {"data": {"images": images}}).encode()


Change = Callable[[Answered], None]


def unchanged(_answered: Answered) -> None:
    """Leave an answer as it is."""


@dataclass
class Gateway:
    """What the pipeline is pointed at; its rules may be changed between runs."""

    server: str
    key: str
    url: str = ""
    answer: Change = unchanged
    """Changes the answers to POSTs."""
    image: Change = unchanged
    """Changes the images."""
    ordered: int = 1
    """Images that are ordered of the server where the pipeline asks for one."""
    posts: int = 0
    gets: list[str] = field(default_factory=list)
    """The targets of all image requests, as they stood on the wire."""

    def environment(self) -> dict[str, str]:
        return {"GPTIMAGE_BASE_URL": self.url, "GPTIMAGE_API_KEY": self.key}

    def charged(self, *, of: int) -> int:
        """What the server took of this many credits, by its own account."""
        asked = urllib.request.Request(  # noqa: S310 - a server of this test's own
            f"{self.server}/v1/credits", headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(asked) as reply:  # noqa: S310 - as above
            return of - json.load(reply)["data"]["remaining"]


@contextmanager
def gateway_to(server: str, key: str) -> Iterator[Gateway]:
    """Run a gateway in a thread, on a free port of 127.0.0.1."""
    gateway = Gateway(server=server, key=key)
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(gateway, ready, stop)))
    thread.start()
    assert ready.wait(30)
    try:
        yield gateway
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


async def _serve(gateway: Gateway, ready: threading.Event, stop: asyncio.Event) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def post(request: web.Request) -> web.Response:
            gateway.posts += 1
            number = gateway.posts
            asked = await request.json()
            if gateway.ordered != 1:
                asked["n"] = gateway.ordered
            async with session.post(
                f"{gateway.server}{request.path}",
                json=asked,
                headers={"Authorization": request.headers["Authorization"]},
            ) as reply:
                answered = Answered(number=number, status=reply.status, body=await reply.read())
            if answered.status == 200:
                answered.images = [
                    {"url": _through(gateway, one["url"])} for one in answered.images
                ]
            gateway.answer(answered)
            return web.Response(
                status=answered.status, body=answered.body, headers=answered.headers
            )

        async def image(request: web.Request) -> web.Response:
            gateway.gets.append(request.raw_path)
            target = request.raw_path.removeprefix("/cdn/")
            host, _, path = target.partition("/")
            async with session.get(URL(f"http://{host}/{path}", encoded=True)) as reply:
                answered = Answered(
                    number=len(gateway.gets), status=reply.status, body=await reply.read()
                )
            gateway.image(answered)
            return web.Response(
                status=answered.status, body=answered.body, headers=answered.headers
            )

        application = web.Application()
        application.router.add_post("/v1/images/generate", post)
        application.router.add_get("/cdn/{rest:.*}", image)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await stop.wait()
        await runner.cleanup()


def _through(gateway: Gateway, url: str) -> str:
    parts = urlsplit(url)
    return f"{gateway.url}/cdn/{parts.netloc}{url.partition(parts.netloc)[2]}"
