"""The API document, line by line, against the server; written from the document alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from image_server_client import DOCUMENTED, PROMPT, Client, eventually, opened, serving

from pipeline.imageserver.options import ErrorStyle, Limits


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(tmp_path / "state") as serving_client:
        yield serving_client


@pytest.fixture(params=list(ErrorStyle))
async def style_and_client(tmp_path: Path, request) -> AsyncIterator[tuple[ErrorStyle, Client]]:
    async with serving(tmp_path / "state", error_style=request.param, credits=1000) as it:
        yield request.param, it


async def test_a_successful_response_is_the_unified_payload(client: Client):
    status, reply = await client.post(DOCUMENTED)
    assert status == 200
    assert list(reply) == ["code", "message", "data"]
    assert (reply["code"], reply["message"]) == (0, "ok")
    (image,) = reply["data"]["images"]
    assert list(image) == ["url"]


async def test_the_image_url_has_the_documented_form_on_a_host_of_its_own(client: Client):
    _, reply = await client.post(DOCUMENTED)
    url = aiohttp.client.URL(reply["data"]["images"][0]["url"])
    assert str(url.origin()) == client.server.cdn_url != client.server.url
    assert url.path.startswith("/renders/")
    assert url.path.removeprefix("/renders/").removesuffix(".png").isdigit()
    assert len(url.name) == len("1234567890.png")


async def test_the_image_is_a_png_of_the_ratio(client: Client):
    _, reply = await client.post(DOCUMENTED)
    image = await client.image(reply)
    assert image.format == "PNG"
    assert image.width / image.height == pytest.approx(4 / 3, rel=0.005)


@pytest.mark.parametrize(("quality", "price"), [("low", 2), ("medium", 6), ("high", 12)])
async def test_billing_follows_quality_tiers(client: Client, quality: str, price: int):
    await client.post(DOCUMENTED | {"quality": quality})
    assert client.server.charged() == price


@pytest.mark.parametrize("size", ["1:1", "4:3", "16:9", "9:21", "1:2", "2:1"])
async def test_every_named_ratio_is_painted(client: Client, size: str):
    _, reply = await client.post(DOCUMENTED | {"size": size, "quality": "low"})
    image = await client.image(reply)
    across, down = map(int, size.split(":"))
    assert image.width / image.height == pytest.approx(across / down, rel=0.005)


async def test_n_is_the_number_of_images_and_each_is_charged(client: Client):
    _, reply = await client.post(DOCUMENTED | {"n": 3})
    urls = [image["url"] for image in reply["data"]["images"]]
    assert len(set(urls)) == 3
    assert client.server.charged() == 36


async def test_transparent_gives_alpha_and_opaque_gives_none(client: Client):
    modes = []
    for background in ("transparent", "opaque"):
        _, reply = await client.post(DOCUMENTED | {"background": background})
        png = await client.download(reply["data"]["images"][0]["url"])
        modes.append(opened(png).mode)
    assert modes == ["RGBA", "RGB"]


async def test_the_documents_python_example_leaves_background_out(client: Client):
    body = {key: value for key, value in DOCUMENTED.items() if key != "background"}
    status, reply = await client.post(body)
    assert (status, reply["code"]) == (200, 0)


async def test_a_prompt_alone_gets_an_image(client: Client):
    status, reply = await client.post({"prompt": PROMPT})
    assert (status, reply["code"]) == (200, 0)


async def test_a_client_that_leaves_before_the_answer_is_charged_all_the_same(client: Client):
    host, port = client.server.url.removeprefix("http://").split(":")
    body = json.dumps(DOCUMENTED)
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/images/generate HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {client.server.key}\r\n\r\n"
    )
    writer.write((head + body).encode())
    await writer.drain()
    writer.transport.abort()
    await eventually(lambda: client.server.charged() >= 12)
    assert client.server.charged() == 12


BAD_FIELDS: list[tuple[str, dict[str, object]]] = [
    ("prompt", {"size": "1:1"}),
    ("prompt", {"prompt": ""}),
    ("prompt", {"prompt": 7}),
    ("model", DOCUMENTED | {"model": "gpt-image-3"}),
    ("size", DOCUMENTED | {"size": "1024x1024"}),
    ("size", DOCUMENTED | {"size": "4:1"}),
    ("quality", DOCUMENTED | {"quality": "best"}),
    ("n", DOCUMENTED | {"n": 0}),
    ("n", DOCUMENTED | {"n": 11}),
    ("n", DOCUMENTED | {"n": "1"}),
    ("background", DOCUMENTED | {"background": "white"}),
    ("seed", DOCUMENTED | {"seed": 1}),
]


async def test_a_wrong_missing_or_extra_field_is_named_and_costs_nothing(
    style_and_client: tuple[ErrorStyle, Client],
):
    style, client = style_and_client
    for field, body in BAD_FIELDS:
        status, reply = await client.post(body)
        assert refused(style, status, reply) == 400
        assert reply["message"].startswith(f"{field}: ")
    assert client.server.charged() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"prompt": NaN}', b"\xff", b"[" * 50_000])
async def test_broken_json_is_refused(style_and_client: tuple[ErrorStyle, Client], body: bytes):
    style, client = style_and_client
    status, reply = await client.post(body)
    assert refused(style, status, reply) == 400
    assert client.server.charged() == 0


async def test_another_content_type_is_refused(style_and_client: tuple[ErrorStyle, Client]):
    style, client = style_and_client
    for kind in ("text/plain", "application/json; charset=latin-1", "nonsense"):
        status, reply = await client.post(DOCUMENTED, Content_Type=kind)
        assert refused(style, status, reply) == 415
        assert reply["message"].startswith("Content-Type: ")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "Basic c2stMTIz", "Bearer \u00e9", "sk-123"]
)
async def test_a_wrong_key_is_refused(style_and_client: tuple[ErrorStyle, Client], header: str):
    style, client = style_and_client
    status, reply = await client.post(DOCUMENTED, Authorization=header)
    assert refused(style, status, reply) == 401
    assert "api key" in reply["message"]
    assert client.server.charged() == 0


async def test_a_missing_key_is_refused(style_and_client: tuple[ErrorStyle, Client]):
    style, client = style_and_client
    url = f"{client.server.url}/v1/images/generate"
    async with client.session.post(url, json=DOCUMENTED) as response:
        assert refused(style, response.status, await response.json()) == 401


async def test_without_funds_nothing_is_painted(style_and_client: tuple[ErrorStyle, Client]):
    style, client = style_and_client
    for _ in range(8):
        await client.post(DOCUMENTED | {"n": 10})
    status, reply = await client.post(DOCUMENTED | {"n": 10})
    assert refused(style, status, reply) == 402
    assert reply["message"].startswith("insufficient credits")
    assert client.server.totals().remaining == 1000 - 8 * 120


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/images/generate", 405),
        ("DELETE", "/v1/images/generate", 405),
        ("POST", "/v1/images/generate/", 404),
        ("POST", "/v1/nothing", 404),
        ("GET", "/v1/%ff%fe", 404),
        ("GET", "/v1/..%2f..%2fetc/passwd", 404),
    ],
)
async def test_unknown_paths_and_methods_are_told_so(
    style_and_client: tuple[ErrorStyle, Client], method: str, path: str, expected: int
):
    style, client = style_and_client
    url = aiohttp.client.URL(client.server.url + path, encoded=True)
    headers = {"Authorization": f"Bearer {client.server.key}"}
    async with client.session.request(method, url, headers=headers) as response:
        assert refused(style, response.status, await response.json()) == expected


async def test_a_body_over_the_limit_is_refused(tmp_path: Path):
    limits = Limits(json_bytes=1000)
    async with serving(tmp_path / "state", limits=limits) as client:
        status, reply = await client.post(DOCUMENTED | {"prompt": "a" * 1000})
        assert (status, reply["code"]) == (413, 413)
        assert client.server.charged() == 0


async def test_a_body_over_the_limit_without_a_length_is_refused(tmp_path: Path):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    limits = Limits(json_bytes=1000)
    async with serving(tmp_path / "state", limits=limits) as client:
        headers = {
            "Authorization": f"Bearer {client.server.key}",
            "Content-Type": "application/json",
        }
        url = f"{client.server.url}/v1/images/generate"
        async with client.session.post(url, data=chunks(), headers=headers) as response:
            assert response.status == 413


async def test_a_body_that_is_not_what_its_encoding_says_is_refused(client: Client):
    status, reply = await client.post(b"not gzip at all", Content_Encoding="gzip")
    assert (status, reply["code"]) == (400, 400)


def refused(style: ErrorStyle, status: int, reply: dict[str, Any]) -> int:
    """The status that the refusal means, once it has the form of this style."""
    assert list(reply) == ["code", "message", "data"]
    assert reply["data"] is None
    if style is ErrorStyle.HTTP:
        assert status == reply["code"]
        return status
    assert (status, reply["code"]) == (200, -1)
    return _MEANING[reply["message"].partition(":")[0]]


_MEANING = {
    "Authorization": 401,
    "insufficient credits": 402,
    "there is no such path": 404,
    "this path does not take that method": 405,
    "Content-Type": 415,
    "the body is not valid JSON": 400,
    "the body must be a JSON object": 400,
    "the body is nested too deeply": 400,
} | {field: 400 for field, _ in BAD_FIELDS}
