"""The profile `compatible` against the image server, which imitates each server by itself.

Client and server were written from the same table by different hands; they share no code.
"""

import hashlib
import io
import json
from pathlib import Path

import pytest
from image_server_client import PROMPT, png, serving
from image_server_painters import paint_mask
from PIL import Image
from seals import MemorySeal

from pipeline.errors import PolicyRefused, ReplyUnknown
from pipeline.imageserver.options import WireFormat
from pipeline.model.providers.profile import Support
from pipeline.model.providers.request import OutputFormat, Quality, Reference, RenderRequest
from pipeline.providers.names import COMPATIBLE
from pipeline.providers.openai_api.dialects import DIALECTS as DIALECT_VALUES
from pipeline.providers.openai_api.kept_replies import picture_in
from pipeline.providers.profiles import PROFILES
from pipeline.providers.registry import open_provider
from pipeline.settings import ProviderSettings

DIALECTS = ["vllm-omni", "sglang", "localai", "sd-cpp", "xinference", "litellm", "azure"]


def wanted(dialect, **changes):
    named = {"litellm": "gpt-image-2", "azure": "gpt-image-2", "xinference": "sd3-medium"}
    model = named.get(dialect, "flux-2")
    request = {"prompt": PROMPT, "model": model, "size": "1024x768", "quality": Quality.LOW}
    return RenderRequest(**request | changes)


async def bought(dialect, client, request):
    seal = MemorySeal(profile="compatible", model=request.model)
    base = client.server.url if dialect == "azure" else f"{client.server.url}/v1"
    settings = ProviderSettings(
        prefix="COMPATIBLE", base_url=base, key=client.server.key, dialect=dialect
    )
    async with open_provider("compatible", settings=settings) as provider:
        receipt = await provider.submit(request, key="k", seal=seal)
        picture = b"".join(picture_in(io.BytesIO(seal.body)))
    return receipt, Image.open(io.BytesIO(picture))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_server_sends_the_picture_that_was_asked_for(tmp_path: Path, dialect):
    async with serving(tmp_path, wire=WireFormat(dialect)) as client:
        receipt, picture = await bought(dialect, client, wanted(dialect))
        assert (picture.format, picture.size) == ("PNG", (1024, 768))
        assert (receipt.amount, receipt.in_doubt) == (0, 0)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_server_takes_a_packshot_where_it_wants_it(tmp_path: Path, dialect):
    file = tmp_path / "pack.png"
    file.write_bytes(png((64, 48)))
    reference = Reference(path=str(file), sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    async with serving(tmp_path / "server", wire=WireFormat(dialect)) as client:
        request = wanted(dialect, references=(reference, reference))
        _, picture = await bought(dialect, client, request)
        assert picture.format == "PNG"


async def test_a_bar_in_a_prompt_does_not_end_it(tmp_path: Path):
    """LocalAI takes what follows a bar for what the image must not show."""
    async with serving(tmp_path, wire=WireFormat.LOCALAI) as client:
        whole = await bought("localai", client, wanted("localai", prompt="a red can / SUMMER"))
        barred = await bought("localai", client, wanted("localai", prompt="a red can | SUMMER"))
        assert whole[1].tobytes() == barred[1].tobytes()


async def test_litellm_repeats_as_little_as_it_can_be_told_to(tmp_path: Path):
    """It would send nine requests. Three it sends whatever a request says, so three are held."""
    async with serving(tmp_path, wire=WireFormat.LITELLM) as client:
        rule = {"rules": [{"fault": "status", "status": 500, "when": "after"}]}
        async with client.ask("PUT", "/_faults", rule) as told:
            assert told.status == 200, await told.text()
        with pytest.raises(ReplyUnknown, match="HTTP 500") as doubt:
            await bought("litellm", client, wanted("litellm"))
        status, listed = await client.get("/v1/account/charges")
        assert status == 200
        assert len(listed["charges"]) == doubt.value.images == 3, json.dumps(listed)


async def test_azure_refuses_in_its_own_words(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.AZURE) as client:
        with pytest.raises(PolicyRefused):
            await bought("azure", client, wanted("azure", prompt="a naked person"))


@pytest.mark.parametrize("dialect", ["vllm-omni", "sd-cpp"])
async def test_a_mask_reaches_the_servers_that_take_one(tmp_path: Path, dialect):
    """Both are given the transparent mask of OpenAI; vLLM-Omni is sent a white one."""
    half = Image.new("RGBA", (64, 48), "white")
    half.paste((0, 0, 0, 0), (0, 0, 32, 48))
    half.save(tmp_path / "mask.png")
    (tmp_path / "pack.png").write_bytes(png((64, 48)))
    pack, mask = (
        Reference(path=str(file), sha256=hashlib.sha256(file.read_bytes()).hexdigest())
        for file in (tmp_path / "pack.png", tmp_path / "mask.png")
    )
    async with serving(tmp_path / "s", wire=WireFormat(dialect), painter=paint_mask) as client:
        _, seen = await bought(dialect, client, wanted(dialect, references=(pack,), mask=mask))
    left, right = (seen.convert("L").getpixel((x, 400)) for x in (100, 900))
    assert (left, right) == (0, 255), "the left half is painted anew"


@pytest.mark.parametrize("dialect", ["sglang", "sd-cpp", "litellm", "azure"])
async def test_servers_with_a_choice_make_the_kind_of_file_that_was_asked_for(
    tmp_path: Path, dialect
):
    async with serving(tmp_path, wire=WireFormat(dialect)) as client:
        request = wanted(dialect, output_format=OutputFormat.JPEG, compression=60)
        _, picture = await bought(dialect, client, request)
        assert picture.format == "JPEG"


def test_what_a_dialect_sends_is_what_its_limits_allow():
    profile = PROFILES[COMPATIBLE]
    assert profile.dialects.keys() == DIALECT_VALUES.keys()
    for name, dialect in DIALECT_VALUES.items():
        caps = profile.dialects[name]
        assert ("output_format" in dialect.fields) == bool(caps.output_formats), name
        if dialect.images_in_json:
            assert caps.mask is Support.NO, name
