import base64
from pathlib import Path

import pytest
from image_server_client import PROMPT, Client, opened, png, serving

from pipeline.imageserver.options import ErrorStyle

GENERATIONS = "/openai/v1/images/generations"
ASKED: dict[str, object] = {"prompt": PROMPT, "model": "gpt-image-2", "size": "1536x1024"}


async def generate(client: Client, body: dict[str, object]):
    return await client.post(body, path=GENERATIONS)


async def test_a_picture_comes_as_base64_at_exactly_the_pixels(tmp_path: Path):
    async with serving(tmp_path) as client:
        status, reply = await generate(client, ASKED)
        assert status == 200
        assert set(reply) >= {"created", "data", "usage"}
        image = opened(base64.b64decode(reply["data"][0]["b64_json"]))
        assert image.size == (1536, 1024)
        assert reply["size"] == "1536x1024"


async def test_pixels_that_no_tier_has_are_painted_and_fitted(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, reply = await generate(client, ASKED | {"size": "1040x1024", "quality": "low"})
        image = opened(base64.b64decode(reply["data"][0]["b64_json"]))
        assert image.size == (1040, 1024)


@pytest.mark.parametrize(("kind", "mode"), [("jpeg", "RGB"), ("webp", "RGB"), ("png", "RGB")])
async def test_the_format_is_the_one_that_was_asked_for(tmp_path: Path, kind: str, mode: str):
    async with serving(tmp_path) as client:
        _, reply = await generate(client, ASKED | {"output_format": kind})
        image = opened(base64.b64decode(reply["data"][0]["b64_json"]))
        assert (image.format, image.mode) == (kind.upper(), mode)


async def test_webp_keeps_its_alpha(tmp_path: Path):
    async with serving(tmp_path) as client:
        body = ASKED | {"output_format": "webp", "background": "transparent"}
        _, reply = await generate(client, body)
        assert opened(base64.b64decode(reply["data"][0]["b64_json"])).mode == "RGBA"


async def test_a_url_is_given_where_it_is_asked_for(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, reply = await client.post(
            ASKED | {"response_format": "url"}, path="/v1/images/generations"
        )
        assert opened(await client.download(reply["data"][0]["url"])).size == (1536, 1024)


async def test_the_same_books_count_it(tmp_path: Path):
    async with serving(tmp_path, credits=100) as client:
        await generate(client, ASKED | {"quality": "high", "n": 2})
        assert client.server.totals().remaining == 76


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("size", {"size": "4:3"}),
        ("size", {"size": "1000x1000"}),
        ("size", {"size": "512x512"}),
        ("size", {"size": "4096x4096"}),
        ("size", {"size": "3200x1024"}),
        ("model", {"model": "dall-e-3"}),
        ("n", {"n": 0}),
        ("stream", {"stream": True}),
        ("partial_images", {"partial_images": False}),
        ("user", {"user": {}}),
        ("output_compression", {"output_compression": 101}),
        ("output_format", {"output_format": "jpeg", "background": "transparent"}),
        ("output_format", {"output_format": "webp", "response_format": "url"}),
        ("style", {"style": "vivid"}),
    ],
)
async def test_a_wrong_field_is_named_as_openai_does_in_every_style(
    tmp_path: Path, field: str, change: dict[str, object]
):
    async with serving(tmp_path, error_style=ErrorStyle.APP) as client:
        status, reply = await generate(client, ASKED | change)
        assert (status, reply["error"]["param"]) == (400, field)
        assert reply["error"]["type"] == "invalid_request_error"
        assert client.server.charged() == 0


async def test_used_up_funds_are_a_429_with_a_code_of_their_own(tmp_path: Path):
    async with serving(tmp_path, credits=1) as client:
        status, reply = await generate(client, ASKED)
        assert (status, reply["error"]["code"]) == (429, "insufficient_quota")


async def test_the_policy_has_the_code_that_clients_know(tmp_path: Path):
    async with serving(tmp_path) as client:
        status, reply = await generate(client, ASKED | {"prompt": "a nude statue"})
        assert (status, reply["error"]["code"]) == (400, "moderation_blocked")


async def test_the_official_client_generates_and_edits(tmp_path: Path):
    openai = pytest.importorskip("openai")
    async with (
        serving(tmp_path) as client,
        openai.AsyncOpenAI(
            base_url=f"{client.server.url}/openai/v1", api_key=client.server.key, max_retries=0
        ) as official,
    ):
        made = await official.images.generate(
            model="gpt-image-2", prompt=PROMPT, size="1536x1024", quality="high"
        )
        edited = await official.images.edit(
            model="gpt-image-2",
            image=[("a.png", png(), "image/png"), ("b.png", png(), "image/png")],
            mask=("m.png", png(mode="RGBA"), "image/png"),
            prompt=PROMPT,
            size="1024x1024",
        )
        sizes = [opened(base64.b64decode(r.data[0].b64_json)).size for r in (made, edited)]
        assert sizes == [(1536, 1024), (1024, 1024)]
        assert [m.id async for m in official.models.list()] == ["gpt-image-2"]
        assert client.server.charged() == 18


async def test_the_official_client_raises_its_own_errors(tmp_path: Path):
    openai = pytest.importorskip("openai")
    async with (
        serving(tmp_path) as client,
        openai.AsyncOpenAI(
            base_url=f"{client.server.url}/openai/v1", api_key="wrong", max_retries=0
        ) as official,
    ):
        with pytest.raises(openai.AuthenticationError, match="invalid api key"):
            await official.images.generate(model="gpt-image-2", prompt=PROMPT)
