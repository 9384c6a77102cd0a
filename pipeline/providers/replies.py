"""What a reply means: charged, not charged, or unknown.

Pure functions over bytes. The rule behind every branch: a reply counts as not charged only if it
cannot follow finished work; a reply that contradicts itself or cannot be read is unknown.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar, assert_never

from pipeline.errors import (
    PolicyRefused,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.money import FREE, Amount
from pipeline.model.outcome import Receipt
from pipeline.model.providers.profile import KnownCode, KnownText, Profile, TextMeaning
from pipeline.network.reply import Reply, words_without_markup
from pipeline.providers.charges import ChargeSaid, charge_in
from pipeline.providers.envelope import (
    Envelope,
    SourceOf,
    absolute,
    decoded_body,
    open_envelope,
    parse,
)

Error = TypeVar("Error", bound=ProviderError)

LONGEST_WAIT = 300.0
"""Most seconds to wait, also if Retry-After asks for more."""

WITHOUT_URL = "an image without a URL"

DONT_RETRY = "false"
"""The value of `x-should-retry` for an error that will not pass."""

_SAYS_OK = re.compile(r"(?:ok|okay|success(?:ful)?|succeeded|done)?\W*", re.IGNORECASE)


def read_receipt(
    reply: Reply,
    *,
    profile: Profile,
    price: Amount,
    base_url: str,
    at_most: Amount = FREE,
    source_of: SourceOf = lambda _picture: "",
) -> Receipt:
    """Return the receipt for one image; raise a `ProviderError` for any other reply.

    A relative image URL is completed with the base URL. Several images for one request, also with
    the same URL, are a doubt, since the reply does not say how many were charged. A refusal that
    says that it charged is a doubt as well. One that may have been charged, since the image was
    made before it was refused, holds `at_most`.
    """
    envelope = open_envelope(reply, source_of)
    accepted = 200 <= reply.status < 300  # noqa: PLR2004 - the bounds of "success" in HTTP
    if accepted and len(envelope.images) == len(envelope.urls) == 1 and not envelope.refused:
        return Receipt(
            url=absolute(envelope.urls[0], base_url),
            amount=price,
            http=reply.status,
            request_id=reply.request_id,
            raw=reply.body,
        )
    refusal = _refusal(reply, envelope, profile, at_most)
    charge = _charge_in(reply, envelope, profile)
    if isinstance(refusal, ReplyUnknown):
        refusal.credits_said = charge.credits
    elif charge:
        complaint = "the provider refused the request and says that it was charged"
        raise _error(ReplyUnknown, complaint, reply, envelope, credits_said=charge.credits)
    raise refusal


def refusal(reply: Reply, profile: Profile) -> ProviderError:
    """Return what an answer means that is not as it should be, to a request other than an image's.

    Such a request charges nothing by itself: `ReplyUnknown` says that it may have been carried out.
    """
    envelope = open_envelope(reply, lambda _picture: "")
    return _refusal(reply, envelope, profile, FREE)


def seconds_to_wait(header: str | None, *, now: datetime) -> float | None:
    """Return the seconds that Retry-After asks for, from 0 to 300; `None` if it is unreadable."""
    text = (header or "").strip()[:64]
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
        seconds -= now.timestamp()
    if seconds != seconds:  # noqa: PLR0124 - only NaN differs from itself
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


_WAIT = re.compile(
    r"\btry again in (?:(?P<h>\d+) ?h(?:ours?)?)? ?(?:(?P<m>\d+) ?m(?:in(?:utes?)?)?(?!s))? ?"
    r"(?:(?P<s>\d+(?:\.\d+)?) ?s(?:ec(?:onds?)?)?|(?P<ms>\d+(?:\.\d+)?) ?ms)?\b",
    re.IGNORECASE,
)
_MILLISECONDS = re.compile(r"\d{1,12}(?:\.\d{1,12})?", re.ASCII)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _seconds_asked(reply: Reply, text: str) -> float | None:
    """Return the seconds to wait: of the headers, else as in "try again in 12s" in the text."""
    if _MILLISECONDS.fullmatch(reply.retry_after_ms or ""):
        return min(float(reply.retry_after_ms or "") / 1000, LONGEST_WAIT)
    seconds = seconds_to_wait(reply.retry_after, now=datetime.now(UTC))
    if seconds is not None:
        return seconds
    found = _WAIT.search(text)
    parts = {unit: value for unit, value in found.groupdict().items() if value} if found else {}
    asked = sum(float(value) * _UNITS[unit] for unit, value in parts.items())
    return min(asked, LONGEST_WAIT) if parts else None


def remaining_credits(reply: Reply) -> Amount | None:
    """Return the credits left, from the reply to a balance request; `None` if not reported."""
    document = parse(reply)
    body = document.get("data") if isinstance(document, dict) else None
    if reply.status != 200 or not isinstance(body, dict):  # noqa: PLR2004 - HTTP's OK
        return None
    for name in ("remaining", "balance", "credits"):
        amount = body.get(name)
        if isinstance(amount, int) and not isinstance(amount, bool):
            return Amount(amount)
    return None


def shown_images(raw: bytes, *, base_url: str) -> tuple[str, ...]:
    """Return the URLs of the images in a kept reply, whatever else it says."""
    envelope = open_envelope(Reply(status=200, body=raw), lambda _picture: "")
    return tuple(absolute(url, base_url) if url else WITHOUT_URL for url in envelope.images)


def _charge_in(reply: Reply, envelope: Envelope, profile: Profile) -> ChargeSaid:
    """Return what the whole answer says about a charge."""
    known = _known(envelope, profile)
    meaning = known.meaning if known else None
    return charge_in(
        envelope.document,
        text="" if envelope.readable else decoded_body(reply),
        headers=reply.charge_headers,
        known=meaning is not None,
        about_limits=meaning in (TextMeaning.FUNDS, TextMeaning.THROTTLE)
        or reply.status in (402, 429, 503),
    )


def _refusal(reply: Reply, envelope: Envelope, profile: Profile, at_most: Amount) -> ProviderError:
    """Classify a reply that is no receipt, by its status, then by known codes and texts."""
    status, known = reply.status, _known(envelope, profile)
    meaning = known.meaning if known else None
    if envelope.images or status in (408, 409):
        return _unknown(reply, envelope)
    match status:
        case 429 if not (meaning in _STOPS or (known is None and reply.should_retry == DONT_RETRY)):
            return _throttled(reply, envelope)
        case 503 if reply.retry_after is not None or reply.retry_after_ms is not None:
            return _throttled(reply, envelope)
        case 401 | 402 | 429:
            return _stopped(reply, envelope, profile, known)
        case 403 if meaning not in (TextMeaning.POLICY, TextMeaning.THROTTLE):
            return _stopped(reply, envelope, profile, known)
        case _ if 400 <= status < 500:  # noqa: PLR2004 - HTTP's range for "your fault"
            return _meant(known or _INVALID, reply, envelope, profile, at_most=at_most)
        case _ if 200 <= status < 300 and envelope.refused and known:  # noqa: PLR2004 - as above
            return _meant(known, reply, envelope, profile, at_most=at_most)
        case _:
            return _unknown(reply, envelope)


_STOPS = (TextMeaning.FUNDS, TextMeaning.KEY, TextMeaning.ACCOUNT)
_INVALID = KnownText(pattern="", meaning=TextMeaning.INVALID)


def _known(envelope: Envelope, profile: Profile) -> KnownCode | KnownText | None:
    """Return the first known code of an answer, or else the first known text.

    A text may say more than one thing ("invalid prompt: violates our content policy"), and the
    `type` beside a code often names a wider one. Codes in a text, such as
    `content_policy_violation`, are read as words.
    """
    codes = {known.code: known for known in profile.known_codes}
    code = next((codes[code] for code in envelope.codes if code in codes), None)
    if code is not None:
        return code
    words = re.sub(r"[\s_-]+", " ", envelope.text)
    for known in profile.known_texts:
        if re.search(known.pattern, words, re.IGNORECASE):
            return known
    return None


def _meant(
    known: KnownCode | KnownText,
    reply: Reply,
    envelope: Envelope,
    profile: Profile,
    *,
    at_most: Amount,
) -> ProviderError:
    match known.meaning:
        case TextMeaning.POLICY:
            free_at = known.free_stage if isinstance(known, KnownCode) else ""
            charged = free_at not in ("", envelope.stage)
            complaint = "the provider's policy refused the prompt"
            if charged:
                complaint = (
                    "the provider's policy refused the image"
                    f"{f' at the stage {envelope.stage!r}' if envelope.stage else ''}, "
                    "and does not say whether it was charged"
                )
            refused = _error(PolicyRefused, complaint, reply, envelope)
            return refused.may_have_cost(at_most) if charged else refused
        case TextMeaning.INVALID:
            return _error(Rejected, "the provider refused the request", reply, envelope)
        case TextMeaning.KEY | TextMeaning.FUNDS | TextMeaning.ACCOUNT:
            return _stopped(reply, envelope, profile, known)
        case TextMeaning.THROTTLE:
            return _throttled(reply, envelope)
        case _:
            assert_never(known.meaning)


def _stopped(
    reply: Reply, envelope: Envelope, profile: Profile, known: KnownCode | KnownText | None
) -> ProviderStopped:
    """Return the error for a refused key, account or missing credits, by the text or the status."""
    meaning = known.meaning if known else None
    new_key = f"set {profile.key_variable} to a key that the provider accepts"
    if meaning is TextMeaning.FUNDS or (meaning not in _STOPS and reply.status == 402):  # noqa: PLR2004 - HTTP's "pay first"
        complaint = "the provider says that the credits do not suffice"
        remedy = "add credits to the provider's account"
    elif meaning is TextMeaning.KEY or (meaning not in _STOPS and reply.status == 401):  # noqa: PLR2004 - HTTP's "who are you"
        complaint, remedy = "the provider refused the key", new_key
    elif meaning is None and reply.status == 429:  # noqa: PLR2004 - HTTP's "too many"
        complaint, remedy = "the provider says that asking again is useless", ""
    else:
        complaint = "the provider does not allow this key to do that"
        remedy = f"ask the provider what the account may do, or {new_key}"
    remedy = (known.remedy if known else "") or remedy
    return _error(ProviderStopped, complaint, reply, envelope, remedy=remedy)


def _throttled(reply: Reply, envelope: Envelope) -> Throttled:
    seconds = _seconds_asked(reply, envelope.text)
    complaint = "the provider asks to wait"
    return _error(Throttled, complaint, reply, envelope, retry_after=seconds)


def _unknown(reply: Reply, envelope: Envelope) -> ReplyUnknown:
    if len(envelope.images) > 1:
        complaint = f"one image was requested, and the answer contains {len(envelope.images)}"
    elif envelope.images and not envelope.urls:
        complaint = "the answer contains an image that is cut off, or without a URL"
    elif envelope.images:
        complaint = "the answer reports an error and contains an image"
    elif reply.trouble:
        complaint = f"the answer broke off ({reply.trouble})"
    elif not envelope.readable:
        complaint = "the answer cannot be read"
    elif envelope.refused:
        complaint = "the answer reports an error, and does not show whether it was charged"
    else:
        complaint = "the answer contains no image"
    return _error(ReplyUnknown, complaint, reply, envelope, images=len(envelope.images))


def _error(
    kind: Callable[..., Error], complaint: str, reply: Reply, envelope: Envelope, **facts: object
) -> Error:
    """Return an error of this kind with the facts of the reply, and further ones of the kind."""
    sentence = _sentence(complaint, reply, envelope)
    return kind(sentence, http=reply.status, request_id=reply.request_id, raw=reply.body, **facts)


def _sentence(complaint: str, reply: Reply, envelope: Envelope) -> str:
    """Return complaint, status, and the provider's text, unless that only says "ok"."""
    words = words_without_markup(envelope.text)
    if not words and not envelope.readable:
        words = words_without_markup(decoded_body(reply), 80)
    said = "" if _SAYS_OK.fullmatch(words) else words
    return f"{complaint} (HTTP {reply.status}){': ' if said else ''}{said}"
