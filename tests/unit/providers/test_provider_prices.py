"""What models charge, held against the prices that providers publish."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.model.money import Amount
from pipeline.model.providers.request import Quality, Reference, RenderRequest
from pipeline.model.providers.sizing import sides_of
from pipeline.providers.openai_api.models import OPENAI_PROFILE

NANO = 10**9
NOTHING = {"input_tokens": 0, "output_tokens": 0}


def wanted(model, size, quality, **more):
    request = {"prompt": "a can of soda", "model": model, "size": size, "quality": quality}
    return RenderRequest(**request | more)


@pytest.mark.parametrize(
    ("model", "size", "quality", "dollars"),
    [
        ("gpt-image-2", "1024x1024", "low", 0.006),
        ("gpt-image-2", "1024x1024", "medium", 0.053),
        ("gpt-image-2", "1024x1024", "high", 0.211),
        ("gpt-image-2", "1536x1024", "high", 0.165),
        ("gpt-image-2", "1024x1536", "high", 0.165),
        ("gpt-image-2-2026-04-21", "1024x1024", "high", 0.211),
        ("gpt-image-1.5", "1024x1024", "low", 0.009),
        ("gpt-image-1.5", "1024x1024", "medium", 0.034),
        ("gpt-image-1.5", "1024x1024", "high", 0.133),
        ("gpt-image-1.5", "1024x1536", "high", 0.200),
    ],
)
def test_the_likely_price_is_the_published_one(model, size, quality, dollars):
    quote = OPENAI_PROFILE.quote(wanted(model, size, Quality(quality)))
    assert quote.likely / NANO == pytest.approx(dollars, abs=0.0006)
    assert quote.likely < quote.at_most < 2 * quote.likely


@pytest.mark.parametrize(
    ("quality", "tokens"), [(Quality.LOW, 196), (Quality.MEDIUM, 1756), (Quality.HIGH, 7024)]
)
def test_the_formula_gives_the_tokens_that_users_measured(quality, tokens):
    pricing = OPENAI_PROFILE.image_model("gpt-image-2").pricing
    assert pricing.output.tokens(quality, 1024, 1024) == tokens


def test_a_reference_costs_a_cent_and_a_quarter():
    one = Reference(path="can.png", sha256="0" * 64)
    plain = OPENAI_PROFILE.quote(wanted("gpt-image-2", "1024x1024", Quality.LOW))
    edit = OPENAI_PROFILE.quote(
        wanted("gpt-image-2", "1024x1024", Quality.LOW, references=(one, one))
    )
    assert edit.likely - plain.likely == 2 * 12_288_000


@pytest.mark.parametrize("model", sorted(OPENAI_PROFILE.models))
def test_every_model_has_a_price_for_whatever_it_renders(model):
    known = OPENAI_PROFILE.image_model(model)
    for quality in known.caps.qualities:
        assert OPENAI_PROFILE.highest_price(quality, model) > 0


def test_models_without_a_table_reserve_a_generous_sum():
    for quality in (Quality.HIGH, Quality.MAX):
        quote = OPENAI_PROFILE.quote(wanted("gpt-image-2.5-flare", "1024x1024", quality))
        assert quote.at_most >= 2.9 * quote.likely


def usage(text_in, image_in, out, **more):
    return {
        "input_tokens": text_in + image_in,
        "input_tokens_details": {"text_tokens": text_in, "image_tokens": image_in},
        "output_tokens": out,
        "total_tokens": text_in + image_in + out,
        **more,
    }


@pytest.mark.parametrize(
    ("told", "charged"),
    [
        (usage(50, 0, 196), 50 * 5_000 + 196 * 30_000),
        (usage(50, 1536, 196), 50 * 5_000 + 1536 * 8_000 + 196 * 30_000),
        # tokens whose kind is not told count as the dearest kind
        ({"input_tokens": 50, "output_tokens": 196}, 50 * 8_000 + 196 * 30_000),
        ({"input_tokens": 9, "output_tokens": 1, "input_tokens_details": None}, 9 * 8_000 + 30_000),
        (
            usage(0, 0, 200, output_tokens_details={"text_tokens": 4, "image_tokens": 196}),
            200 * 30_000,
        ),
    ],
)
def test_usage_is_charged_token_by_token(told, charged):
    assert OPENAI_PROFILE.image_model("gpt-image-2").pricing.charged(told) == Amount(charged)


def test_text_that_a_model_writes_has_its_own_price_where_it_is_known():
    told = usage(0, 0, 200, output_tokens_details={"text_tokens": 4, "image_tokens": 196})
    pricing = OPENAI_PROFILE.image_model("gpt-image-1.5").pricing
    assert pricing.charged(told) == 4 * 10_000 + 196 * 32_000


@pytest.mark.parametrize(
    "told",
    [None, {}, [], "12", NOTHING, {"input_tokens": 5}, {"output_tokens": True}]
    + [{"input_tokens": 5, "output_tokens": wrong} for wrong in (-1, 1.5, "7", None, 10**12)],
)
def test_what_is_no_count_of_tokens_is_no_price(told):
    assert OPENAI_PROFILE.image_model("gpt-image-2").pricing.charged(told) is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    words=st.text(max_size=200),
    quality=st.sampled_from(list(Quality)),
    ratio=st.sampled_from(OPENAI_PROFILE.image_model("gpt-image-2.5-flare").caps.ratios),
    model=st.sampled_from(sorted(OPENAI_PROFILE.models)),
)
def test_what_the_expected_usage_costs_is_never_more_than_was_reserved(
    words, quality, ratio, model
):
    """A token has at least one byte, so a prompt never takes more tokens than it has bytes."""
    known = OPENAI_PROFILE.image_model(model)
    if quality not in known.caps.qualities or ratio not in known.caps.ratios:
        return
    size = OPENAI_PROFILE.wire_size(model, ratio)
    request = wanted(model, size, quality, prompt=words)
    tokens = known.pricing.output.tokens(quality, *sides_of(size))
    charged = known.pricing.charged(usage(len(words.encode()), 0, tokens))
    assert charged <= OPENAI_PROFILE.quote(request).at_most
