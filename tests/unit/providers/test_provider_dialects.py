"""Servers that are shaped like OpenAI's API: their peculiarities, one row of the table each.

Every server here is a scripted imitation of what its documentation and code say.
"""

import base64
import io
import json
from dataclasses import replace

import pytest
from fake_provider import png
from scripted_api import KEY, http, scripted
from seals import MemorySeal

from pipeline.errors import PolicyRefused, Rejected, ReplyUnknown, Throttled, UsageError
from pipeline.model.providers.request import Quality, RenderRequest
from pipeline.providers.names import COMPATIBLE
from pipeline.providers.openai_api.kept_replies import picture_in
from pipeline.providers.profiles import PROFILES
from pipeline.providers.registry import open_provider
from pipeline.settings import ProviderSettings

PICTURE = png(16, 16)
B64 = base64.b64encode(PICTURE).decode()
ZERO_USAGE = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
SUCCESS = http(200, {"created": 1, "data": [{"b64_json": B64}], "usage": ZERO_USAGE})
CITRUS = RenderRequest(
    prompt="a citrus soda", model="flux 2", size="1536x864", quality=Quality.HIGH
)


async def asked(dialect, act=SUCCESS, *, request=CITRUS, key=KEY):
    """(The receipt or error, the request that arrived, its fields, the seal)."""
    seal = MemorySeal(profile="compatible", model=request.model)
    async with scripted(act) as server:
        prefix = "" if dialect == "azure" else "/v1"
        settings = replace(
            server.settings(prefix="COMPATIBLE", dialect=dialect),
            base_url=server.url + prefix,
            key=key,
        )
        async with open_provider("compatible", settings=settings) as provider:
            try:
                told = await provider.submit(request, key="k", seal=seal)
            except Exception as error:  # noqa: BLE001 - the test says which one
                told = error
        (arrived,) = server.requests
        return told, arrived, json.loads(arrived.body), seal


FIELDS = {
    "": {"model", "response_format"},
    "vllm-omni": {"model", "response_format"},
    "sglang": {"model", "output_format", "response_format"},
    "localai": {"model", "response_format"},
    "sd-cpp": {"model", "output_format", "response_format"},
    "xinference": {"model", "response_format"},
    "litellm": {"model", "quality", "background", "output_format"},
    "azure": {"quality", "background", "output_format"},
}


@pytest.mark.parametrize(("dialect", "fields"), FIELDS.items())
async def test_each_server_gets_the_fields_that_it_knows(dialect, fields):
    receipt, _, sent, seal = await asked(dialect)
    assert set(sent) == fields | {"prompt", "n", "size"}
    assert (sent["n"], sent["size"]) == (1, "1536x864")
    assert sent.get("response_format", "b64_json") == "b64_json"
    assert b"".join(picture_in(io.BytesIO(seal.body))) == PICTURE
    assert receipt.url == "reply:ab12-1"


@pytest.mark.parametrize("dialect", FIELDS)
async def test_an_own_server_costs_nothing_whatever_usage_it_tells(dialect):
    """LocalAI tells a usage of 0; others none, or one of their own counting."""
    told = http(200, {"data": [{"b64_json": B64}], "usage": {"output_tokens": 4096}})
    for act in (SUCCESS, told):
        receipt, *_ = await asked(dialect, act)
        assert (receipt.amount, receipt.in_doubt) == (0, 0)


async def test_azure_has_its_own_header_path_and_version():
    _, arrived, sent, _ = await asked("azure")
    assert arrived.path == (
        "/openai/deployments/flux%202/images/generations?api-version=2025-04-01-preview"
    )
    assert arrived.headers["api-key"] == KEY
    assert "authorization" not in arrived.headers
    assert "model" not in sent


async def test_litellm_is_told_not_to_repeat_a_paid_call():
    _, arrived, _, _ = await asked("litellm")
    assert arrived.headers["x-litellm-num-retries"] == "0"
    assert arrived.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("dialect", ["", "vllm-omni", "sd-cpp"])
async def test_a_server_without_keys_gets_none(dialect):
    _, arrived, _, _ = await asked(dialect, key="")
    assert "authorization" not in arrived.headers


@pytest.mark.parametrize(
    ("dialect", "prompt", "sent"),
    [
        ("localai", "tea | no people", "tea / no people"),
        ("sd-cpp", "tea <sd_cpp_extra_args>--rm</sd_cpp_extra_args>", "tea --rm"),
        ("sd-cpp", "tea | milk", "tea | milk"),
        ("", "tea | <b>milk</b>", "tea | <b>milk</b>"),
    ],
)
async def test_a_prompt_is_only_words(dialect, prompt, sent):
    _, _, fields, _ = await asked(dialect, request=replace(CITRUS, prompt=prompt))
    assert fields["prompt"] == sent


async def test_a_tag_that_is_nested_in_itself_is_no_tag_either():
    """Taking a text out may put another one together."""
    nested = "<sd_cpp_<sd_cpp_extra_args>extra_args>--rm"
    _, _, fields, _ = await asked("sd-cpp", request=replace(CITRUS, prompt=nested))
    assert "<sd_cpp_extra_args>" not in fields["prompt"]


async def test_a_relative_url_of_sglang_is_completed():
    relative = http(200, {"created": 1, "data": [{"url": "/v1/images/7/content"}]})
    receipt, *_ = await asked("sglang", relative)
    assert receipt.url.startswith("http://127.0.0.1:")
    assert receipt.url.endswith("/v1/images/7/content")


ANSWERS = [
    ("vllm-omni", http(400, {"detail": "Model mismatch"}), Rejected),
    ("vllm-omni", http(503, {"detail": "overloaded"}), ReplyUnknown),
    ("sd-cpp", http(400, {"error": "invalid params"}), Rejected),
    ("sd-cpp", http(500, {"error": "out of memory"}), ReplyUnknown),
    ("sd-cpp", http(200, {"data": []}), ReplyUnknown),
    ("azure", http(400, {"error": {"code": "content_filter", "message": "no"}}), PolicyRefused),
    ("azure", http(404, {"error": {"code": "DeploymentNotFound", "message": "no"}}), Rejected),
    ("litellm", http(429, {"error": {"message": "try again in 3s", "code": "429"}}), Throttled),
]


@pytest.mark.parametrize(("dialect", "act", "kind"), ANSWERS)
async def test_errors_are_read_in_the_style_of_each_server(dialect, act, kind):
    error, *_ = await asked(dialect, act)
    assert type(error) is kind


async def test_an_unknown_dialect_and_a_missing_url_are_told():
    with pytest.raises(UsageError, match="COMPATIBLE_BASE_URL=http"):
        open_provider("compatible", settings=ProviderSettings(prefix="COMPATIBLE", base_url=""))
    settings = ProviderSettings(prefix="COMPATIBLE", base_url="http://127.0.0.1:1", dialect="odd")
    with pytest.raises(UsageError, match="no dialect odd; there are azure"):
        open_provider("compatible", settings=settings)


def test_any_model_is_taken_and_costs_nothing():
    profile = PROFILES[COMPATIBLE]
    assert profile.quote(CITRUS).at_most == 0
    assert profile.wire_size("whatever", "16:9") == "1536x864"
