"""The profiles of the shipped providers: prices, capabilities and known error texts.

Planning uses them, so this module must not import a network client.
Source of prices, ratios and fields: the public GPT Image 2 API page. It documents no error bodies,
so the known texts are those of similar services, with and without HTTP error statuses.
Patterns contain spaces; `_` and `-` in a text are replaced by spaces before it is searched.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.model.money import Amount
from pipeline.model.names import ProfileName
from pipeline.model.providers.profile import Caps, Dedupe, KnownText, Profile, Support, TextMeaning
from pipeline.model.providers.request import Quality
from pipeline.providers.names import COMPATIBLE, EMBEDDED, GPTIMAGE, OPENAI
from pipeline.providers.openai_api.models import COMPATIBLE_PROFILE, OPENAI_PROFILE, VERIFY

_CREDIT_WORDS = r"(?:credits?|balance|funds?|quota|points)"

_FIELDS = r"(?:prompt|model|size|quality|background|n)"

_PATTERNS: Mapping[TextMeaning, tuple[str, ...]] = {
    TextMeaning.FUNDS: (
        # Funds come before throttles: "exceeded your current quota" also arrives as a 429.
        rf"\binsufficient {_CREDIT_WORDS}\b",
        rf"\b(?:not enough|out of) {_CREDIT_WORDS}\b",
        # Never only "no credits": "no credits were charged" may follow a failure of unknown cost.
        rf"\bno (?:remaining )?{_CREDIT_WORDS} (?:left|remaining|available)\b",
        (
            rf"\b{_CREDIT_WORDS} (?:is |are |has been |have been )?"
            r"(?:exhausted|depleted|used up|insufficient|too low|not enough)\b"
        ),
        r"\bexceeded your current quota\b",
        r"\bpayment required\b",
        r"\bbilling (?:hard|soft) limit",
        r"\bspend limit (?:has been |was )?(?:exceeded|reached)\b",
        r"\b(?:top ?up|recharge) (?:your )?(?:account|balance|credits)\b",
    ),
    TextMeaning.ACCOUNT: (
        r"\borgani[sz]ation must be verified\b",
        r"\b(?:country|region|territory),? .{0,40}\bnot supported\b",
    ),
    TextMeaning.KEY: (
        (
            r"\b(?:invalid|incorrect|missing|wrong|expired|revoked|unknown|no) "
            r"(?:api ?key|(?:access |auth |bearer )?token|credentials)\b"
        ),
        (
            r"\bapi ?key\b.{0,40}\b"
            r"(?:invalid|not valid|not found|expired|revoked|disabled|missing|required|incorrect)\b"
        ),
        r"\bunauthori[sz]ed\b|\bunauthenticated\b",
        r"\bauthentication (?:failed|required|error)\b",
        r"\bno auth\b|\bnot (?:logged|signed) in\b|\bplease (?:sign|log) ?in\b",
        r"\b(?:access|permission) denied\b",
        r"\baccount\b.{0,20}\b(?:suspended|disabled|banned|deactivated|blocked|frozen)\b",
    ),
    TextMeaning.THROTTLE: (
        # A throttled request is sent again, so only texts that cannot follow finished work count:
        # "server busy" and "overloaded" stay unknown.
        r"\brate ?limit",
        r"\btoo many (?:concurrent |pending )?requests\b",
        r"\brequests? (?:is |are )?too frequent",
        r"\bconcurrency limit",
        r"\brequests? (?:was |were |is )?throttled\b",
    ),
    TextMeaning.POLICY: (
        # Policy comes before invalid: "invalid prompt: violates our content policy".
        r"\b(?:content|usage|safety) polic(?:y|ies)\b",
        r"\bpolicy (?:violation|restricted)\b",
        r"\bmoderation\b|\bsafety system\b",
        r"\bcontent ?filter(?:ed)?\b",
        (
            r"\b(?:sensitive|prohibited|inappropriate|unsafe|disallowed|nsfw) "
            r"(?:content|words?|prompt|text)\b"
        ),
        r"\b(?:prompt|request|content)\b.{0,30}\b(?:blocked|flagged|violat\w+)\b",
        r"\bviolat\w+\b.{0,30}\bpolic(?:y|ies)\b",
    ),
    TextMeaning.INVALID: (
        (
            r"\binvalid (?:parameters?|params?|arguments?|requests?|size|quality|model|"
            r"prompt|values?|background|json|body|format|aspect|n)\b"
        ),
        r"\bnothing (?:was|has been) charged\b",
        (
            r"\b(?:unsupported|unknown|missing|unrecognized) (?:required )?"
            r"(?:parameters?|params?|fields?|arguments?|size|quality|model|ratio|value|background)\b"
        ),
        rf"\b{_FIELDS}\b.{{0,20}}\b(?:is|are) (?:required|missing)\b",
        rf"^{_FIELDS} ?:",
        rf"\b{_FIELDS} (?:must|should|cannot|can not)\b",
        (
            rf"\b(?:{_FIELDS}|ratio)\b.{{0,40}}\b"
            r"(?:not supported|not found|does not exist|not allowed)\b"
        ),
        r"\bprompt\b.{0,20}\btoo (?:long|short|large)\b",
        r"\bbad request\b|\bvalidation (?:error|failed)\b|\bmalformed (?:json|request)\b",
    ),
}

_KNOWN_TEXTS = tuple(
    KnownText(pattern=pattern, meaning=meaning, remedy=VERIFY if "verified" in pattern else "")
    for meaning, patterns in _PATTERNS.items()
    for pattern in patterns
)

_GPTIMAGE = Profile(
    name=GPTIMAGE,
    model="gpt-image-2",
    prices={Quality.LOW: Amount(2), Quality.MEDIUM: Amount(6), Quality.HIGH: Amount(12)},
    caps=Caps(
        ratios=("1:1", "4:3", "16:9", "9:21", "1:2", "2:1"),
        transparent=Support.YES,
    ),
    known_texts=_KNOWN_TEXTS,
)

_EMBEDDED = replace(
    _GPTIMAGE,
    name=EMBEDDED,
    caps=replace(
        _GPTIMAGE.caps,
        dedupe=Dedupe.KEY,
        varies=True,
        references=Support.YES,
        mask=Support.YES,
    ),
    play_money=True,
)

PROFILES: Mapping[ProfileName, Profile] = {
    GPTIMAGE: _GPTIMAGE,
    OPENAI: replace(OPENAI_PROFILE, known_texts=_KNOWN_TEXTS),
    COMPATIBLE: replace(COMPATIBLE_PROFILE, known_texts=_KNOWN_TEXTS),
    EMBEDDED: _EMBEDDED,
}

EDITS_PATHS: Mapping[ProfileName, str] = {EMBEDDED: "/v1/images/edits"}
"""Paths of the endpoints that take images; the documented API has none."""

BALANCE_PATHS: Mapping[ProfileName, str] = {EMBEDDED: "/v1/credits"}
"""Paths of the endpoints that return the credits left; the documented API has none."""
