"""The server's own cost: requests a CPU second without painting, `/healthz` while painting."""

import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.server import ImageServer

CLIENTS = 64
BODY = {
    "prompt": 'A citrus soda bottle on a wet studio table, headline "SUMMER CRUSH"',
    "model": "gpt-image-2",
    "size": "4:3",
    "quality": "high",
    "n": 1,
}


async def ask(host, port, *, request, times):
    """Raw HTTP, so that the client costs little; every answer must be a 200."""
    reader, writer = await asyncio.open_connection(host, port)
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


async def crowd(url, key, times):
    """Run in a process of its own: only the server's CPU is counted."""
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps(BODY)
    head = (
        f"POST /v1/images/generate HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(
                ask(host, int(port), request=(head + body).encode(), times=times // CLIENTS)
            )


async def throughput(folder, times):
    async with ImageServer(ServerSettings(state=folder, engine=Engine.NONE)) as server:
        words = (sys.executable, __file__, "crowd", server.url, server.key, str(times))
        clients = await asyncio.create_subprocess_exec(*words)
        wall, cpu = time.perf_counter(), time.process_time()
        assert await clients.wait() == 0
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    asked = times // CLIENTS * CLIENTS
    return {
        "requests_per_cpu_second": round(asked / cpu),
        "requests_per_second": round(asked / wall),
    }


async def health(folder, seconds):
    """Every painter busy all the time; how long a stranger waits for `/healthz`."""
    waits = []
    async with (
        ImageServer(ServerSettings(state=folder)) as server,
        aiohttp.ClientSession() as session,
        asyncio.timeout(seconds * 10),
    ):
        key = {"Authorization": f"Bearer {server.key}"}
        end = time.perf_counter() + seconds

        async def keep_painting():
            while time.perf_counter() < end:
                url = f"{server.url}/v1/images/generate"
                async with session.post(url, json=BODY, headers=key) as response:
                    assert response.status == 200

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(keep_painting())
            while time.perf_counter() < end:
                before = time.perf_counter()
                async with session.get(f"{server.url}/healthz") as response:
                    await response.read()
                waits.append(time.perf_counter() - before)
                await asyncio.sleep(0.005)
        painted = len(server.charges())
    waits.sort()
    return {
        "healthz_p50_ms": round(1000 * waits[len(waits) // 2], 2),
        "healthz_p99_ms": round(1000 * waits[len(waits) * 99 // 100], 2),
        "high_pictures_per_second": round(painted / seconds, 2),
    }


def measure(times=8000, seconds=10):
    with TemporaryDirectory() as folder:
        plain = asyncio.run(throughput(Path(folder) / "none", times))
        return plain | asyncio.run(health(Path(folder) / "proof", seconds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["crowd"]:
        asyncio.run(crowd(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        print(json.dumps(measure(), indent=2))
