"""The profile `compatible` against the image server, which imitates each server by itself.

Client and server were written from the same table by different hands; they share no code.
"""

import hashlib
import io
import json
from pathlib import Path

import pytest
from image_server_client import PROMPT, png, serving
from PIL import Image
from seals import MemorySeal

from pipeline.errors import PolicyRefused
from pipeline.imageserver.options import WireFormat
from pipeline.model.request import Quality, Reference, RenderRequest
from pipeline.providers.openai_api.kept_replies import picture_in
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


async def test_litellms_router_asks_once(tmp_path: Path):
    """It would ask three times, and OpenAI's client below it three times each.

    The header holds back the router only: LiteLLM 1.108, run in front of `--wire openai`, still
    paid three times for one failed generation, whatever its request or its configuration said.
    """
    async with serving(tmp_path, wire=WireFormat.LITELLM) as client:
        rule = {"rules": [{"fault": "status", "status": 500, "when": "after"}]}
        async with client.ask("PUT", "/_faults", rule) as told:
            assert told.status == 200, await told.text()
        with pytest.raises(Exception, match="HTTP 500"):
            await bought("litellm", client, wanted("litellm"))
        status, listed = await client.get("/v1/account/charges")
        assert status == 200
        assert len(listed["charges"]) == 3, json.dumps(listed)


async def test_azure_refuses_in_its_own_words(tmp_path: Path):
    async with serving(tmp_path, wire=WireFormat.AZURE) as client:
        with pytest.raises(PolicyRefused):
            await bought("azure", client, wanted("azure", prompt="a naked person"))
