import pytest
from aiohttp.test_utils import make_mocked_request

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.bodies import parse_object
from pipeline.imageserver.api.requests.fields import idempotency_key_from
from pipeline.imageserver.api.requests.image_request import ImageRequest, image_request_from
from pipeline.imageserver.painting.painter import PaintQuality

PROMPT = {"prompt": "a citrus soda bottle"}


def test_a_prompt_alone_is_enough():
    assert image_request_from(PROMPT) == ImageRequest(prompt="a citrus soda bottle")


def test_every_documented_field_is_understood():
    wanted = image_request_from(
        PROMPT
        | {
            "model": "gpt-image-2",
            "size": "4:3",
            "quality": "high",
            "n": 2,
            "background": "transparent",
        }
    )
    assert (wanted.ratio, wanted.quality, wanted.n) == ((4, 3), PaintQuality.HIGH, 2)
    assert wanted.transparent
    assert wanted.credits == 24


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", None),
        ("prompt", 3),
        ("prompt", ""),
        ("prompt", "  \n"),
        ("prompt", "a" * 32_001),
        ("prompt", "lone \ud800 surrogate"),
        ("prompt", "a NUL \0 inside"),
        ("model", "dall-e-3"),
        ("model", None),
        ("size", "1024x768"),
        ("size", "auto"),
        ("size", "0:1"),
        ("size", "4:1"),
        ("size", "10:3"),
        ("size", "4:3 "),
        ("size", "４:３"),  # noqa: RUF001 - digits of another width are no digits here
        ("size", 1),
        ("quality", "ultra"),
        ("quality", "LOW"),
        ("quality", 6),
        ("quality", ["low"]),
        ("n", 0),
        ("n", 11),
        ("n", 1.5),
        ("n", True),
        ("n", "1"),
        ("background", "auto"),
        ("background", None),
        ("background", {}),
        ("n_images", 1),
        ("response_format", "url"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object):
    with pytest.raises(RefusedError) as caught:
        image_request_from(PROMPT | {field: value})
    assert (caught.value.field, caught.value.status) == (field, 400)
    assert caught.value.message.startswith(f"{field}: ")


def test_a_missing_prompt_is_named():
    with pytest.raises(RefusedError, match="prompt: is missing"):
        image_request_from({"size": "1:1"})


def test_a_field_with_a_strange_name_is_quoted_safely():
    with pytest.raises(RefusedError) as caught:
        image_request_from(PROMPT | {"\x1b[31m<script>": 1})
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("size", ["1:1", "4:3", "16:9", "9:21", "1:2", "2:1", "3:1", "1200:628"])
def test_any_ratio_up_to_3_to_1_is_taken(size: str):
    assert image_request_from(PROMPT | {"size": size}).size == size


def test_one_request_has_one_fingerprint_however_it_is_written():
    one, other = image_request_from(PROMPT), image_request_from({"n": 1, "size": "2:2", **PROMPT})
    assert one.fingerprint("generate") == other.fingerprint("generate")


@pytest.mark.parametrize("change", [{"n": 2}, {"quality": "low"}, {"prompt": "another"}])
def test_another_request_has_another_fingerprint(change: dict[str, object]):
    one, other = image_request_from(PROMPT), image_request_from(PROMPT | change)
    assert one.fingerprint("generate") != other.fingerprint("generate")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[1]",
        b'"prompt"',
        b"null",
        b'{"prompt": NaN}',
        b'{"n": -Infinity}',
        b'{"prompt": "\xff"}',
        b'\xef\xbb\xbf{"prompt": "a"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"n": ' + b"1" * 5000 + b"}",
        b'{"prompt": "a", "prompt": "b"}',
    ],
)
def test_what_is_not_a_json_object_is_refused(body: bytes):
    with pytest.raises(RefusedError) as caught:
        parse_object(body)
    assert caught.value.status == 400


def test_a_field_given_twice_is_named():
    with pytest.raises(RefusedError, match="n: is given twice"):
        parse_object(b'{"n": 1, "prompt": "a", "n": 2}')


@pytest.mark.parametrize("value", ["", "a b", "é", "a" * 256, "a\tb"])
def test_a_header_of_anything_but_visible_ascii_is_refused(value: str):
    with pytest.raises(RefusedError, match="Idempotency-Key: must be"):
        idempotency_key_from(make_mocked_request("POST", "/", {"Idempotency-Key": value}))
