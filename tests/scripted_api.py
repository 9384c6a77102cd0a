"""A server that does exactly what a test's script says: answers, drips, drops, resets or hangs."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from pipeline.model.providers.request import Quality, RenderRequest
from pipeline.settings import ProviderSettings

KEY = "sk-live-0123456789abcdef"

CITRUS = RenderRequest(
    prompt="a citrus soda", model="gpt-image-2", size="4:3", quality=Quality.HIGH
)

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Arrived:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    url: str
    requests: list[Arrived] = field(default_factory=list)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a request has been read."""

    def settings(self, **changes) -> ProviderSettings:
        patience = {"reply_timeout": 5.0, "connect_timeout": 2.0, "download_timeout": 5.0}
        return ProviderSettings(base_url=self.url, key=KEY, **{**patience, **changes})


@asynccontextmanager
async def scripted(
    *acts: bytes | Act, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Scripted]:
    """A server on a free port; one act a request, the last one for all that follow."""
    server = Scripted(url="")
    script = list(acts)
    alive: set[asyncio.Task] = set()

    async def serve(reader, writer):
        alive.add(asyncio.current_task())
        server.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    server.requests.append(await read_request(reader))
                    server.arrived.set()
                    act = script.pop(0) if len(script) > 1 else script[0]
                    if isinstance(act, bytes):
                        writer.write(act)
                        await writer.drain()
                    else:
                        await act(reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()

    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = running.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        running.close()
        for task in alive:
            task.cancel()
        if alive:
            await asyncio.wait(alive)


async def read_request(reader) -> Arrived:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head[1:])
        if name
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Arrived(method=method, path=path, headers=headers, body=body)


def http(status: int, body: bytes | object = b"", **headers: str) -> bytes:
    """A whole HTTP answer; what is not bytes is sent as JSON; `Retry_After` becomes Retry-After."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content_Length": str(len(content)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + content


def images(*urls: str) -> bytes:
    return http(
        200, {"code": 0, "message": "ok", "data": {"images": [{"url": url} for url in urls]}}
    )


async def drop(_, writer) -> None:
    """Read the request, say nothing, close."""
    writer.close()


async def reset(_, writer) -> None:
    """Read the request, then answer with a TCP reset."""
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    writer.transport.abort()


async def hang(_, writer) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def drip(start: bytes, every: float = 0.02) -> Act:
    """Send a start, and then one byte after another for ever."""

    async def act(_, writer) -> None:
        writer.write(start)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(every)

    return act


def cut(answer: bytes, keep: int) -> Act:
    """Send only the start of an answer, then close."""

    async def act(_, writer) -> None:
        writer.write(answer[:keep])
        await writer.drain()
        writer.close()

    return act
