"""Each fault rule, seen from a client's side, and what the books say afterwards."""

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from image_server_client import DOCUMENTED, Client, opened, serving

from pipeline.imageserver.options import ErrorStyle


async def told(client: Client, *rules: dict[str, Any], seed: int = 0) -> None:
    body = {"rules": list(rules), "seed": seed}
    async with client.ask("PUT", "/_faults", body) as response:
        assert response.status == 200, await response.text()


async def raw(client: Client, body: dict[str, object] = DOCUMENTED) -> tuple[int, str, bytes]:
    """Status, content type and body as they came over the wire."""
    async with client.ask("POST", "/v1/images/generate", body) as response:
        return response.status, response.content_type, await response.read()


async def image_url(client: Client) -> str:
    _, reply = await client.post(DOCUMENTED)
    return str(reply["data"]["images"][0]["url"])


@pytest.mark.parametrize("status", [429, 500, 503, 504])
@pytest.mark.parametrize(("when", "charged"), [("before", 0), ("after", 12)])
async def test_a_status_comes_before_or_after_the_charge(
    tmp_path: Path, status: int, when: str, charged: int
):
    async with serving(tmp_path, error_style=ErrorStyle.APP) as client:
        rule = {"fault": "status", "status": status, "when": when, "message": "out of order"}
        await told(client, rule | {"retry_after": 7})
        async with client.ask("POST", "/v1/images/generate", DOCUMENTED) as response:
            assert (response.status, response.headers["Retry-After"]) == (status, "7")
            assert (await response.json())["message"] == "out of order"
        assert client.server.charged() == charged


async def test_a_redirect_carries_its_headers(tmp_path: Path):
    async with serving(tmp_path) as client:
        headers = {"Location": "http://127.0.0.1:9/"}
        await told(client, {"fault": "status", "status": 307, "headers": headers})
        url = f"{client.server.url}/v1/images/generate"
        key = {"Authorization": f"Bearer {client.server.key}"}
        async with client.session.post(
            url, json=DOCUMENTED, headers=key, allow_redirects=False
        ) as response:
            assert (response.status, response.headers["Location"]) == (307, headers["Location"])


async def test_a_gateway_answers_with_a_page(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "html"})
        status, kind, body = await raw(client)
        assert (status, kind) == (502, "text/html")
        assert b"502 Gateway" in body


async def test_a_failure_is_http_200_with_a_text_of_ones_own(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "failure", "message": "the moon is full", "when": "after"})
        status, reply = await client.post(DOCUMENTED)
        assert (status, reply["code"], reply["message"]) == (200, -1, "the moon is full")
        assert client.server.charged() == 12


async def test_a_delay_comes_late_and_is_right(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "delay", "seconds": 0.2})
        before = time.monotonic()
        _, reply = await client.post(DOCUMENTED)
        assert reply["code"] == 0
        assert time.monotonic() - before >= 0.2


@pytest.mark.parametrize(("when", "charged"), [("before", 0), ("after", 12)])
async def test_a_hang_never_answers_and_ends_with_the_server(
    tmp_path: Path, when: str, charged: int
):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "hang", "when": when})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await raw(client)
        assert client.server.charged() == charged


@pytest.mark.parametrize(("when", "charged"), [("before", 0), ("after", 12)])
async def test_a_drop_closes_the_connection(tmp_path: Path, when: str, charged: int):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "drop", "when": when})
        with pytest.raises(aiohttp.ClientConnectionError):
            await raw(client)
        assert client.server.charged() == charged


async def test_a_drop_in_the_body_leaves_half_of_it(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "drop-body"})
        with pytest.raises(aiohttp.ClientPayloadError):
            await raw(client)
        assert client.server.charged() == 12


async def test_a_drip_comes_byte_by_byte_and_whole(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "drip", "seconds": 0.0005})
        _, _, body = await raw(client)
        assert json.loads(body)["code"] == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("empty-body", b""),
        ("empty-data", b'{"code": 0, "message": "ok", "data": []}'),
        ("empty-images", b'{"code": 0, "message": "ok", "data": {"images": []}}'),
        ("fewer-images", b'{"code": 0, "message": "ok", "data": {"images": []}}'),
    ],
)
async def test_answers_without_images_are_charged(tmp_path: Path, fault: str, expected: bytes):
    async with serving(tmp_path) as client:
        await told(client, {"fault": fault})
        status, _, body = await raw(client)
        assert (status, body) == (200, expected)
        assert client.server.charged() == 12


async def test_fewer_images_come_than_were_paid_for(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "fewer-images"})
        _, reply = await client.post(DOCUMENTED | {"n": 3})
        assert len(reply["data"]["images"]) == 2
        assert client.server.charged() == 36


async def test_half_of_the_json_is_no_json(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "bad-json"})
        _, _, body = await raw(client)
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)


async def test_a_gzip_bomb_is_small_until_it_is_opened(tmp_path: Path):
    async with serving(tmp_path) as client, aiohttp.ClientSession(auto_decompress=False) as bare:
        await told(client, {"fault": "gzip-bomb", "megabytes": 4})
        async with Client(client.server, bare).ask(
            "POST", "/v1/images/generate", DOCUMENTED
        ) as response:
            packed = await response.read()
        assert len(packed) < 20_000
        assert len(gzip.decompress(packed)) == 4 * 1024 * 1024


