"""The table of known texts, row by row, and what planning reads from a profile."""

import re
import subprocess
import sys

import pytest

from pipeline.model.money import Quote
from pipeline.model.providers.profile import BASE_QUALITIES, Dedupe, Support, TextMeaning
from pipeline.model.providers.request import RenderRequest
from pipeline.providers.envelope import Envelope
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.providers.replies import _known

TEXTS = [
    ("insufficient credits", TextMeaning.FUNDS),
    ("insufficient_quota", TextMeaning.FUNDS),
    ("the project's spend limit was exceeded", TextMeaning.FUNDS),
    ("Your organization must be verified to use the model", TextMeaning.ACCOUNT),
    ("Country, region, or territory not supported", TextMeaning.ACCOUNT),
    ("Insufficient balance, please top up", TextMeaning.FUNDS),
    ("not enough points", TextMeaning.FUNDS),
    ("you are out of credits", TextMeaning.FUNDS),
    ("You have no credits left", TextMeaning.FUNDS),
    ("credits exhausted", TextMeaning.FUNDS),
    ("your balance is too low", TextMeaning.FUNDS),
    ("You exceeded your current quota, please check your plan", TextMeaning.FUNDS),
    ("payment_required", TextMeaning.FUNDS),
    ("billing_hard_limit_reached", TextMeaning.FUNDS),
    ("please recharge your account", TextMeaning.FUNDS),
    ("invalid api key", TextMeaning.KEY),
    ("Incorrect API key provided", TextMeaning.KEY),
    ("missing api key: send it as Bearer", TextMeaning.KEY),
    ("invalid_api_key", TextMeaning.KEY),
    ("expired token", TextMeaning.KEY),
    ("API key not valid. Please pass a valid API key.", TextMeaning.KEY),
    ("The apikey you sent has expired", TextMeaning.KEY),
    ("Unauthorized", TextMeaning.KEY),
    ("request is unauthenticated", TextMeaning.KEY),
    ("authentication failed", TextMeaning.KEY),
    ("no auth, please sign in", TextMeaning.KEY),
    ("permission_denied", TextMeaning.KEY),
    ("this account was suspended", TextMeaning.KEY),
    ("rate limit reached", TextMeaning.THROTTLE),
    ("rate_limit_exceeded", TextMeaning.THROTTLE),
    ("Too many requests", TextMeaning.THROTTLE),
    ("too many concurrent requests", TextMeaning.THROTTLE),
    ("requests are too frequent", TextMeaning.THROTTLE),
    ("concurrency limit reached", TextMeaning.THROTTLE),
    ("the request was throttled", TextMeaning.THROTTLE),
    ("prompt violates content policy", TextMeaning.POLICY),
    ("content_policy_violation", TextMeaning.POLICY),
    ("policy-restricted prompt", TextMeaning.POLICY),
    ("moderation_blocked", TextMeaning.POLICY),
    ("Your request was rejected by our safety system", TextMeaning.POLICY),
    ("content_filter", TextMeaning.POLICY),
    ("contains sensitive words", TextMeaning.POLICY),
    ("the prompt was flagged", TextMeaning.POLICY),
    ("this violates our policies", TextMeaning.POLICY),
    ("invalid prompt: violates our content policy", TextMeaning.POLICY),
    ("invalid size", TextMeaning.INVALID),
    ("invalid_request_error", TextMeaning.INVALID),
    ("Invalid request", TextMeaning.INVALID),
    ("unsupported ratio", TextMeaning.INVALID),
    ("missing required parameter: prompt", TextMeaning.INVALID),
    ("prompt is required", TextMeaning.INVALID),
    ("the fields prompt and size are missing", TextMeaning.INVALID),
    ("size: is given twice", TextMeaning.INVALID),
    ("n must be from 1 to 10", TextMeaning.INVALID),
    ("model gpt-image-9 does not exist", TextMeaning.INVALID),
    ("this size is not supported", TextMeaning.INVALID),
    ("prompt is too long", TextMeaning.INVALID),
    ("Bad Request", TextMeaning.INVALID),
    ("the picture could not be painted; nothing was charged", TextMeaning.INVALID),
    # what could follow finished work, or says nothing of money, stays unknown
    ("", None),
    ("internal error", None),
    ("error", None),
    ("failed", None),
    ("generation failed, please try again later", None),
    ("server busy", None),
    ("The engine is currently overloaded", None),
    ("no credits were charged: generation failed", None),
    ("your credits have been refunded", None),
    ("timeout while waiting for the image", None),
    ("upstream error", None),
    ("unexpected token < in JSON", None),
    ("invalid image returned by the renderer", None),
]


@pytest.mark.parametrize(("text", "meaning"), TEXTS)
def test_a_text_means_what_the_table_says(text, meaning):
    found = _known(Envelope(readable=True, text=text), PROFILES[GPTIMAGE])
    assert (found.meaning if found else None) is meaning


def test_every_pattern_of_the_table_is_met_by_a_row_of_this_test():
    words = [re.sub(r"[\s_-]+", " ", text) for text, _ in TEXTS]
    unmet = [
        known.pattern
        for known in PROFILES[GPTIMAGE].known_texts
        if not any(re.search(known.pattern, text, re.IGNORECASE) for text in words)
    ]
    assert unmet == []


@pytest.mark.parametrize("name", [GPTIMAGE, EMBEDDED])
def test_the_documented_prices_and_ratios_stand_in_both_profiles(name):
    profile = PROFILES[name]
    assert [profile.price(quality) for quality in BASE_QUALITIES] == [2, 6, 12]
    for quality in BASE_QUALITIES:
        request = RenderRequest(prompt="a can", model=profile.model, size="1:1", quality=quality)
        price = profile.price(quality)
        assert profile.quote(request) == Quote(likely=price, at_most=price)
    assert profile.caps.ratios == ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1")


def test_nothing_undocumented_is_assumed_of_the_real_service():
    caps = PROFILES[GPTIMAGE].caps
    assert (caps.dedupe, caps.varies, caps.references) == (Dedupe.NONE, False, Support.NO)
    assert not PROFILES[GPTIMAGE].play_money


def test_the_embedded_server_replays_keys_varies_and_takes_play_money():
    profile = PROFILES[EMBEDDED]
    assert (profile.caps.dedupe, profile.caps.varies, profile.play_money) == (
        Dedupe.KEY,
        True,
        True,
    )


def test_profiles_and_registry_are_read_without_the_network_client():
    code = (
        "import sys, pipeline.providers.profiles, pipeline.providers.registry; "
        "sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
