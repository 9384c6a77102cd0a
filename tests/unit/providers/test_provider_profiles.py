"""The table of known texts, row by row, and what planning reads from a profile."""

import re
import subprocess
import sys

import pytest

from pipeline.model.provider import Meaning, Support
from pipeline.model.request import Quality
from pipeline.providers.profiles import EMBEDDED, GPTIMAGE, PROFILES
from pipeline.providers.replies import _meaning

TEXTS = [
    ("insufficient credits", Meaning.FUNDS),
    ("insufficient_quota", Meaning.FUNDS),
    ("Insufficient balance, please top up", Meaning.FUNDS),
    ("not enough points", Meaning.FUNDS),
    ("you are out of credits", Meaning.FUNDS),
    ("You have no credits left", Meaning.FUNDS),
    ("credits exhausted", Meaning.FUNDS),
    ("your balance is too low", Meaning.FUNDS),
    ("You exceeded your current quota, please check your plan", Meaning.FUNDS),
    ("payment_required", Meaning.FUNDS),
    ("billing_hard_limit_reached", Meaning.FUNDS),
    ("please recharge your account", Meaning.FUNDS),
    ("invalid api key", Meaning.KEY),
    ("Incorrect API key provided", Meaning.KEY),
    ("missing api key: send it as Bearer", Meaning.KEY),
    ("invalid_api_key", Meaning.KEY),
    ("expired token", Meaning.KEY),
    ("API key not valid. Please pass a valid API key.", Meaning.KEY),
    ("The apikey you sent has expired", Meaning.KEY),
    ("Unauthorized", Meaning.KEY),
    ("request is unauthenticated", Meaning.KEY),
    ("authentication failed", Meaning.KEY),
    ("no auth, please sign in", Meaning.KEY),
    ("permission_denied", Meaning.KEY),
    ("this account was suspended", Meaning.KEY),
    ("rate limit reached", Meaning.THROTTLE),
    ("rate_limit_exceeded", Meaning.THROTTLE),
    ("Too many requests", Meaning.THROTTLE),
    ("too many concurrent requests", Meaning.THROTTLE),
    ("requests are too frequent", Meaning.THROTTLE),
    ("concurrency limit reached", Meaning.THROTTLE),
    ("the request was throttled", Meaning.THROTTLE),
    ("prompt violates content policy", Meaning.POLICY),
    ("content_policy_violation", Meaning.POLICY),
    ("policy-restricted prompt", Meaning.POLICY),
    ("moderation_blocked", Meaning.POLICY),
    ("Your request was rejected by our safety system", Meaning.POLICY),
    ("content_filter", Meaning.POLICY),
    ("contains sensitive words", Meaning.POLICY),
    ("the prompt was flagged", Meaning.POLICY),
    ("this violates our policies", Meaning.POLICY),
    ("invalid prompt: violates our content policy", Meaning.POLICY),
    ("invalid size", Meaning.INVALID),
    ("invalid_request_error", Meaning.INVALID),
    ("Invalid request", Meaning.INVALID),
    ("unsupported ratio", Meaning.INVALID),
    ("missing required parameter: prompt", Meaning.INVALID),
    ("prompt is required", Meaning.INVALID),
    ("the fields prompt and size are missing", Meaning.INVALID),
    ("size: is given twice", Meaning.INVALID),
    ("n must be from 1 to 10", Meaning.INVALID),
    ("model gpt-image-9 does not exist", Meaning.INVALID),
    ("this size is not supported", Meaning.INVALID),
    ("prompt is too long", Meaning.INVALID),
    ("Bad Request", Meaning.INVALID),
    ("the picture could not be painted; nothing was charged", Meaning.INVALID),
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
    assert _meaning(text, PROFILES[GPTIMAGE]) is meaning


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
    assert [profile.price(quality) for quality in Quality] == [2, 6, 12]
    assert profile.caps.ratios == ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1")


def test_nothing_undocumented_is_assumed_of_the_real_service():
    caps = PROFILES[GPTIMAGE].caps
    assert (caps.replays_keys, caps.varies, caps.references) == (False, False, Support.NO)
    assert not PROFILES[GPTIMAGE].play_money


def test_the_embedded_server_replays_keys_varies_and_takes_play_money():
    profile = PROFILES[EMBEDDED]
    assert (profile.caps.replays_keys, profile.caps.varies, profile.play_money) == (True,) * 3


def test_profiles_and_registry_are_read_without_the_network_client():
    code = (
        "import sys, pipeline.providers.profiles, pipeline.providers.registry; "
        "sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
