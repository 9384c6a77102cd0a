"""Requests of the Images API: what they cost, and what is refused in which words."""

import base64
import io

import pytest
from PIL import Image

from pipeline.imageserver.openai.errors import OpenAiError
from pipeline.imageserver.openai.image_requests import edit_from_json, generation_from
from pipeline.imageserver.openai.models import MODELS, TokenUsage

ASKED: dict[str, object] = {"model": "gpt-image-2", "prompt": "a citrus soda"}


def png(size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "orange").save(out, "PNG")
    return out.getvalue()


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def no_file(name: str) -> bytes:
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("param", "code", "change"),
    [
        ("size", "invalid_value", {"size": "1000x1000"}),
        ("size", "invalid_value", {"size": "4096x1024"}),
        ("size", "invalid_value", {"size": "512x512"}),
        ("size", "invalid_value", {"size": "4:3"}),
        ("size", "invalid_type", {"size": ["1024x1024"]}),
        ("size", "invalid_value", {"size": "1536x864", "model": "gpt-image-1.5"}),
        ("quality", "invalid_value", {"quality": "xhigh"}),
        ("quality", "invalid_value", {"quality": {}}),
        ("background", "invalid_value", {"background": "blue"}),
        (
            "background",
            "invalid_value",
            {"background": "transparent", "output_format": "jpeg"},
        ),
        (
            "background",
            "invalid_value",
            {"background": "transparent", "model": "gpt-image-2.6-flare"},
        ),
        ("output_format", "invalid_value", {"output_format": "gif"}),
        ("output_compression", "invalid_value", {"output_compression": 50}),
        ("output_compression", "integer_above_max_value", {"output_compression": 101}),
        ("moderation", "invalid_value", {"moderation": "none"}),
        ("model", "invalid_value", {"model": "dall-e-3"}),
        ("model", "invalid_type", {"model": 2}),
        ("n", "integer_above_max_value", {"n": 11}),
        ("n", "integer_below_min_value", {"n": 0}),
        ("n", "invalid_type", {"n": "1"}),
        ("stream", "invalid_value", {"stream": True}),
        ("response_format", "unknown_parameter", {"response_format": "url"}),
        ("style", "unknown_parameter", {"style": "vivid"}),
        ("prompt", "empty_string", {"prompt": "  "}),
        ("prompt", "string_above_max_length", {"prompt": "a" * 32_001}),
        ("prompt", "missing_required_parameter", {"prompt": None}),
    ],
)
def test_a_wrong_field_is_refused_in_openais_words(
    param: str, code: str, change: dict[str, object]
):
    with pytest.raises(OpenAiError) as caught:
        generation_from(ASKED | change)
    error = caught.value
    assert (error.status, error.param, error.code) == (400, param, code)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("missing_required_parameter", {"images": None}),
        ("invalid_type", {"images": "a.png"}),
        ("invalid_value", {"images": [{}]}),
        ("invalid_image_url", {"images": [{"image_url": "https://example.com/a.png"}]}),
        ("invalid_image_url", {"images": [{"image_url": "data:image/png;base64,a"}]}),
        ("invalid_image_file", {"images": [{"image_url": data_url(b"no picture")}]}),
        ("invalid_image_format", {"mask": {"image_url": data_url(b"no mask")}}),
        ("invalid_value", {"mask": {"image_url": data_url(png((8, 8)))}}),
        ("array_above_max_length", {"images": [{"image_url": data_url(png())}] * 17}),
        ("invalid_value", {"input_fidelity": "high"}),
    ],
)
def test_a_wrong_image_is_refused_in_openais_words(code: str, change: dict[str, object]):
    body = {"prompt": "a soda", "images": [{"image_url": data_url(png())}]} | change
    with pytest.raises(OpenAiError) as caught:
        edit_from_json(body, read_file=no_file)
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize("name", MODELS)
def test_every_rate_and_its_half_are_whole(name: str):
    """A batch costs half, and the account counts whole nano-dollars."""
    rates = MODELS[name].rates
    usage = TokenUsage(text_in=1, image_in=0, image_out=1, text_out=1)
    assert 2 * usage.price(rates, batch=True) == usage.price(rates)
    assert all(rate % 2 == 0 for rate in (rates.text_in, rates.image_in, rates.image_out))


def test_a_batch_halves_the_price_and_leaves_the_usage():
    full = generation_from(ASKED)
    half = full.in_batch()
    assert 2 * half.image_request.credits == full.image_request.credits
    assert half.usage == full.usage


def test_auto_is_a_square_of_medium_quality():
    openai_request = generation_from(
        ASKED | {"size": "auto", "quality": "auto", "background": "auto"}
    )
    assert (openai_request.size, openai_request.image_request.stated_quality) == (
        "1024x1024",
        "medium",
    )


def test_qualities_that_only_some_models_have_cost_more():
    model = "gpt-image-2.5-flare"
    prices = [
        generation_from(ASKED | {"model": model, "quality": quality}).image_request.credits
        for quality in ("low", "medium", "high", "xhigh", "max")
    ]
    assert prices == sorted(prices)
    assert len(set(prices)) == 5
