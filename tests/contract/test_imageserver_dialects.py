"""The dialects of compatible servers: what each takes, answers and gets wrong."""

import base64
import io
from pathlib import Path
from typing import Any

import aiohttp
import image_server_painters
import openai
import pytest
from image_server_client import PROMPT, Client, opened, png, serving
from PIL import Image

from pipeline.imageserver.compatible.dialect import inverted_mask
from pipeline.imageserver.options import Engine, ServerSettings, WireFormat
from pipeline.imageserver.playground.pages import Playground
from pipeline.imageserver.server import ImageServer

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
ASKED: dict[str, object] = {"prompt": PROMPT, "size": "512x512", "response_format": "b64_json"}
COMPATIBLE = [wire for wire in WireFormat if not wire.hosted and wire is not WireFormat.GPTIMAGE]


async def told(client: Client, **rule: Any) -> None:
    async with client.ask("PUT", "/_faults", {"rules": [rule]}) as response:
        assert response.status == 200, await response.text()


async def generate(client: Client, **changes: object) -> tuple[int, Any]:
    return await client.post(ASKED | changes, path=GENERATIONS)


async def edit(client: Client, name: str = "image", **fields: Any) -> tuple[int, Any]:
    form = aiohttp.FormData()
    for _ in range(2):
        form.add_field(name, png(), filename="a.png", content_type="image/png")
    for field, value in ({"prompt": PROMPT, "response_format": "b64_json"} | fields).items():
        if isinstance(value, bytes):
            form.add_field(field, value, filename="m.png", content_type="image/png")
        else:
            form.add_field(field, value)
    return await client.post(form, path=EDITS)


def picture(reply: Any) -> Any:
    return opened(base64.b64decode(reply["data"][0]["b64_json"]))


async def test_vllm_omni_states_the_size_that_was_asked_for_not_the_canvas(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.VLLM_OMNI) as client:
        _, reply = await generate(client, size="1000x600")
        assert (reply["size"], picture(reply).size) == ("1000x600", (992, 592))
        assert reply["data"][0]["url"] is None
        assert "usage" not in reply
        status, reply = await generate(client, size="large")
        assert (status, reply["detail"][0]["loc"]) == (422, ["body", "size"])
        assert (await generate(client, response_format="url"))[0] == 422
        assert (await generate(client, style="unknown fields are ignored"))[0] == 200


async def test_vllm_omni_takes_images_by_name_and_is_busy_without_saying_how_long(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.VLLM_OMNI) as client:
        status, reply = await edit(client, mask_image=png(mode="L", colour="white"))
        assert (status, picture(reply).size) == (200, (64, 48))
        await told(client, fault="openai-error", error="overloaded", retry_after=3)
        async with client.ask("POST", GENERATIONS, ASKED) as response:
            assert (response.status, list(await response.json())) == (503, ["detail"])
            assert "Retry-After" not in response.headers


def test_a_white_area_is_painted_anew_in_an_inverse_mask():
    mask = Image.new("L", (2, 1))
    mask.putpixel((0, 0), 255)
    content = io.BytesIO()
    mask.save(content, "PNG")
    alpha = opened(inverted_mask(content.getvalue())).getchannel("A")
    assert [alpha.getpixel((x, 0)) for x in (0, 1)] == [0, 255]


async def test_sglang_answers_jpeg_at_an_url_without_a_host(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.SGLANG) as client:
        _, reply = await client.post({"prompt": PROMPT, "size": "any"}, path=GENERATIONS)
        url = reply["data"][0]["url"]
        assert url.startswith("/v1/images/")
        image = opened(await client.download(client.server.url + url))
        assert (image.format, image.size) == ("JPEG", (1024, 1024))
        _, reply = await generate(client, output_format="png")
        assert (picture(reply).format, reply["data"][0]["revised_prompt"]) == ("PNG", PROMPT)
        assert (await edit(client, "image[]", size="96x64"))[0] == 200


