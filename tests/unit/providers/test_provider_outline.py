"""Reading replies of any size with little memory: the outline, and then the picture."""

import base64
import binascii
import io
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import ImageBroken
from pipeline.providers.openai_api import outline as reply_outline
from pipeline.providers.openai_api.outline import Span, decoded, is_base64, outline

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.just('\\"' * 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of a few bytes, so that every boundary is met."""
    monkeypatch.setattr(reply_outline, "_PIECE", 7)


@given(document=JSON)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_reply_without_long_strings_is_its_own_outline(document):
    text = json.dumps(document).encode()
    found = outline(io.BytesIO(text))
    if b'"b64_json"' not in text:
        assert (found.text, found.spans) == (text, ())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(picture=st.binary(max_size=99), before=JSON, after=JSON, ascii_=st.booleans())
def test_the_picture_is_found_wherever_it_stands(picture, before, after, ascii_):
    b64 = base64.b64encode(picture).decode()
    document = {"x": before, "data": [{"b64_json": b64, "note": 'a "quoted" \\ note'}], "y": after}
    text = json.dumps(document, ensure_ascii=ascii_).encode()
    found = outline(io.BytesIO(text))
    span = found.span_of(json.loads(found.text)["data"][0]["b64_json"])
    assert text[span.start : span.start + span.length].decode() == b64
    assert is_base64(io.BytesIO(text), span) == bool(picture)
    assert b"".join(decoded(io.BytesIO(text), span)) == picture


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("size", range(1, 40))
def test_boundaries_between_pieces_do_not_matter(size):
    picture = bytes(range(size)) * 9
    b64 = base64.b64encode(picture).decode().replace("/", "\\/").replace("+", "\\u002b")
    text = f'{{"a\\\\": "\\"", "data":[{{"b64_json" :\n "{b64}"}}]}}'.encode()
    found = outline(io.BytesIO(text))
    assert len(found.spans) == 1
    assert is_base64(io.BytesIO(text), found.spans[0])
    assert b"".join(decoded(io.BytesIO(text), found.spans[0])) == picture


@pytest.mark.parametrize("text", [b"QUJ", b"QUJD!UJD", b"QQ==QUJD", b"====", b"QUJDQ==="])
def test_what_is_no_base64_is_a_broken_image(text):
    with pytest.raises(ImageBroken):
        b"".join(decoded(io.BytesIO(text), Span(start=0, length=len(text))))


def test_thirty_megabytes_take_little_memory(tmp_path):
    """A parsed reply takes three times its size."""
    file = tmp_path / "reply"
    with file.open("wb") as out:
        out.write(b'{"data":[{"b64_json":"')
        for _ in range(30):
            out.write(b"QUJD" * (1 << 18))
        out.write(b'"}],"usage":{"output_tokens":7}}')
    tracemalloc.start()
    with file.open("rb") as body:
        found = outline(body)
        assert is_base64(body, found.spans[0])
        size = sum(map(len, decoded(body, found.spans[0])))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert json.loads(found.text)["usage"] == {"output_tokens": 7}
    assert size == 30 * 3 * (1 << 18)
    assert peak < 4 * 1024 * 1024


def test_endless_json_is_cut_and_cannot_be_read():
    found = outline(io.BytesIO(b"[" + b"0," * (1 << 20)))
    assert len(found.text) == 1024 * 1024
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(found.text)


@given(letters=st.text("AZaz09+/= -\n", max_size=24) | st.text(max_size=8))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_base64_is_taken_and_refused_as_the_standard_library_does(letters):
    """pybase64 decodes 25 times as fast; it must not take for a picture what is none."""
    text = letters.encode()[: len(letters.encode()) // 4 * 4]
    try:
        expected = binascii.a2b_base64(text, strict_mode=True) if text else b""
    except binascii.Error:
        expected = None
    try:
        found = reply_outline._decode(text)
    except ImageBroken:
        found = None
    assert found == expected
