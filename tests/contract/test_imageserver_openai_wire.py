"""`--wire openai` as OpenAI's own client and a plain HTTP client see it, and what it charged."""

import base64
import json
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from image_server_client import PROMPT, Client, opened, png, serving

from pipeline.errors import UsageError
from pipeline.imageserver.openai.errors import NamedError
from pipeline.imageserver.openai.models import MODELS
from pipeline.imageserver.options import Engine, Limits, ServerSettings, WireFormat
from pipeline.imageserver.playground.pages import Playground
from pipeline.imageserver.server import ImageServer

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
ASKED: dict[str, object] = {
    "model": "gpt-image-2",
    "prompt": PROMPT,
    "size": "1024x1024",
    "quality": "low",
}
WORDS = -(-len(PROMPT) // 4)
LOW = 196 * 30_000 + WORDS * 5_000
"""Nano-dollars of one low square of gpt-image-2 with this prompt."""


def openai_server(state: Path, **settings: Any):
    return serving(state, wire=WireFormat.OPENAI, **settings)


def official(client: Client, **options: Any) -> openai.AsyncOpenAI:
    settings = {"api_key": client.server.key, "max_retries": 0} | options
    return openai.AsyncOpenAI(base_url=f"{client.server.url}/v1", **settings)


async def told(client: Client, **rule: Any) -> None:
    async with client.ask("PUT", "/_faults", {"rules": [rule]}) as response:
        assert response.status == 200, await response.text()


async def generate(client: Client, **changes: object) -> tuple[int, Any]:
    return await client.post(ASKED | changes, path=GENERATIONS)


def picture_of(reply: Any) -> Any:
    return opened(base64.b64decode(reply["data"][0]["b64_json"]))


COUNTED = [
    ("gpt-image-2", "low", "1024x1024", 196),
    ("gpt-image-2", "medium", "1024x1024", 1756),
    ("gpt-image-2-2026-04-21", "high", "1024x1024", 7024),
    ("gpt-image-1.5", "medium", "1024x1536", 1584),
    ("gpt-image-1-mini", "high", "1536x1024", 6208),
]
"""Model, quality, size, and the published tokens of one picture."""


async def test_tokens_are_counted_and_charged_by_model(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        before = 0
        for model, quality, size, tokens in COUNTED:
            status, reply = await generate(client, model=model, quality=quality, size=size)
            assert status == 200
            assert reply["usage"]["output_tokens_details"]["image_tokens"] == tokens
            assert (reply["size"], reply["quality"], reply["output_format"]) == (
                size,
                quality,
                "png",
            )
            assert picture_of(reply).size == tuple(map(int, size.split("x")))
            rate = {"gpt-image-1.5": 32_000, "gpt-image-1-mini": 8_000}.get(model, 30_000)
            charged = client.server.charged() - before
            assert tokens * rate < charged < tokens * rate + 1_000_000
            before += charged


async def test_usage_times_the_rates_is_what_was_charged(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        _, reply = await generate(client)
        assert reply["usage"]["input_tokens"] == WORDS
        assert client.server.charged() == LOW


async def test_a_larger_picture_may_be_cheaper(tmp_path: Path):
    """A published oddity of gpt-image-2: 1536x1024 at high costs less than the square."""
    async with openai_server(tmp_path) as client:
        tokens = [
            (await generate(client, size=size, quality="high"))[1]["usage"]["output_tokens"]
            for size in ("1024x1024", "1536x1024")
        ]
        assert tokens[1] < tokens[0]


async def test_there_is_no_idempotency(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        for _ in range(2):
            await client.post(ASKED, path=GENERATIONS, Idempotency_Key="k")
        assert client.server.charged() == 2 * LOW


async def test_every_answer_names_its_request_and_its_time(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        async with client.ask("POST", GENERATIONS, ASKED) as response:
            request_id = response.headers["x-request-id"]
            assert int(response.headers["openai-processing-ms"]) >= 0
            assert int(response.headers["content-length"]) == len(await response.read())
            assert not [name for name in response.headers if name.lower().startswith("x-credits")]
        _, reply = await client.get(f"/v1/account/charges?request_id={request_id}")
        (charge,) = reply["charges"]
        assert (charge["charged"], charge["model"], charge["quality"]) == (
            LOW,
            "gpt-image-2",
            "low",
        )


async def test_the_account_adds_up_in_nano_dollars(tmp_path: Path):
    async with openai_server(tmp_path, credits=10**9) as client:
        await generate(client)
        _, account = await client.get("/v1/account")
        assert account == {
            "unit": "nano-USD",
            "start": 10**9,
            "remaining": 10**9 - LOW,
            "reserved": 0,
            "spent": LOW,
            "by_key": {"server": LOW},
        }


async def test_an_empty_account_is_openais_429(tmp_path: Path):
    async with (
        openai_server(tmp_path, credits=1) as client,
        client.ask("POST", GENERATIONS, ASKED) as response,
    ):
        assert (response.status, response.headers["x-should-retry"]) == (429, "false")
        assert (await response.json())["error"]["code"] == "insufficient_quota"


async def test_a_state_folder_of_credits_takes_no_dollars(tmp_path: Path):
    async with serving(tmp_path):
        pass
    with pytest.raises(UsageError, match="counts in credits"):
        async with openai_server(tmp_path):
            pass


async def test_images_a_minute_are_limited_in_openais_words(tmp_path: Path):
    async with openai_server(tmp_path, limits=Limits(images_per_minute=5)) as client:
        assert (await generate(client, n=5))[0] == 200
        async with client.ask("POST", GENERATIONS, ASKED) as response:
            error = (await response.json())["error"]
            assert (response.status, error["code"]) == (429, "rate_limit_exceeded")
            assert "Limit 5, Used 5, Requested 1. Please try again in 1" in error["message"]
            assert 10_000 < int(response.headers["retry-after-ms"]) <= 12_000
            assert response.headers["x-should-retry"] == "true"
        assert (await generate(client, model="gpt-image-1.5"))[0] == 200


async def test_references_count_as_images_a_minute(tmp_path: Path):
    async with openai_server(tmp_path, limits=Limits(images_per_minute=3)) as client:
        assert (await edit(client, images=3))[0] == 200
        assert (await generate(client))[0] == 429


@pytest.mark.parametrize("background", ["transparent", "opaque"])
@pytest.mark.parametrize("output_format", ["png", "webp"])
async def test_format_and_background_are_those_that_were_asked_for(
    tmp_path: Path, background: str, output_format: str
):
    async with openai_server(tmp_path) as client:
        _, reply = await generate(client, background=background, output_format=output_format)
        image = picture_of(reply)
        assert (image.format, reply["background"]) == (output_format.upper(), background)
        assert image.mode == ("RGBA" if background == "transparent" else "RGB")


async def edit(client: Client, *, images: int = 1, **fields: str) -> tuple[int, Any]:
    form = aiohttp.FormData()
    for _ in range(images):
        form.add_field("image[]", png(), filename="a.png", content_type="image/png")
    for name, text in (
        {"model": "gpt-image-2", "prompt": PROMPT, "quality": "low"} | fields
    ).items():
        form.add_field(name, text)
    return await client.post(form, path=EDITS)


def data_url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


async def test_an_edit_by_form_and_by_json_cost_the_same(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        _, by_form = await edit(client, images=2)
        body = {
            "model": "gpt-image-2",
            "prompt": PROMPT,
            "quality": "low",
            "images": [{"image_url": data_url(png())}] * 2,
        }
        _, by_json = await client.post(body, path=EDITS)
        assert by_form["usage"] == by_json["usage"]
        assert by_form["usage"]["input_tokens_details"]["image_tokens"] == 2 * 2 * 2
        first, second = client.server.charges()
        assert first.credits == second.credits == LOW + 8 * 8_000


async def test_a_file_of_another_kind_is_named_by_its_mimetype(tmp_path: Path):
    form = aiohttp.FormData({"prompt": PROMPT})
    form.add_field("image[]", b"x", filename="a.bin", content_type="application/octet-stream")
    async with openai_server(tmp_path) as client:
        status, reply = await client.post(form, path=EDITS)
        assert (status, reply["error"]["code"]) == (400, "unsupported_file_mimetype")


async def test_markup_is_for_the_models_that_take_it_and_goes_without_a_mask(tmp_path: Path):
    def form(model: str, *names: str) -> aiohttp.FormData:
        fields = aiohttp.FormData({"prompt": PROMPT, "model": model, "quality": "low"})
        for name in ("image", *names):
            content = png(mode="RGBA")
            fields.add_field(name, content, filename="a.png", content_type="image/png")
        return fields

    async with openai_server(tmp_path) as client:
        answers = [
            (await client.post(form(model, *names), path=EDITS))[0]
            for model, *names in (
                ("gpt-image-2.5-flare", "markup"),
                ("gpt-image-2", "markup"),
                ("gpt-image-2.5-flare", "markup", "mask"),
            )
        ]
        assert answers == [200, 400, 400]


async def test_a_body_above_the_limit_is_a_413(tmp_path: Path):
    limits = Limits(json_bytes=100, upload_bytes=100)
    async with openai_server(tmp_path, limits=limits) as client:
        for path in (GENERATIONS, EDITS):
            status, reply = await client.post(ASKED | {"user": "a" * 100}, path=path)
            assert (status, reply["error"]["code"]) == (413, "request_too_large")


async def test_the_official_client_generates_edits_and_lists(tmp_path: Path):
    async with openai_server(tmp_path) as client, official(client) as sdk:
        made = await sdk.images.generate(model="gpt-image-2", prompt=PROMPT, size="1536x1024")
        edited = await sdk.images.edit(
            model="gpt-image-2",
            image=[("a.png", png(), "image/png"), ("b.png", png(), "image/png")],
            mask=("m.png", png(mode="RGBA"), "image/png"),
            prompt=PROMPT,
            size="1024x1024",
            quality="low",
        )
        sizes = [opened(base64.b64decode(r.data[0].b64_json)).size for r in (made, edited)]
        assert sizes == [(1536, 1024), (1024, 1024)]
        assert made.usage is not None
        assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
        assert "gpt-image-2.5-sunburst" in [model.id async for model in sdk.models.list()]
        assert (await sdk.models.retrieve("gpt-image-2")).id == "gpt-image-2"


ERRORS: list[tuple[str, type[openai.APIStatusError], str | None]] = [
    ("moderation-input", openai.BadRequestError, "moderation_blocked"),
    ("moderation-output", openai.BadRequestError, "moderation_blocked"),
    ("moderation-unknown", openai.BadRequestError, "moderation_blocked"),
    ("moderation-absent", openai.BadRequestError, "moderation_blocked"),
    ("invalid-size", openai.BadRequestError, "invalid_value"),
    ("invalid-image-file", openai.BadRequestError, "invalid_image_file"),
    ("unsupported-file-mimetype", openai.BadRequestError, "unsupported_file_mimetype"),
    ("too-large", openai.APIStatusError, "request_too_large"),
    ("model-does-not-exist", openai.BadRequestError, "invalid_value"),
    ("model-not-found", openai.NotFoundError, "model_not_found"),
    ("billing-hard-limit", openai.BadRequestError, "billing_hard_limit_reached"),
    ("organization-not-verified", openai.PermissionDeniedError, None),
    ("invalid-api-key", openai.AuthenticationError, "invalid_api_key"),
    ("country", openai.PermissionDeniedError, "unsupported_country_region_territory"),
    ("rate-limit", openai.RateLimitError, "rate_limit_exceeded"),
    ("slow-down", openai.RateLimitError, "slow_down"),
    ("insufficient-quota", openai.RateLimitError, "insufficient_quota"),
    ("credit-balance-exhausted", openai.RateLimitError, "credit_balance_exhausted"),
    (
        "organization-spend-limit",
        openai.RateLimitError,
        "organization_spend_limit_exceeded",
    ),
    ("project-spend-limit", openai.RateLimitError, "project_spend_limit_exceeded"),
    (
        "organization-usage-limit",
        openai.RateLimitError,
        "organization_usage_limit_exceeded",
    ),
    ("server-error", openai.InternalServerError, "server_error"),
    ("request-error-500", openai.InternalServerError, None),
    ("overloaded", openai.InternalServerError, "server_is_overloaded"),
]


async def test_every_named_error_is_a_typed_one_of_the_official_client(tmp_path: Path):
    async with openai_server(tmp_path) as client, official(client) as sdk:
        for named, error, code in ERRORS:
            await told(client, fault="openai-error", error=named)
            with pytest.raises(error) as caught:
                await sdk.images.generate(model="gpt-image-2", prompt=PROMPT)
            assert (caught.value.code, bool(caught.value.request_id)) == (code, True)
        assert {named for named, _, _ in ERRORS} == set(NamedError)
        assert client.server.charged() == 0


async def test_moderation_tells_its_stage_and_categories(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        status, reply = await generate(client, prompt="a nude statue")
        details = {"moderation_stage": "input", "categories": ["sexual"]}
        assert (status, reply["error"]["moderation_details"]) == (400, details)
        await told(client, fault="openai-error", error="moderation-output", when="after")
        _, reply = await generate(client)
        assert reply["error"]["moderation_details"]["moderation_stage"] == "output"
        assert client.server.charged() == LOW


async def test_an_error_may_stand_inside_200_or_have_another_status(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        for status in (200, 400):
            await told(client, fault="openai-error", error="rate-limit", status=status)
            got, reply = await generate(client)
            assert (got, reply["error"]["code"]) == (status, "rate_limit_exceeded")


async def test_a_named_error_may_say_when_to_retry(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        await told(client, fault="openai-error", error="overloaded", retry_after=1.5)
        async with client.ask("POST", GENERATIONS, ASKED) as response:
            headers = response.headers
            assert (headers["Retry-After"], headers["retry-after-ms"]) == ("2", "1500")


async def body_of(client: Client) -> bytes:
    async with client.ask("POST", GENERATIONS, ASKED) as response:
        assert response.status == 200
        return await response.read()


async def test_usage_may_be_missing(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        await told(client, fault="no-usage")
        assert json.loads(await body_of(client))["usage"] is None
        assert client.server.charged() == LOW


async def test_two_pictures_may_come_for_one_that_was_paid(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        await told(client, fault="extra-image")
        assert len(json.loads(await body_of(client))["data"]) == 2
        assert client.server.charged() == LOW


async def test_base64_may_be_cut_or_escaped(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        whole = await body_of(client)
        await told(client, fault="cut-base64")
        cut = json.loads(await body_of(client))["data"][0]["b64_json"]
        assert len(cut) < len(json.loads(whole)["data"][0]["b64_json"])
        assert len(cut) % 4 == 3
        await told(client, fault="escaped-base64")
        escaped = await body_of(client)
        assert b"\\/" in escaped
        assert json.loads(escaped)["data"] == json.loads(whole)["data"]


async def test_no_pictures_may_come_for_what_was_paid(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        await told(client, fault="empty-data")
        assert json.loads(await body_of(client))["data"] == []
        assert client.server.charged() == LOW


async def test_headers_may_come_slowly_and_the_reply_is_whole(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        await told(client, fault="slow-headers", seconds=0.0001)
        assert json.loads(await body_of(client))["data"]


async def test_a_gateway_times_out_after_the_charge(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        await told(client, fault="html", status=524, when="after")
        async with client.ask("POST", GENERATIONS, ASKED) as response:
            assert (response.status, response.content_type) == (524, "text/html")
        assert client.server.charged() == LOW


async def test_a_reply_may_be_lost_or_cut_after_the_charge(tmp_path: Path):
    async with openai_server(tmp_path) as client, official(client) as sdk:
        await told(client, fault="drop", when="after")
        with pytest.raises(openai.APIConnectionError):
            await sdk.images.generate(model="gpt-image-2", prompt=PROMPT, quality="low")
        await told(client, fault="drop-body")
        with pytest.raises(aiohttp.ClientError):
            await body_of(client)
        assert client.server.charged() == LOW + 196 * 30_000 + WORDS * 5_000


async def test_a_wrong_key_and_a_missing_one_are_told_apart(tmp_path: Path):
    async with openai_server(tmp_path) as client:
        for header, code in (("Bearer wrong", "invalid_api_key"), ("Basic x", "invalid_api_key")):
            status, reply = await client.post(ASKED, path=GENERATIONS, Authorization=header)
            assert (status, reply["error"]["code"]) == (401, code)
        async with client.session.post(client.server.url + GENERATIONS, json=ASKED) as response:
            assert (await response.json())["error"]["message"].startswith("You didn't provide")


@pytest.mark.parametrize(("path", "status"), [("/v1/nothing", 404), ("/v1/images/generate", 404)])
async def test_a_path_that_openai_has_not_is_a_404_in_its_words(
    tmp_path: Path, path: str, status: int
):
    async with openai_server(tmp_path) as client:
        got, reply = await client.post(ASKED, path=path)
        assert (got, reply["error"]["type"]) == (status, "invalid_request_error")


async def test_the_description_and_the_reference_are_those_of_this_wire(tmp_path: Path):
    settings = ServerSettings(state=tmp_path, engine=Engine.NONE, wire=WireFormat.OPENAI)
    async with (
        ImageServer(settings, pages=Playground()) as server,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"{server.url}/openapi.json") as response:
            described = await response.json()
        async with session.get(server.url) as response:
            page = await response.text()
            assert response.url.path == "/docs"
    assert "/v1/images/edits" in described["paths"]
    assert "/v1/credits" not in described["paths"]
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
            assert path in page
    assert [name for name in (*NamedError, *MODELS) if name not in page] == []
    assert "credits" not in page.split('id="fault-rules"')[0]
