"""Bugs and faults of the disk under the page: it says so, and goes on, purchase and all."""

import asyncio
import errno
import json
import os

import aiohttp
import pytest
from review_case import SLUG, ReviewCase

API = f"/api/runs/{SLUG}"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


def browser_of(server):
    jar = aiohttp.CookieJar(unsafe=True)
    return aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", cookie_jar=jar)


async def post(session, path, body):
    headers = {"X-Review": "1", "Origin": str(session._base_url).rstrip("/")}
    async with session.post(path, json=body, headers=headers) as reply:
        return reply.status, await reply.json()


async def cells(session):
    async with session.get(f"{API}/cells") as reply:
        return json.loads(await reply.read())


async def launch_finals(session):
    index = await cells(session)
    number = index["cells"]["name"].index("citrus/4x3")
    seen = index["draft"][number][3][0][0]
    op = {"cell": "citrus/4x3", "stage": "draft", "decision": "approved", "base": 0, "take": 1}
    await post(session, f"{API}/decisions", {"ops": [{**op, "seen": seen}]})
    async with session.get(f"{API}/quote/final") as reply:
        shown = await reply.json()
    order = {"plan": shown["plan"], "credits": shown["credits"]}
    return await post(session, f"{API}/finals", order)


async def eventually(session, true):
    for _ in range(200):
        index = await cells(session)
        if true(index):
            return index
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("error", [FULL, KeyError("a bug")])
async def test_a_page_that_breaks_does_not_take_the_purchase_down(case, monkeypatch, error):
    """What broke the page's own upkeep cancelled the launch: 72 credits in doubt."""
    gate, finished = asyncio.Event(), []

    async def launch(stage, _cells, *, most):
        await gate.wait()
        finished.append((stage, most))
        return 0

    async with case.server(launch=launch, allow_spend=True) as server, browser_of(server) as one:
        status, _ = await launch_finals(one)
        assert status == 202

        def broken():
            raise error

        monkeypatch.setattr(server._file_sync, "edited", broken)
        index = await eventually(one, lambda index: index["complaint"])
        assert index["running"]
        gate.set()
        await eventually(one, lambda index: not index["running"])
    assert len(finished) == 1
    assert ("No space left" in index["complaint"]) == (error is FULL)


@pytest.mark.parametrize(("error", "code"), [(FULL, 74), (KeyError("a bug"), 1)])
async def test_a_launch_that_breaks_is_told_and_another_may_follow(case, error, code):
    tries = []

    async def launch(stage, _cells, *, most):
        tries.append((stage, most))
        raise error

    async with case.server(launch=launch, allow_spend=True) as server, browser_of(server) as one:
        async with one.get(f"{API}/events") as stream:
            status, _ = await launch_finals(one)
            assert status == 202
            async with asyncio.timeout(10):
                async for line in stream.content:
                    if b'"state":"done"' in line:
                        break
        told = json.loads(line.decode().removeprefix("data: "))
        assert told["exit"] == code
        assert told["message"]
        index = await eventually(one, lambda index: not index["running"])
        assert index["spend"]
    assert len(tries) == 1


@pytest.mark.parametrize(("error", "status"), [(FULL, 507), (KeyError("a bug"), 500)])
async def test_what_breaks_an_answer_is_told_in_words(case, monkeypatch, error, status):
    """A full disk answered 500 without a word that the page could show."""

    async def broken(*_arguments):
        raise error

    async with case.server() as server, browser_of(server) as one:
        monkeypatch.setattr(server._review_state, "refresh", broken)
        async with one.get(f"{API}/quote/draft") as reply:
            told = await reply.json()
        assert reply.status == status
        assert ("No space left" in told["message"]) == (status == 507)
        assert "Traceback" not in told["message"]
