"""Every row of the table of answers of the OpenAI Images API, with its money.

Each row is read from its sealed reply, as a run does, and as the next run does after a crash.
"""

import base64
import io
import json

import pytest
from fake_provider import png

from pipeline.errors import (
    PolicyRefused,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.money import Amount
from pipeline.model.outcome import Receipt
from pipeline.network.reply import Reply
from pipeline.providers.names import OPENAI
from pipeline.providers.openai_api.kept_replies import KeptReply, picture_in
from pipeline.providers.profiles import PROFILES

AT_MOST = Amount(300_000_000)
PICTURE = png(32, 32)
B64 = base64.b64encode(PICTURE).decode()
LINES = "\n".join(B64[start : start + 76] for start in range(0, len(B64), 76))
USAGE = {
    "input_tokens": 12,
    "input_tokens_details": {"text_tokens": 12, "image_tokens": 0},
    "output_tokens": 196,
    "total_tokens": 208,
}
CHARGED = 12 * 5_000 + 196 * 30_000


def sealed(status, body, **head):
    """The file of a sealed reply."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    about = {"profile": "openai", "model": "gpt-image-2", "at_most": AT_MOST}
    about |= KeptReply.head_of(Reply(status=status, request_id="req_1", **head))
    return io.BytesIO(json.dumps(about).encode() + b"\n" + content)


def read(status, body, **head):
    kept = KeptReply.read("ab-1", sealed(status, body, **head))
    return kept.receipt(PROFILES[OPENAI])


def error(code, message="no", type_="invalid_request_error", **more):
    return {"error": {"code": code, "message": message, "type": type_, "param": None, **more}}


def moderated(stage=None):
    details = {} if stage is None else {"moderation_stage": stage, "categories": ["violence"]}
    return error(
        "moderation_blocked",
        "Your request was rejected by the safety system.",
        "image_generation_user_error",
        moderation_details=details,
    )


def success(*pictures, **more):
    return {"created": 1, "data": [{"b64_json": one} for one in pictures], **more}


def test_one_picture_with_usage_is_paid_by_usage():
    receipt = read(200, success(B64, usage=USAGE))
    assert (receipt.url, receipt.amount, receipt.in_doubt) == ("reply:ab-1", CHARGED, 0)
    assert (receipt.http, receipt.request_id) == (200, "req_1")


def test_without_usage_it_is_paid_and_what_it_cost_is_in_doubt():
    receipt = read(200, success(B64))
    assert isinstance(receipt, Receipt)
    assert (receipt.amount, receipt.in_doubt) == (0, AT_MOST)


def test_the_proof_is_the_json_without_the_picture():
    body = success(B64 * 1000, usage=USAGE)
    proof = json.loads(read(200, body).raw)
    assert proof["usage"] == USAGE
    assert len(proof["data"][0]["b64_json"]) < 100
    assert "kept in the file" in proof["data"][0]["b64_json"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(success(B64, usage=USAGE)).replace("/", "\\/"),
        json.dumps(success(B64, usage=USAGE)).replace("+", "\\u002B"),
        json.dumps(success(f"data:image/png;base64,{B64}", usage=USAGE)),
        json.dumps(success(LINES, usage=USAGE)),
        json.dumps(success(B64, usage=USAGE), indent=2),
    ],
    ids=["escaped slash", "escaped plus", "data URL", "lines", "indented"],
)
def test_a_picture_is_paid_and_whole_however_it_is_written(text):
    assert "/" in B64
    assert "+" in B64
    receipt = read(200, text.encode())
    assert receipt.amount == CHARGED
    assert b"".join(picture_in(sealed(200, text.encode()))) == PICTURE


DOUBTS = [
    ("no picture", 200, {"created": 1, "data": []}, 1),
    ("two pictures", 200, success(B64, B64, usage=USAGE), 2),
    ("cut base64", 200, success(B64[:-1], usage=USAGE), 1),
    ("no base64", 200, success("(none)!!", usage=USAGE), 1),
    ("cut JSON", 200, json.dumps(success(B64)).encode()[:-20], 1),
    ("an unknown error", 200, error("odd", "something happened", "odd"), 1),
    ("500 that blames the request", 500, error(None, "The server had an error"), 1),
    ("500 with a known code", 500, error("moderation_blocked"), 1),
    ("502", 502, b"<html><title>502 Bad Gateway</title></html>", 1),
    ("504", 504, b"", 1),
    ("524", 524, b"<!DOCTYPE html><title>a timeout occurred</title>", 1),
    ("408", 408, error(None, "timeout"), 1),
    ("409", 409, error("conflict"), 1),
    ("503 without Retry-After", 503, error("server_is_overloaded", "overloaded"), 1),
    ("usage in a refusal", 400, error("invalid_value") | {"usage": USAGE}, 1),
]


@pytest.mark.parametrize(
    ("status", "body", "images"), [row[1:] for row in DOUBTS], ids=[row[0] for row in DOUBTS]
)
def test_what_may_have_been_charged_is_a_doubt(status, body, images):
    with pytest.raises(ReplyUnknown) as doubt:
        read(status, body)
    assert doubt.value.images == images


@pytest.mark.parametrize(
    ("status", "body", "stage_is_told"),
    [
        (400, moderated("output"), True),
        (400, moderated("unheard of"), True),
        (400, moderated(), False),
        (400, error("moderation_blocked"), False),
    ],
)
def test_a_picture_that_was_refused_may_have_been_charged(status, body, stage_is_told):
    """The stage `output` was taken for a refusal of the prompt, which is free."""
    with pytest.raises(PolicyRefused, match="does not say whether it was charged") as refused:
        read(status, body)
    assert refused.value.in_doubt == AT_MOST
    assert ("stage" in str(refused.value).partition(":")[0]) == stage_is_told


@pytest.mark.parametrize(
    "body", [moderated("input"), error("content_policy_violation"), error("content_filter")]
)
def test_a_prompt_that_was_refused_is_free(body):
    with pytest.raises(PolicyRefused) as refused:
        read(400, body)
    assert refused.value.in_doubt == 0


FAILURES = [
    (400, error("invalid_value", "Invalid size '1024x1000'")),
    (400, error(None, "Invalid size: must be divisible by 16")),
    (400, error("invalid_image_file", "Invalid image file or mode")),
    (400, error("unsupported_file_mimetype", "unsupported mimetype")),
    (400, error("invalid_value", "The model 'gpt-image-9' does not exist")),
    (404, error("model_not_found", "The model `gpt-image-9` does not exist")),
    (413, b"<html>413 Request Entity Too Large</html>"),
    (422, {"detail": [{"loc": ["body", "size"], "msg": "bad"}]}),
]


@pytest.mark.parametrize(("status", "body"), FAILURES)
def test_a_request_that_was_not_valid_is_free(status, body):
    with pytest.raises(Rejected) as refused:
        read(status, body)
    assert type(refused.value) is Rejected
    assert refused.value.http == status


STOPS = [
    (400, error("billing_hard_limit_reached", "Billing hard limit has been reached"), "limit"),
    (400, error(None, "Your organization must be verified to use the model `x`."), "15 minutes"),
    (403, error(None, "Your organization must be verified to use the model `x`."), "15 minutes"),
    (401, error("invalid_api_key", "Incorrect API key provided: ***"), "OPENAI_API_KEY"),
    (401, error(None, "You didn't provide an API key."), "OPENAI_API_KEY"),
    (
        403,
        error("unsupported_country_region_territory", "Country, region not supported"),
        "what the account may do",
    ),
    (429, error("insufficient_quota", "You exceeded your current quota", "insufficient_quota"), ""),
    (429, error("credit_balance_exhausted", "Your credit balance is exhausted"), "add credits"),
    (429, error("organization_spend_limit_exceeded", "x", "rate_limit_error"), "raise the limit"),
    (429, error("project_spend_limit_exceeded", "x", "requests"), "raise the limit"),
    (429, error("organization_usage_limit_exceeded", "x", "tokens"), "raise the limit"),
]


@pytest.mark.parametrize(("status", "body", "remedy"), STOPS)
def test_what_no_further_request_can_pass_stops_the_run(status, body, remedy):
    """A spend limit arrives as 429, and was waited for."""
    with pytest.raises(ProviderStopped) as stopped:
        read(status, body)
    assert stopped.value.exit_code == 7
    assert remedy in stopped.value.remedy


def test_an_error_that_the_provider_will_not_have_repeated_stops_the_run():
    with pytest.raises(ProviderStopped, match="asking again is useless"):
        read(429, error("odd_limit", "no more", "odd"), should_retry="false")


TRY_AGAIN = "Rate limit reached for gpt-image-2 in organization org-1 on input-images per min. "
THROTTLES = [
    (429, error("rate_limit_exceeded", f"{TRY_AGAIN}Please try again in 12s."), {}, 12.0),
    (429, error("rate_limit_exceeded", f"{TRY_AGAIN}Please try again in 467ms."), {}, 0.467),
    (429, error("rate_limit_exceeded", f"{TRY_AGAIN}Please try again in 1m12.5s."), {}, 72.5),
    (429, error("rate_limit_exceeded", f"{TRY_AGAIN}Please try again in 2 minutes."), {}, 120.0),
    (429, error("rate_limit_exceeded", f"{TRY_AGAIN}Please try again in 7h."), {}, 300.0),
    (429, error("rate_limit_exceeded", "try again in 12s"), {"retry_after": "3"}, 3.0),
    (
        429,
        error("rate_limit_exceeded", "try again in 12s"),
        {"retry_after_ms": "1500", "retry_after": "2"},
        1.5,
    ),
    (429, error("slow_down", "Slow down"), {}, None),
    (429, error("rate_limit_exceeded", "please try again in a while"), {}, None),
    (429, error("rate_limit_exceeded", "slow"), {"should_retry": "false"}, None),
    (200, error("rate_limit_exceeded", "Please try again in 12s."), {}, 12.0),
    (503, error("server_is_overloaded", "busy"), {"retry_after": "9"}, 9.0),
    (503, error("server_is_overloaded", "busy"), {"retry_after_ms": "250"}, 0.25),
]


@pytest.mark.parametrize(("status", "body", "head", "seconds"), THROTTLES)
def test_a_throttle_is_free_and_names_the_seconds_wherever_they_stand(status, body, head, seconds):
    """`try again in 12s` without a header was asked again after a second."""
    with pytest.raises(Throttled) as wait:
        read(status, body, **head)
    assert wait.value.retry_after == (None if seconds is None else pytest.approx(seconds))


def test_a_code_says_more_than_the_words_beside_it():
    """A limit of spending was read as a limit of requests, since the type said so."""
    body = error("project_spend_limit_exceeded", "Rate limit: try again in 20s", "rate_limit_error")
    with pytest.raises(ProviderStopped):
        read(429, body)