async def test_sglang_may_refuse_an_url_after_the_work(tmp_path: Path):
    painted = "response_format='url' requires cloud storage to be configured."
    async with serving(tmp_path, wire=WireFormat.SGLANG) as client:
        await told(client, fault="status", status=400, when="after", message=painted)
        assert await generate(client) == (400, {"detail": painted})
        assert len(client.server.charges()) == 1


async def test_localai_cuts_prompts_guesses_sizes_and_counts_nothing(tmp_path: Path):
    painter = image_server_painters.tell_prompt
    async with serving(tmp_path, wire=WireFormat.LOCALAI, painter=painter) as client:
        _, reply = await generate(client, prompt="a soda|blurred", size="1024")
        assert picture(reply).size == (512, 512)
        assert client.server.charges()[0].pictures[0].renderer == "a soda"
        assert set(reply["usage"].values()) == {0}
        assert await edit(client) == (404, {"error": {"code": 404, **_NOT_FOUND}})
        status, reply = await generate(client, size="axb")
        assert (status, reply["error"]["message"]) == (500, "invalid value for 'size'")
        _, reply = await client.post({"prompt": PROMPT, "size": "64x64"}, path=GENERATIONS)
        url = reply["data"][0]["url"]
        assert url.startswith(f"{client.server.url}/generated-images/")
        assert opened(await client.download(url)).size == (64, 64)
        encoded = base64.b64encode(png()).decode()
        assert (await generate(client, ref_images=[encoded]))[0] == 200
        assert (await generate(client, ref_images=["no picture"]))[0] == 400


_NOT_FOUND = {"message": "there is no such path", "type": ""}


async def test_sd_cpp_executes_what_stands_in_a_prompt(tmp_path: Path):
    extra = '<sd_cpp_extra_args>{"width": 128, "height": 64, "batch_count": 2}</sd_cpp_extra_args>'
    painter = image_server_painters.tell_prompt
    async with serving(tmp_path, wire=WireFormat.SD_CPP, painter=painter) as client:
        _, reply = await generate(client, prompt=f"a soda{extra}")
        assert (picture(reply).size, len(reply["data"])) == ((128, 64), 2)
        assert client.server.charges()[0].pictures[0].renderer == "a soda"
        broken = "<sd_cpp_extra_args>{</sd_cpp_extra_args>"
        assert await generate(client, prompt=broken) == (
            400,
            {"error": "invalid sd_cpp_extra_args"},
        )


async def test_sd_cpp_ignores_a_bad_size_and_needs_no_key(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.SD_CPP) as client:
        for size, sides in (("large", (512, 512)), ("640x", (640, 512)), ("64x96px", (64, 96))):
            assert picture((await generate(client, size=size))[1]).size == sides
        status, _ = await client.post(ASKED, path=GENERATIONS, Authorization="Bearer none")
        assert (status, client.server.charges()[-1].caller) == (200, "anybody")
        assert await generate(client, prompt="") == (400, {"error": "prompt required"})
        assert (await edit(client, "image[]"))[0] == 200
        await told(client, fault="empty-data")
        status, reply = await generate(client)
        assert (status, reply["data"]) == (200, [])


async def test_xinference_answers_a_path_on_its_own_disk(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.XINFERENCE) as client:
        body = {"prompt": PROMPT, "model": "sd3-medium", "size": "512*512"}
        _, reply = await client.post(body, path=GENERATIONS)
        assert reply["data"][0]["url"].startswith("/home/xinference/.xinference/image/")
        _, reply = await generate(client, model="sd3-medium")
        assert (picture(reply).size, reply["data"][0]["url"]) == ((512, 512), None)
        assert (await edit(client, "image[]", model="sd3-medium"))[0] == 200
        status, reply = await generate(client, model="other")
        assert (status, reply) == (
            400,
            {"detail": "Model not found in the model list, uid: other"},
        )


