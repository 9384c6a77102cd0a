"""A refusal that says it charged: the money is in doubt, whatever the wording or the language."""

import json

import pytest

from pipeline.errors import PolicyRefused, ProviderError, ReplyUnknown
from pipeline.model.money import Amount
from pipeline.network.reply import Reply
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.providers.replies import read_receipt


def ending(status, body, **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ProviderError) as failure:
        read_receipt(
            Reply(status=status, body=content, **more),
            profile=PROFILES[GPTIMAGE],
            price=Amount(2),
            base_url="https://api.example.com",
        )
    return failure.value


WORDS = [
    "2 credits were charged",
    "You have been charged 2 credits.",
    "charged: 2",
    "Credits charged: 2",
    "2 credits have been deducted from your balance",
    "Your account was debited 2 credits",
    "this request was billed",
    "this request will be billed",
    "2 credits used",
    "used 2 credits",
    "2 credits were consumed",
    "credits_consumed=2",
    "this counts against your quota",
    "a charge of 2 credits applies",
    "You were not charged twice: 2 credits were charged once",
    "not allowed here; 2 credits were charged",
    "There is no refund, 2 credits were deducted",
    "Es wurden 2 Credits berechnet",
    "2 Credits wurden abgezogen",
    "Ihrem Konto wurden 2 Punkte belastet",
    "2 crédits ont été débités",
    "2 crédits facturés",
    "Se cobraron 2 créditos",
    "Se han descontado 2 créditos",
    "2 créditos foram cobrados",
    "Sono stati addebitati 2 crediti",
    "Er zijn 2 credits in rekening gebracht",
    "Pobrano 2 kredyty",
    "Bylo odečteno 2 kreditů",
    "Списано 2 кредита",
    "2 kredi tahsil edildi",
    "2 krediter har dragits",
    "2 krediittiä veloitettiin",
    "2 kreditet levontunk",
    "已扣除2个积分",
    "本次消耗2积分",
    "扣费2点数",
    "2クレジットが消費されました",
    "2ポイント課金されました",
    "2 크레딧이 차감되었습니다",
    "تم خصم 2 نقاط",
    "2 קרדיטים נוכו",
    "หัก 2 เครดิต",
    "đã trừ 2 điểm",
    "2 kredit telah dipotong",
    "2 क्रेडिट काट लिए गए",
    "2 πιστώσεις χρεώθηκαν",
]
STYLES = {
    "a real status": lambda words: (400, {"code": 400, "message": words}),
    "an envelope": lambda words: (
        200,
        {"code": -1, "message": f"content policy violation. {words}"},
    ),
    "an error object": lambda words: (403, {"error": {"message": "content policy", "note": words}}),
    "plain text": lambda words: (422, words.encode()),
    "a throttle": lambda words: (429, {"code": 429, "detail": [{"msg": f"Too many. {words}"}]}),
}
OF_LIMITS_TOO = {"this counts against your quota", "2 credits used", "used 2 credits"}
"""Words that a throttle says of its limit."""


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("style", [*STYLES][:4])
def test_a_refusal_that_says_it_charged_is_a_doubt(words, style):
    """It was freed as if the provider had said that nothing was taken."""
    status, body = STYLES[style](words)
    found = ending(status, body)
    assert type(found) is ReplyUnknown
    assert "says that it was charged" in str(found)


@pytest.mark.parametrize("words", ["2 credits were charged", "已扣除2个积分", "Списано 2 кредита"])
@pytest.mark.parametrize("status", [401, 402, 403, 404, 413, 429, 503])
def test_no_status_makes_a_charge_free(words, status):
    found = ending(status, {"message": words}, retry_after="1")
    assert type(found) is ReplyUnknown


FIELDS = [
    {"credits_used": 2},
    {"creditsUsed": 2},
    {"credits_charged": "2"},
    {"data": {"charged": 2}},
    {"data": {"charged": True}},
    {"charge": {"amount": 2, "unit": "credits"}},
    {"usage": {"credits": 2}},
    {"usage": {"total_tokens": 1756}},
    {"usage": 2},
    {"usage": "2 credits"},
    {"cost": 0.04},
    {"error": {"cost": "0.04"}},
    {"meta": {"billing": {"deducted": 2}}},
    {"total_cost": 2},
    {"data": [{"billed": 2}]},
    {"credits": 2},
]


@pytest.mark.parametrize("fields", FIELDS)
def test_a_field_that_counts_a_charge_is_a_doubt(fields):
    assert type(ending(400, {"message": "content policy", **fields})) is ReplyUnknown
    assert type(ending(200, {"code": 9, "message": "content policy", **fields})) is ReplyUnknown


@pytest.mark.parametrize("name", ["X-Credits-Charged", "X-Credits-Used", "X-Request-Cost"])
def test_a_header_that_counts_a_charge_is_a_doubt(name):
    assert type(ending(400, {"message": "no"}, charge_headers={name: "2"})) is ReplyUnknown
    assert type(ending(400, {"message": "no"}, charge_headers={name: "0"})) is not ReplyUnknown


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ({"message": "12 credits were charged"}, 12),
        ({"message": "no", "credits_charged": 12}, 12),
        ({"message": "no", "usage": {"credits": 12}}, 12),
        ({"message": "charged"}, 0),
        ({"message": "no", "usage": {"total_tokens": 1756}}, 0),
        ({"message": "no", "credits_used": 1_700_000_000}, 0),
    ],
)
def test_a_doubt_holds_as_much_as_the_answer_says(body, most):
    """Twelve credits are said where two were reserved: the interval must reach to twelve."""
    assert ending(400, body).credits_said == most


FREE = [
    (400, {"message": "content policy; nothing was charged"}),
    (400, {"message": "content policy. You were not charged."}),
    (400, {"message": "content policy: no credits were deducted"}),
    (400, {"message": "content policy, your account wasn't charged"}),
    (400, {"message": "content policy. Credits charged: 0"}),
    (400, {"message": "content policy", "credits_used": 0, "charged": False, "cost": "0.00"}),
    (400, {"message": "content policy", "usage": {"credits": 0}}),
    (400, {"message": "content policy", "charged_at": "2026-11-30", "billing_url": "https://x/2"}),
    (400, {"message": "quality must be low (2 credits), medium (6 credits) or high (12 credits)"}),
    (400, {"message": "prompt is too long: a person in charge of it must cut it"}),
    (402, {"message": "insufficient credits: this would be charged 12", "credits": 3, "cost": 12}),
    (402, {"message": "insufficient credits: this costs 12 credits, 3 credits are left"}),
    (200, {"code": -1, "message": "insufficient balance", "required": 12, "balance": 3}),
    (429, {"message": "rate limit", "limit": 10, "used": 10, "usage": {"requests": 10}}),
    (429, {"message": "You exceeded your current quota: used up", "used": 100}),
    (401, {"message": "invalid api key"}),
    (404, {"message": "the model has been withdrawn"}),
]


@pytest.mark.parametrize(("status", "body"), FREE)
def test_a_refusal_that_charged_nothing_stays_free(status, body):
    assert type(ending(status, body)) is not ReplyUnknown


def test_a_charged_refusal_keeps_its_words_and_its_proof():
    found = ending(400, {"message": "content policy: 2 credits were charged"}, request_id="r-1")
    assert str(found) == (
        "the provider refused the request and says that it was charged"
        " (HTTP 400): content policy: 2 credits were charged"
    )
    assert (found.http, found.request_id) == (400, "r-1")
    assert b"2 credits" in found.raw


def test_a_policy_refusal_alone_stays_a_refusal():
    assert type(ending(400, {"message": "content policy"})) is PolicyRefused
