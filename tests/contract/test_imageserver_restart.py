"""What a server that was stopped or killed still knows at its next start."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from captured import audit

import pipeline
from pipeline.errors import LocalFault, LockHeld
from pipeline.imageserver.options import Engine, Idempotency, ServerSettings
from pipeline.imageserver.server import ImageServer


def settings(state: Path, **more: object) -> ServerSettings:
    return ServerSettings(state=state, engine=Engine.NONE, **more)  # type: ignore[arg-type] # literals


async def generate(server: ImageServer, **headers: str) -> str:
    told = {"Authorization": f"Bearer {server.key}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    async with aiohttp.ClientSession() as session:
        url = f"{server.url}/v1/images/generate"
        async with session.post(url, json={"prompt": "a soda"}, headers=told) as response:
            reply = await response.json()
            assert reply["code"] == 0, reply
            return str(reply["data"]["images"][0]["url"])


async def status_of(url: str, headers: dict[str, str] | None = None) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        await response.read()
        return response.status


async def test_the_next_start_has_the_same_key_ports_and_images(tmp_path: Path):
    async with ImageServer(settings(tmp_path)) as first:
        url = await generate(first)
        before = (first.key, first.url, first.cdn_url)
    async with ImageServer(settings(tmp_path)) as second:
        assert (second.key, second.url, second.cdn_url) == before
        assert await status_of(url) == 200
        assert second.charged() == 6


async def test_where_a_remembered_port_is_taken_old_paths_stay_good_on_the_new_one(
    tmp_path: Path,
):
    async with ImageServer(settings(tmp_path)) as first:
        url = aiohttp.client.URL(await generate(first))
    with socket.create_server(("127.0.0.1", url.port or 0)):
        async with ImageServer(settings(tmp_path)) as second:
            moved = second.cdn_url + url.path_qs
            assert not second.cdn_url.endswith(f":{url.port}")
            assert await status_of(moved) == 200


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalFault, match=f"cannot listen on 127.0.0.1:{port}"):
            async with ImageServer(settings(tmp_path, port=port)):
                pass


async def test_two_servers_never_share_a_state(tmp_path: Path):
    async with ImageServer(settings(tmp_path)):
        with pytest.raises(LockHeld):
            async with ImageServer(settings(tmp_path)):
                pass


async def test_a_key_is_replayed_after_a_restart_even_on_another_port(tmp_path: Path):
    replaying = settings(tmp_path, idempotency=Idempotency.REPLAY)
    async with ImageServer(replaying) as first:
        url = aiohttp.client.URL(await generate(first, Idempotency_Key="k-1"))
    with socket.create_server(("127.0.0.1", url.port or 0)):
        async with ImageServer(replaying) as second:
            again = aiohttp.client.URL(await generate(second, Idempotency_Key="k-1"))
            assert again.path_qs == url.path_qs
            assert str(again.origin()) == second.cdn_url
            assert second.charged() == 6


async def test_expired_urls_are_gone_and_their_files_are_swept(tmp_path: Path):
    async with ImageServer(settings(tmp_path, url_lifetime=-1)) as server:
        assert await status_of(await generate(server)) == 410
    async with ImageServer(settings(tmp_path)):
        assert list((tmp_path / "images").rglob("*.png")) == []


async def test_a_picture_that_was_half_written_when_the_server_died_is_tidied_away(
    tmp_path: Path,
):
    unfinished = tmp_path / "images" / "ab" / "abcd.png.1234.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half")
    async with ImageServer(settings(tmp_path)):
        assert not unfinished.exists()


async def test_a_bearer_on_a_download_is_refused_and_counted(tmp_path: Path):
    async with ImageServer(settings(tmp_path)) as server:
        url = await generate(server)
        assert await status_of(url, {"Authorization": f"Bearer {server.key}"}) == 400
        assert server.bearers_refused == 1


async def test_kill_9_in_the_middle_of_the_work_leaves_books_that_add_up(tmp_path: Path):
    async with aiohttp.ClientSession() as session:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVER,
            str(tmp_path),
            env={"PYTHONPATH": str(Path(pipeline.__file__).parents[1])},
            stdout=asyncio.subprocess.PIPE,
        )
        assert server.stdout is not None
        ready = json.loads(await server.stdout.readline())
        headers = {"Authorization": f"Bearer {ready['key']}"}
        answered: list[str] = []
        enough = asyncio.Event()

        async def buy_until_killed() -> None:
            try:
                while True:
                    async with session.post(
                        f"{ready['url']}/v1/images/generate",
                        json={"prompt": "a soda", "quality": "low"},
                        headers=headers,
                    ) as response:
                        reply = await response.json()
                    answered.append(reply["data"]["images"][0]["url"])
                    if len(answered) == 200:
                        enough.set()
            except (aiohttp.ClientError, OSError):
                return

        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(buy_until_killed())
            await enough.wait()
            server.send_signal(signal.SIGKILL)
        await server.wait()
    async with ImageServer(settings(tmp_path, credits=10_000)) as second:
        standing = second.totals()
        sold = {picture.name for c in second.charges() for picture in c.pictures}
        assert standing.start == (standing.remaining or 0) + standing.charged
        assert standing.charged == 2 * len(audit(tmp_path / "books.db"))
        assert {aiohttp.client.URL(url).name for url in answered} <= sold
        moved = second.cdn_url + aiohttp.client.URL(answered[-1]).path_qs
        assert await status_of(moved) == 200


SERVER = """
import asyncio, json, sys
from pathlib import Path
from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.server import ImageServer

async def main():
    settings = ServerSettings(state=Path(sys.argv[1]), engine=Engine.NONE, credits=10_000)
    async with ImageServer(settings) as server:
        print(json.dumps({"url": server.url, "key": server.key}), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
