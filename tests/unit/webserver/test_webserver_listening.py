"""Connections that ask for nothing take no place of one that does, and end nothing."""

import asyncio
import errno
import logging
import os
import time
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from pipeline.webserver import listening as module
from pipeline.webserver.listening import ConnectionLimits, bind, listening

LOG = logging.getLogger("test-webserver")


@asynccontextmanager
async def serving(*, most=4, idle=60.0, slow=0.0):
    async def hello(_request):
        await asyncio.sleep(slow)
        return web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", hello)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    sockets = bind("127.0.0.1", 0)
    limits = ConnectionLimits(most=most, idle=idle)
    try:
        async with listening(runner, sockets, limits, log=LOG):
            yield sockets[0].getsockname()[1], runner
    finally:
        await runner.cleanup()


async def ask(port):
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
        session.get(f"http://127.0.0.1:{port}/") as reply,
    ):
        return await reply.text()


async def idle_connections(port, count):
    return [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]


async def close(connections):
    for _, writer in connections:
        writer.close()
    closed = (writer.wait_closed() for _, writer in connections)
    await asyncio.gather(*closed, return_exceptions=True)


async def test_idle_connections_make_room_for_one_that_asks():
    async with serving(most=4) as (port, runner):
        connections = await idle_connections(port, 40)
        assert await ask(port) == "hello"
        assert len(runner.server.connections) <= 4
        await close(connections)


async def test_a_connection_that_asks_for_nothing_is_closed_after_a_while():
    async with serving(idle=0.2) as (port, _):
        [(reader, writer)] = await idle_connections(port, 1)
        writer.write(b"GET / HTTP/1.1\r\n")  # a head that is never whole
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        await close([(reader, writer)])


async def test_a_connection_whose_answer_is_being_made_is_never_closed():
    async with serving(most=2, slow=0.5) as (port, _):
        asking = [asyncio.create_task(ask(port)) for _ in range(2)]
        await asyncio.sleep(0.2)
        connections = await idle_connections(port, 10)
        assert await asyncio.gather(*asking) == ["hello"] * 2
        assert await ask(port) == "hello"
        await close(connections)


async def test_a_system_without_descriptors_is_survived_and_told_of_once(monkeypatch, caplog):
    """360 idle connections at `ulimit -n 256` wrote 93 MB of tracebacks in 20 seconds."""
    loop, refusals = asyncio.get_running_loop(), []
    original = loop.sock_accept

    async def accept(listener):
        if len(refusals) < 50:
            refusals.append(listener)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return await original(listener)

    monkeypatch.setattr(module, "_PAUSE", 0.001)
    monkeypatch.setattr(loop, "sock_accept", accept)
    async with serving() as (port, _):
        assert await ask(port) == "hello"
    assert len(refusals) == 50
    [told] = caplog.records
    assert told.getMessage().startswith(
        "no new connection is taken, besides the 0 that are open: Too many open files."
    )


async def test_a_client_that_left_before_it_was_accepted_is_nothing_to_tell(monkeypatch, caplog):
    loop, left = asyncio.get_running_loop(), []
    original = loop.sock_accept

    async def accept(listener):
        if not left:
            left.append(listener)
            raise ConnectionAbortedError(errno.ECONNABORTED, "gone")
        return await original(listener)

    monkeypatch.setattr(loop, "sock_accept", accept)
    async with serving() as (port, _):
        assert await ask(port) == "hello"
    assert caplog.records == []


async def test_every_address_of_a_host_listens_on_one_port():
    sockets = bind("localhost", 0)
    ports = {one.getsockname()[1] for one in sockets}
    assert len(ports) == 1
    for one in sockets:
        one.close()


async def test_a_flood_is_accepted_as_fast_as_it_comes():
    async with serving(most=16) as (port, _):
        began = time.monotonic()
        connections = await idle_connections(port, 300)
        assert await ask(port) == "hello"
        assert time.monotonic() - began < 5
        await close(connections)


def test_a_port_that_is_taken_is_an_error():
    [taken] = bind("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", taken.getsockname()[1])
    taken.close()