async def test_a_wrong_size_is_another_ratio(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "wrong-size"})
        _, reply = await client.post(DOCUMENTED)
        image = await client.image(reply)
        assert image.width / image.height == pytest.approx(3 / 4, rel=0.005)


async def test_no_alpha_is_opaque_where_transparent_was_paid_for(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "no-alpha"})
        _, reply = await client.post(DOCUMENTED | {"background": "transparent"})
        assert (await client.image(reply)).mode == "RGB"


@pytest.mark.parametrize("status", [403, 404, 410, 500])
async def test_the_image_host_refuses_in_xml(tmp_path: Path, status: int):
    async with serving(tmp_path) as client:
        url = await image_url(client)
        await told(client, {"fault": "status", "status": status, "on": "cdn"})
        async with client.session.get(url) as response:
            assert (response.status, response.content_type) == (status, "application/xml")


async def test_the_image_host_answers_with_a_page(tmp_path: Path):
    async with serving(tmp_path) as client:
        url = await image_url(client)
        await told(client, {"fault": "html", "on": "cdn"})
        async with client.session.get(url) as response:
            assert (response.status, response.content_type) == (200, "text/html")


async def test_an_image_is_cut_off_with_its_length_announced(tmp_path: Path):
    async with serving(tmp_path) as client:
        url = await image_url(client)
        await told(client, {"fault": "drop-body", "on": "cdn"})
        with pytest.raises(aiohttp.ClientPayloadError):
            await client.download(url)


async def test_an_image_is_cut_off_without_a_word(tmp_path: Path):
    async with serving(tmp_path) as client:
        url = await image_url(client)
        await told(client, {"fault": "truncated", "on": "cdn"})
        with pytest.raises((OSError, SyntaxError)):
            opened(await client.download(url))


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_the_image_host_does_not_answer(tmp_path: Path, fault: str):
    async with serving(tmp_path) as client:
        url = await image_url(client)
        await told(client, {"fault": fault, "on": "cdn"})
        with pytest.raises((TimeoutError, aiohttp.ClientConnectionError)):
            async with asyncio.timeout(0.3):
                await client.download(url)


async def test_skip_every_and_times_say_which_requests_are_hit(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "status", "status": 500, "skip": 2, "every": 2, "times": 2})
        statuses = [(await raw(client))[0] for _ in range(9)]
        assert statuses == [200, 200, 500, 200, 500, 200, 200, 200, 200]


async def test_a_rule_with_a_chance_hits_the_same_requests_for_the_same_seed(tmp_path: Path):
    async with serving(tmp_path) as client:
        runs = []
        for _ in range(2):
            await told(client, {"fault": "status", "status": 500, "chance": 0.5}, seed=7)
            runs.append([(await raw(client))[0] for _ in range(12)])
        assert runs[0] == runs[1]
        assert set(runs[0]) == {200, 500}


async def test_a_rule_hits_only_what_it_matches(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "status", "status": 500, "match": {"quality": "low"}})
        assert (await raw(client))[0] == 200
        assert (await raw(client, DOCUMENTED | {"quality": "low"}))[0] == 500


async def test_a_rule_for_one_endpoint_leaves_the_others_alone(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "status", "status": 500, "on": "jobs"})
        assert (await raw(client))[0] == 200
        assert (await client.post(DOCUMENTED, path="/v1/images/jobs"))[0] == 500


async def test_rules_can_be_counted_and_cleared(tmp_path: Path):
    async with serving(tmp_path) as client:
        await told(client, {"fault": "delay", "times": 1})
        for _ in range(3):
            await raw(client)
        _, reply = await client.get("/_faults")
        assert reply["data"]["rules"] == [{"fault": "delay", "on": "api", "fitted": 3, "hits": 1}]
        async with client.ask("DELETE", "/_faults") as response:
            assert (await response.json())["data"]["rules"] == []


async def test_rules_from_a_file_hold_from_the_start(tmp_path: Path):
    file = tmp_path / "faults.json"
    file.write_text('[{"fault": "status", "status": 503, "times": 1}]')
    async with serving(tmp_path / "state", faults=file) as client:
        assert [(await raw(client))[0] for _ in range(2)] == [503, 200]


async def test_faults_take_the_key(tmp_path: Path):
    async with (
        serving(tmp_path) as client,
        client.ask("PUT", "/_faults", [], Authorization="Bearer wrong") as response,
    ):
        assert response.status == 401


async def test_a_replay_after_a_lost_answer_gives_what_was_paid_for(tmp_path: Path):
    async with serving(tmp_path, idempotency="replay") as client:
        await told(client, {"fault": "drop", "when": "after", "times": 1})
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.post(DOCUMENTED, Idempotency_Key="k")
        _, reply = await client.post(DOCUMENTED, Idempotency_Key="k")
        assert (await client.image(reply)).format == "PNG"
        assert client.server.charged() == 12
