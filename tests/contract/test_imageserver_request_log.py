"""What an operator reads about each request, and what must never be in it."""

import logging
from pathlib import Path

import aiohttp
import pytest
from image_server_client import DOCUMENTED, PROMPT, eventually, serving

from pipeline.imageserver.api.request_log import REQUESTS, RequestRecord


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger=REQUESTS)

    def answered() -> list[RequestRecord]:
        return [record.answered for record in caplog.records if hasattr(record, "answered")]

    return answered


async def test_a_sale_tells_who_paid_how_much_and_never_the_prompt(tmp_path: Path, lines):
    async with serving(tmp_path) as client:
        await client.post(DOCUMENTED)
        await eventually(lambda: bool(lines()))
        (line,) = lines()
        assert (line.method, line.path, line.status) == ("POST", "/v1/images/generate", 200)
        assert (line.caller, line.credits) == ("server", 12)
        assert line.request_id.startswith("req_")
        assert PROMPT not in str(line)
        assert client.server.key not in str(line)


async def test_a_refusal_tells_why(tmp_path: Path, lines):
    async with serving(tmp_path) as client:
        await client.post(DOCUMENTED | {"n": 11})
        await eventually(lambda: bool(lines()))
        assert (lines()[0].status, lines()[0].why) == (400, "n: must be from 1 to 10")
        assert lines()[0].credits == 0


async def test_a_replay_is_not_told_as_a_charge(tmp_path: Path, lines):
    async with serving(tmp_path, idempotency="replay") as client:
        for _ in range(2):
            await client.post(DOCUMENTED, Idempotency_Key="k")
        await eventually(lambda: len(lines()) == 2)
        assert [line.credits for line in lines()] == [12, 0]


async def test_a_download_is_told_without_its_signature(tmp_path: Path, lines):
    async with serving(tmp_path) as client:
        _, reply = await client.post(DOCUMENTED)
        url = reply["data"]["images"][0]["url"]
        await client.download(url)
        await eventually(lambda: len(lines()) == 2)
        assert lines()[1].path == "/renders/0000000010.png"
        assert aiohttp.client.URL(url).query["signature"] not in str(lines()[1])


async def test_what_asks_all_day_is_silent_while_it_is_well(tmp_path: Path, lines):
    async with serving(tmp_path) as client:
        await client.get("/healthz")
        await client.get("/v1/credits")
        await eventually(lambda: bool(lines()))
        assert [line.path for line in lines()] == ["/v1/credits"]


async def test_a_client_that_left_in_the_middle_of_a_drip_was_told_as_a_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with serving(tmp_path) as client:
        rule = {"rules": [{"fault": "drip", "seconds": 0.01}]}
        async with client.ask("PUT", "/_faults", rule) as response:
            assert response.status == 200
        async with client.ask("POST", "/v1/images/generate", DOCUMENTED) as response:
            await response.content.read(1)
            response.close()
        await eventually(lambda: client.server.charged() == 12)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
