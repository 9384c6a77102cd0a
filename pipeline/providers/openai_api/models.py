"""The profiles of the official OpenAI Images API, and of servers that are shaped like it.

Planning uses them, so this module must not import a network client. Sources, looked up on
2026-11-30: the types of openai 3.57.0, OpenAI's OpenAPI of August 2026, its model and error pages
for fields, sizes and codes; tables of third parties for prices of tokens; measurements of users for
the number of output tokens. Prices are nano-dollars a token: $30 a million tokens are 30,000.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from pipeline.model.providers.prices import PerToken, TokenFormula, TokenTable, Unpriced
from pipeline.model.providers.profile import (
    BASE_QUALITIES,
    MEGABYTE,
    Caps,
    KnownCode,
    Profile,
    ProviderModel,
    Support,
    TextMeaning,
)
from pipeline.model.providers.request import OutputFormat, Quality
from pipeline.model.providers.sizing import USUAL_PIXELS, Listed, Pixels
from pipeline.providers.names import COMPATIBLE, OPENAI, UNITS

_LARGEST_REPLY = 64 * MEGABYTE

_ANY_PIXELS = Caps(
    ratios=(*USUAL_PIXELS, "3:1", "1:3"),
    sizing=Pixels(),
    references=Support.YES,
    largest_reply=_LARGEST_REPLY,
    transparent=Support.PREVIEW,
    output_formats=tuple(OutputFormat),
    mask=Support.YES,
    batch=Support.YES,
    images_per_minute={1: 5, 2: 20, 3: 50, 4: 150, 5: 250},
)
_THREE_SIZES = replace(
    _ANY_PIXELS,
    ratios=("1:1", "3:2", "2:3"),
    ratios_only=True,
    sizing=Listed(sizes=("1024x1024", "1536x1024", "1024x1536")),
    transparent=Support.YES,
)
_FINER = (*BASE_QUALITIES, Quality.XHIGH, Quality.MAX)

_GRID = {Quality.LOW: 16, Quality.MEDIUM: 48, Quality.HIGH: 96}
_FORMULA = TokenFormula(grid=_GRID)
_PUBLISHED = TokenTable(
    published={
        Quality.LOW: {"1024x1024": 272, "1536x1024": 400, "1024x1536": 408},
        Quality.MEDIUM: {"1024x1024": 1056, "1536x1024": 1568, "1024x1536": 1584},
        Quality.HIGH: {"1024x1024": 4160, "1536x1024": 6208, "1024x1536": 6240},
    }
)
_MINI = TokenTable(
    published={
        Quality.LOW: {"1024x1024": 625, "1536x1024": 750, "1024x1536": 750},
        Quality.MEDIUM: {"1024x1024": 1375, "1536x1024": 1875, "1024x1536": 1875},
        Quality.HIGH: {"1024x1024": 4500, "1536x1024": 6500, "1024x1536": 6500},
    }
)
"""The published prices of an image, $0.005 to $0.052, in output tokens of $8 a million."""
_UNMEASURED = TokenFormula(grid=_GRID | {Quality.XHIGH: 128, Quality.MAX: 160})
"""A guess for models whose output tokens nobody has published."""
_GENEROUS = Fraction(3)
"""What is reserved over a guess; the usage in the reply settles it."""

_IMAGE_2 = PerToken(text_in=5_000, image_in=8_000, image_out=30_000, output=_FORMULA)
_IMAGE_2_5 = replace(_IMAGE_2, output=_UNMEASURED, margin=_GENEROUS)
"""Also of 2.6. Its rates are on its model page; tokens of an image are published for neither."""
_IMAGE_1_5 = replace(_IMAGE_2, image_out=32_000, text_out=10_000, output=_PUBLISHED)
_IMAGE_1_MINI = replace(
    _IMAGE_2,
    text_in=2_000,
    image_in=2_500,
    image_out=8_000,
    output=_MINI,
    margin=Fraction(3, 2),
)


def _models() -> Mapping[str, ProviderModel]:
    two_five = replace(_ANY_PIXELS, qualities=_FINER, transparent=Support.YES, batch=Support.NO)
    two_six = replace(two_five, batch=Support.PREVIEW)
    found = {
        "gpt-image-2": (_ANY_PIXELS, _IMAGE_2),
        "gpt-image-2-2026-04-21": (_ANY_PIXELS, _IMAGE_2),
        "gpt-image-1.5": (_THREE_SIZES, _IMAGE_1_5),
        "gpt-image-1-mini": (_THREE_SIZES, _IMAGE_1_MINI),
        "chatgpt-image-latest": (_THREE_SIZES, replace(_IMAGE_1_5, margin=_GENEROUS)),
    }
    for kind in ("sunburst", "flare"):
        found[f"gpt-image-2.5-{kind}"] = (two_five, _IMAGE_2_5)
        found[f"gpt-image-2.5-{kind}-2026-09-08"] = (two_five, _IMAGE_2_5)
        found[f"gpt-image-2.6-{kind}"] = (two_six, _IMAGE_2_5)
    return {
        name: ProviderModel(name=name, caps=caps, pricing=pricing)
        for name, (caps, pricing) in found.items()
    }


_DALL_E = "was switched off on 2026-05-12; use gpt-image-2"

_RAISE_LIMIT = "raise the limit on the provider's billing page"
VERIFY = (
    "verify the organisation at https://platform.openai.com/settings/organization/general; "
    "it can take up to 15 minutes until that counts"
)
_CODES: Mapping[TextMeaning, Mapping[str, str]] = {
    TextMeaning.POLICY: {
        "moderation_blocked": "",
        "content_policy_violation": "",
        "content_filter": "",
    },
    TextMeaning.INVALID: {
        "invalid_value": "",
        "invalid_image_file": "",
        "unsupported_file_mimetype": "",
        "model_not_found": "",
        "DeploymentNotFound": "",
        "unknown_parameter": "",
        "missing_required_parameter": "",
        "string_above_max_length": "",
    },
    TextMeaning.KEY: {"invalid_api_key": "", "account_deactivated": ""},
    TextMeaning.ACCOUNT: {
        "unsupported_country_region_territory": "",
        "organization_not_verified": VERIFY,
        "organization_verification_required": VERIFY,
    },
    TextMeaning.FUNDS: {
        "insufficient_quota": "",
        "credit_balance_exhausted": "",
        "billing_not_active": "",
        "billing_hard_limit_reached": _RAISE_LIMIT,
        "organization_spend_limit_exceeded": _RAISE_LIMIT,
        "project_spend_limit_exceeded": _RAISE_LIMIT,
        "organization_usage_limit_exceeded": _RAISE_LIMIT,
    },
    TextMeaning.THROTTLE: {"rate_limit_exceeded": "", "slow_down": "", "server_is_overloaded": ""},
}

OPENAI_CODES = tuple(
    KnownCode(
        code=code,
        meaning=meaning,
        remedy=remedy,
        free_stage="input" if code == "moderation_blocked" else "",
    )
    for meaning, codes in _CODES.items()
    for code, remedy in codes.items()
)

OPENAI_PROFILE = Profile(
    name=OPENAI,
    model="gpt-image-2",
    prices={},
    caps=_ANY_PIXELS,
    models=_models(),
    gone={
        "gpt-image-1": "was switched off on 2026-10-23; use gpt-image-1.5 or gpt-image-2",
        "dall-e-2": _DALL_E,
        "dall-e-3": _DALL_E,
    },
    key_variable="OPENAI_API_KEY",
    unit=UNITS[OPENAI],
    known_codes=OPENAI_CODES,
)

_OWN_SERVER = replace(
    _ANY_PIXELS,
    qualities=_FINER,
    transparent=Support.PREVIEW,
    references=Support.PREVIEW,
    output_formats=(),
    mask=Support.PREVIEW,
    batch=Support.NO,
    reply_timeout=1800.0,
    images_per_minute={},
)
_JPEG_OR_PNG = (OutputFormat.PNG, OutputFormat.JPEG)

COMPATIBLE_PROFILE = Profile(
    name=COMPATIBLE,
    model="",
    prices={},
    caps=_OWN_SERVER,
    models={"": ProviderModel(name="", caps=_OWN_SERVER, pricing=Unpriced())},
    any_model=True,
    dialects={
        "plain": _OWN_SERVER,
        "vllm-omni": replace(_OWN_SERVER, mask=Support.YES),
        "sglang": replace(_OWN_SERVER, output_formats=tuple(OutputFormat), mask=Support.NO),
        "localai": replace(_OWN_SERVER, mask=Support.NO),
        "sd-cpp": replace(_OWN_SERVER, output_formats=_JPEG_OR_PNG),
        "xinference": _OWN_SERVER,
        "litellm": replace(_OWN_SERVER, output_formats=tuple(OutputFormat)),
        "azure": replace(_OWN_SERVER, output_formats=_JPEG_OR_PNG),
    },
    key_variable="COMPATIBLE_API_KEY",
    unit=UNITS[COMPATIBLE],
    known_codes=OPENAI_CODES,
)
