"""Every row of the classification table, from literal replies."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import (
    PolicyRefused,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.money import Amount
from pipeline.model.outcome import Receipt
from pipeline.network.reply import REPLY_LIMIT, Reply
from pipeline.providers.envelope import unfold
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.providers.replies import (
    read_receipt,
    remaining_credits,
    seconds_to_wait,
    shown_images,
)

NOW = datetime(2026, 11, 22, 6, 0, 0, tzinfo=UTC)


def read(status, body, **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_receipt(
        Reply(status=status, body=content, **more),
        profile=PROFILES[GPTIMAGE],
        price=Amount(12),
        base_url="https://api.example.com",
    )


def says(code, message, images=None):
    return {"code": code, "message": message, "data": images}


SUCCESS = {"images": [{"url": "https://cdn.example.com/1.png"}]}


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "message": "ok", "data": SUCCESS},
        {"code": 0, "data": [{"url": "https://cdn.example.com/1.png"}]},
        {"code": 0, "data": {"images": ["https://cdn.example.com/1.png"]}},
        {"code": "0", "data": SUCCESS},
        {"code": 0.0, "data": SUCCESS},
        b'{"code": 0, "cost": NaN, "data": [{"url": "https://cdn.example.com/1.png"}]}',
        {"data": SUCCESS},
        {"code": 0, "data": {"images": [{"url": " https://cdn.example.com/1.png\n"}]}},
        {
            "code": 0,
            "data": {"images": [{"url": ""}, {"url": "https://cdn.example.com/1.png"}]},
        },
    ],
)
def test_a_url_in_a_successful_answer_is_a_receipt(body):
    assert read(200, body).url == "https://cdn.example.com/1.png"


def test_a_receipt_carries_price_proof_and_request_id():
    body = json.dumps({"code": 0, "message": "ok", "data": SUCCESS}).encode()
    assert read(201, body, request_id="r-7") == Receipt(
        url="https://cdn.example.com/1.png",
        amount=Amount(12),
        http=201,
        request_id="r-7",
        raw=body,
    )


def test_two_images_for_one_are_a_doubt_that_shows_both():
    """The first was taken as if it were the only one, though two may have been charged."""
    body = {"code": 0, "data": [{"url": "https://a/1.png"}, {"url": "/2.png"}]}
    with pytest.raises(ReplyUnknown, match="the answer contains 2") as no:
        read(200, body)
    shown = shown_images(no.value.raw, base_url="https://api.example.com")
    assert shown == ("https://a/1.png", "https://api.example.com/2.png")
    assert no.value.images == 2


@pytest.mark.parametrize(
    "images",
    [
        [{"url": "https://a/1.png"}, {"url": "https://a/1.png"}],
        ["https://a/1.png", "https://a/1.png"],
        [{"url": "https://a/1.png"}, {"b64_json": "iVBORw0KGgo="}],
        [{"url": "https://a/1.png"}, {"url": "https://a/\x00.png"}],
    ],
)
def test_every_image_of_an_answer_counts(images):
    """The same URL twice counted one price: charged 8, manifest [4, 4]."""
    with pytest.raises(ReplyUnknown, match="the answer contains 2") as no:
        read(200, {"code": 0, "data": {"images": images}})
    assert no.value.images == 2
    shown = shown_images(no.value.raw, base_url="https://api.example.com")
    assert (len(shown), shown[0]) == (2, "https://a/1.png")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, says(0, "ok"), "the answer contains no image (HTTP 200)"),
        (200, says(0, "Success!"), "the answer contains no image (HTTP 200)"),
        (
            502,
            b"<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>",
            "the answer cannot be read (HTTP 502): an HTML page, '502 Bad Gateway'",
        ),
        (
            200,
            b"<!DOCTYPE html>\n<html><style>p {color: red}</style><p>Please &amp; sign in",
            "the answer cannot be read (HTTP 200): an HTML page, 'Please & sign in'",
        ),
        (200, b"<script>location = '/login'</script>", "the answer cannot be read (HTTP 200)"),
        (500, says(1, "<b>Bad</b> <i>luck</i>"), "(HTTP 500): Bad luck"),
        (400, says(1, "n must be < 2 and > 0"), "(HTTP 400): n must be < 2 and > 0"),
    ],
)
def test_a_message_is_for_people(status, body, words):
    """`were not answered: HTTP 200 ok` and raw HTML were printed."""
    with pytest.raises(ProviderError) as failure:
        read(status, body)
    assert words in str(failure.value)
    assert "<" not in str(failure.value).replace("< 2", "")


@pytest.mark.parametrize(
    ("status", "body", "words", "remedy"),
    [
        (401, b"", "refused the key", "GPTIMAGE_API_KEY"),
        (200, says(-1, "invalid api key"), "refused the key", "GPTIMAGE_API_KEY"),
        (403, says(403, "API key not valid"), "refused the key", "GPTIMAGE_API_KEY"),
        (402, b"", "the credits do not suffice", "add credits"),
        (401, says(401, "insufficient credits"), "the credits do not suffice", "add credits"),
        (403, b"", "does not allow this key", "ask the provider"),
    ],
)
def test_a_stop_says_whether_it_is_the_key_or_the_credits(status, body, words, remedy):
    """A wrong key was told as "key or funds", and what to do as "run"."""
    with pytest.raises(ProviderStopped, match=words) as failure:
        read(status, body)
    assert remedy in failure.value.remedy


def test_a_reply_that_cannot_be_read_shows_no_images():
    assert shown_images(b"<html>", base_url="https://api.example.com") == ()


@pytest.mark.parametrize(
    ("given_url", "whole"),
    [
        ("/renders/1.png", "https://api.example.com/renders/1.png"),
        ("renders/a%3A.png?", "https://api.example.com/renders/a%3A.png"),
        ("/a/../b%2F.png?sig=%7E?", "https://api.example.com/a/../b%2F.png?sig=%7E?"),
        ("//cdn.example.com/1.png", "https://cdn.example.com/1.png"),
        ("data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_a_relative_url_is_completed_and_a_strange_one_kept(given_url, whole):
    assert read(200, {"code": 0, "data": [{"url": given_url}]}).url == whole


UNKNOWN = [
    # 200 and nothing that can be trusted
    (200, b""),
    (200, b'{"code": 0, "data": {"images": [{"url": "https://cd'),
    (200, b"<html><body>502 Bad Gateway</body></html>"),
    (200, b'{"code": NaN, "data": [{"url": "https://cdn.example.com/1.png"}]}'),
    (200, b'{"code": 0, "data": NaN}'),
    (200, b"[" * 100_000),
    (200, b'{"code": 0, "data": ' + b"[" * 100_000),
    (200, b"\xff\xfe\x00"),
    (200, b"9" * 5000),
    (200, b"null"),
    (200, b'"ok"'),
    (200, {"code": 0, "message": "ok"}),
    (200, {"code": 0, "message": "ok", "data": None}),
    (200, {"code": 0, "message": "ok", "data": []}),
    (200, {"code": 0, "message": "ok", "data": "https://cdn.example.com/1.png"}),
    (200, {"code": 0, "message": "ok", "data": {"images": []}}),
    (200, {"code": 0, "message": "ok", "data": {"images": [{"b64": "AAAA"}, 7, None]}}),
    (200, {"code": 0, "message": "ok", "data": {"images": [{"url": 5}]}}),
    (200, {"code": 0, "message": "ok", "data": {"images": [{"url": "  "}]}}),
    (200, {"code": 0, "message": "ok", "data": {"images": [{"url": "https://x/\ud800.png"}]}}),
    (200, {"code": 0, "message": "ok", "data": {"images": [{"url": "https://x/\x00.png"}]}}),
    (204, b""),
    # 200 with a code and words that nobody knows
    (200, says(-1, "internal error")),
    (200, says(-1, "no credits were charged: generation failed")),
    (200, says(-1, "server busy, please try again later")),
    (200, says(1, "")),
    (200, says(*(True, "insufficiently described"))),
    (200, says(*(False, "ok"))),
    (200, says(200, "success")),
    (200, {"error": {"message": "something went wrong"}}),
    # an answer that contradicts itself
    (200, says(0, "prompt violates content policy")),
    (200, says(0, "too many requests", {"images": []})),
    (200, says(*(False, "ok"), SUCCESS)),
    (200, says(-1, "insufficient credits", SUCCESS)),
    (400, says(0, "ok", SUCCESS)),
    (500, says(0, "ok", SUCCESS)),
    # statuses after which work may have been done
    (300, b""),
    (301, b""),
    (302, b""),
    (303, b""),
    (304, b""),
    (307, b""),
    (308, b""),
    (408, b""),
    (409, says(409, "a request with this key is in flight")),
    (500, b""),
    (500, says(500, "insufficient credits")),
    (501, b""),
    (502, b"<html>Bad Gateway</html>"),
    (503, b""),
    (503, says(503, "too many requests")),
    (504, b""),
    (520, b""),
    (522, b""),
    (524, b""),
    (599, b""),
    (700, b""),
]


@pytest.mark.parametrize(("status", "body"), UNKNOWN)
def test_what_may_have_been_charged_is_unknown_and_its_proof_kept(status, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ReplyUnknown) as failure:
        read(status, content)
    assert (failure.value.http, failure.value.raw) == (status, content)
    assert type(failure.value) is ReplyUnknown


UNCHARGED = [
    (400, says(400, "n must be 1"), Rejected),
    (400, b"", Rejected),
    (404, b"<html>not found</html>", Rejected),
    (405, b"", Rejected),
    (413, b"", Rejected),
    (415, b"", Rejected),
    (422, says(422, "whatever"), Rejected),
    (418, b"", Rejected),
    (451, b"", Rejected),
    (400, says(400, "Your request was rejected by our safety system"), PolicyRefused),
    (422, {"error": {"message": "no", "code": "content_policy_violation"}}, PolicyRefused),
    (403, says(403, "prompt violates content policy"), PolicyRefused),
    (200, says(-1, "prompt violates content policy"), PolicyRefused),
    (200, says(-1, "Invalid size: must be one of 1:1, 4:3"), Rejected),
    (200, {"error": {"message": "prompt is required"}}, Rejected),
    (200, says(-1, "insufficient credits"), ProviderStopped),
    (200, says(-1, "invalid api key"), ProviderStopped),
    (200, says(-1, "no auth, please sign in"), ProviderStopped),
    (400, {"error": {"message": "x", "code": "insufficient_quota"}}, ProviderStopped),
    (400, says(400, "API key not valid"), ProviderStopped),
    (401, b"", ProviderStopped),
    (401, says(401, "whatever"), ProviderStopped),
    (402, b"", ProviderStopped),
    (403, b"<html>forbidden</html>", ProviderStopped),
    (403, says(403, "model not allowed for this account"), ProviderStopped),
    (429, {"error": {"message": "You exceeded your current quota"}}, ProviderStopped),
    (429, b"", Throttled),
    (429, says(429, "slow down"), Throttled),
    (429, says(-1, "content policy"), Throttled),
    (200, says(-1, "Too many requests"), Throttled),
    (200, says(-1, "rate limit reached"), Throttled),
    (400, says(400, "rate_limit_exceeded"), Throttled),
]


@pytest.mark.parametrize(("status", "body", "ending"), UNCHARGED)
def test_what_was_refused_was_not_charged(status, body, ending):
    with pytest.raises(ProviderError) as failure:
        read(status, body, request_id="r-1")
    assert type(failure.value) is ending
    assert failure.value.http == status
    assert failure.value.request_id == "r-1"


def test_a_refusal_repeats_the_providers_words_on_one_line():
    with pytest.raises(Rejected, match=r"HTTP 400.*size must be 4:3 or 1:1$"):
        read(400, says(400, "size must be\n\t4:3\x1b or 1:1\ud800"))


def test_a_refusal_whose_body_broke_off_is_still_a_refusal():
    with pytest.raises(ProviderStopped):
        read(401, b'{"code": 401, "mess', trouble="reset")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("", None), ("soon", None)])
def test_a_503_with_retry_after_is_a_throttle(header, seconds):
    with pytest.raises(Throttled) as failure:
        read(503, b"", retry_after=header)
    assert failure.value.retry_after == seconds


def test_a_409_can_be_told_from_other_doubts():
    with pytest.raises(ReplyUnknown) as failure:
        read(409, b"")
    assert failure.value.http == 409


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        (" 2.5 ", 2.5),
        ("0", 0.0),
        ("-1", 0.0),
        ("NaN", None),
        ("inf", 300.0),
        ("1e999", 300.0),
        ("9" * 400, 300.0),
        ("Sun, 22 Nov 2026 06:00:10 GMT", 10.0),
        ("Sun, 22 Nov 2026 06:00:10 -0000", 10.0),
        ("Sun, 22 Nov 2026 05:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2099 06:00:00 GMT", 300.0),
        ("Sun, 99 Nov 2026 06:00:00 GMT", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_every_form_and_clamped(header, seconds):
    assert seconds_to_wait(header, now=NOW) == seconds


def test_a_compressed_answer_that_nobody_asked_for_is_read():
    body = gzip.compress(json.dumps({"code": 0, "data": SUCCESS}).encode())
    assert read(200, body, encoding="gzip").url == "https://cdn.example.com/1.png"


def test_a_gzip_bomb_unfolds_to_the_limit_and_no_further():
    bomb = Reply(status=200, body=gzip.compress(bytes(20 * REPLY_LIMIT)), encoding="gzip")
    assert len(unfold(bomb)) == REPLY_LIMIT


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"code": 0, "data": {"remaining": 88}}, 88),
        ({"code": 0, "data": {"balance": 7}}, 7),
        ({"code": 0, "data": {"remaining": True}}, None),
        ({"code": 0, "data": []}, None),
        ({"code": 0}, None),
        ([], None),
    ],
)
def test_a_balance_is_read_where_it_is_told(body, left):
    assert remaining_credits(Reply(status=200, body=json.dumps(body).encode())) == left


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "message", "data", "images", "url", "error"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(100, 999), body=anything, retry_after=st.none() | st.text(max_size=12))
def test_no_answer_whatever_ends_in_a_traceback(status, body, retry_after):
    try:
        ending = read(status, body, retry_after=retry_after)
    except ProviderError as error:
        ending = error
    assert isinstance(ending, Receipt | ProviderError)