async def test_litellm_repeats_and_pays_again_even_where_a_header_forbids_it(tmp_path: Path):
    """Version 1.108 in front of `--wire openai` paid nine times, and three with the header.

    The header holds its router back, not OpenAI's client below it, which edits do without.
    """
    async with serving(tmp_path, wire=WireFormat.LITELLM) as client:
        rule = {"fault": "openai-error", "error": "server-error", "when": "after"}
        body = ASKED | {"size": "1024x1024", "quality": "low"}
        del body["response_format"]
        await told(client, **rule)
        status, reply = await client.post(body, path=GENERATIONS)
        assert (status, reply["error"]["code"]) == (500, "500")
        assert "litellm.InternalServerError" in reply["error"]["message"]
        assert reply["error"]["type"] == "internal_server_error"
        assert len(client.server.charges()) == 9
        headers = {"x-litellm-num-retries": "0"}
        assert (await client.post(body, path=GENERATIONS, **headers))[0] == 500
        assert len(client.server.charges()) == 12
        form = aiohttp.FormData({"prompt": PROMPT, "model": "gpt-image-2", "quality": "low"})
        form.add_field("image", png(), filename="a.png", content_type="image/png")
        assert (await client.post(form, path=EDITS, **headers))[0] == 500
        assert len(client.server.charges()) == 13
        await told(client, **rule, times=1)
        assert (await client.post(body, path=GENERATIONS))[0] == 200
        assert len(client.server.charges()) == 15


async def test_azure_takes_its_own_clients_key_and_deployment(tmp_path: Path):
    async with (
        serving(tmp_path, wire=WireFormat.AZURE) as client,
        openai.AsyncAzureOpenAI(
            azure_endpoint=client.server.url,
            api_key=client.server.key,
            api_version="2025-04-01-preview",
            max_retries=0,
        ) as sdk,
    ):
        made = await sdk.images.generate(model="images", prompt=PROMPT, quality="low")
        edited = await sdk.images.edit(
            model="images", image=("a.png", png(), "image/png"), prompt=PROMPT, quality="low"
        )
        assert made.data is not None
        assert edited.data is not None
        assert {charge.model for charge in client.server.charges()} == {"gpt-image-2"}
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            await sdk.images.generate(model="unknown", prompt=PROMPT)
        with pytest.raises(openai.BadRequestError) as caught:
            await sdk.images.generate(model="images", prompt="a nude statue")
        assert caught.value.code == "content_filter"
        status, reply = await client.post(
            ASKED, path="/openai/deployments/images/images/generations"
        )
        assert (status, reply["error"]["message"]) == (404, "Resource not found")
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=client.server.url,
            api_key="wrong",
            api_version="2025-04-01-preview",
            max_retries=0,
        ) as stranger:
            with pytest.raises(openai.AuthenticationError, match="Access denied"):
                await stranger.images.generate(model="images", prompt=PROMPT)


@pytest.mark.parametrize("wire", COMPATIBLE)
async def test_the_official_client_gets_a_picture_for_nothing(tmp_path: Path, wire: WireFormat):
    async with (
        serving(tmp_path, wire=wire, credits=0) as client,
        openai.AsyncOpenAI(
            base_url=f"{client.server.url}/v1", api_key=client.server.key, max_retries=0
        ) as sdk,
    ):
        (model,) = [model.id async for model in sdk.models.list()]
        made = await sdk.images.generate(
            model=model, prompt=PROMPT, size="512x512", response_format="b64_json"
        )
        assert made.data is not None
        assert opened(base64.b64decode(made.data[0].b64_json or "")).size == (512, 512)
        assert client.server.charged() == 0
        nude = await sdk.images.generate(
            model=model, prompt="a nude statue", response_format="b64_json"
        )
        assert nude.data is not None


@pytest.mark.parametrize("wire", [w for w in WireFormat if w is not WireFormat.GPTIMAGE])
async def test_every_wire_has_a_description_and_a_reference(tmp_path: Path, wire: WireFormat):
    settings = ServerSettings(state=tmp_path, engine=Engine.NONE, wire=wire)
    async with (
        ImageServer(settings, pages=Playground()) as server,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"{server.url}/openapi.json") as response:
            described = await response.json()
        async with session.get(f"{server.url}/docs") as response:
            page = await response.text()
        for path, methods in described["paths"].items():
            assert path in page
            for method in methods:
                async with session.request(method, server.url + path) as response:
                    assert response.status not in {404, 405, 500} or "{" in path, (method, path)
