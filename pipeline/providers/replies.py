"""What a reply means: charged, not charged, or unknown.

Pure functions over bytes. The rule behind every branch: a reply counts as not charged only if it
cannot follow finished work; a reply that contradicts itself or cannot be read is unknown.
"""

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
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
from pipeline.model.money import Amount
from pipeline.model.outcome import Receipt
from pipeline.model.provider import Profile, TextMeaning
from pipeline.network.exact_urls import joined
from pipeline.network.reply import REPLY_LIMIT, Reply, words_without_markup
from pipeline.providers.charges import ChargeSaid, charge_in
from pipeline.providers.registry import KEY_VARIABLE

Error = TypeVar("Error", bound=ProviderError)

LONGEST_WAIT = 300.0
"""Most seconds to wait, also if Retry-After asks for more."""

WITHOUT_URL = "an image without a URL"

NEW_KEY = f"set {KEY_VARIABLE} to a key that the provider accepts"

_TEXT_LIMIT = 4000

_SAYS_OK = re.compile(r"(?:ok|okay|success(?:ful)?|succeeded|done)?\W*", re.IGNORECASE)

_NAMES_IMAGE = re.compile(r"ur[il]|b64|base64|image|src|href|file|path|data", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Envelope:
    """The contents of the body."""

    readable: bool
    document: object = None
    """The body as JSON; `None` if it is not JSON."""
    refused: bool = False
    """True if the body reports an error: a code other than 0, or an error without a code."""
    text: str = ""
    images: tuple[str, ...] = ()
    """The URL of each image in the body, with repetitions; empty for one without a URL."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of the images that have one."""
        return tuple(url for url in self.images if url)


def read_receipt(reply: Reply, *, profile: Profile, price: Amount, base_url: str) -> Receipt:
    """Return the receipt for one image; raise a `ProviderError` for any other reply.

    A relative image URL is completed with the base URL. Several images for one request, also with
    the same URL, are a doubt, since the reply does not say how many were charged. A refusal that
    says that it charged is a doubt as well.
    """
    envelope = _open(reply)
    accepted = 200 <= reply.status < 300  # noqa: PLR2004 - the bounds of "success" in HTTP
    if accepted and len(envelope.images) == len(envelope.urls) == 1 and not envelope.refused:
        return Receipt(
            url=_absolute(envelope.urls[0], base_url),
            amount=price,
            http=reply.status,
            request_id=reply.request_id,
            raw=reply.body,
        )
    refusal = _refusal(reply, envelope, profile)
    charge = _charge_in(reply, envelope, profile)
    if isinstance(refusal, ReplyUnknown):
        refusal.credits_said = charge.credits
    elif charge:
        complaint = "the provider refused the request and says that it was charged"
        raise _error(ReplyUnknown, complaint, reply, envelope, credits_said=charge.credits)
    raise refusal


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


def remaining_credits(reply: Reply) -> Amount | None:
    """Return the credits left, from the reply to a balance request; `None` if not reported."""
    document = _parse(reply)
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
    envelope = _open(Reply(status=200, body=raw))
    return tuple(_absolute(url, base_url) if url else WITHOUT_URL for url in envelope.images)


def _charge_in(reply: Reply, envelope: _Envelope, profile: Profile) -> ChargeSaid:
    """Return what the whole answer says about a charge."""
    meaning = _meaning(envelope.text, profile)
    return charge_in(
        envelope.document,
        text="" if envelope.readable else _decoded(reply),
        headers=reply.charge_headers,
        known=meaning is not None,
        about_limits=meaning in (TextMeaning.FUNDS, TextMeaning.THROTTLE)
        or reply.status in (402, 429, 503),
    )


def _refusal(reply: Reply, envelope: _Envelope, profile: Profile) -> ProviderError:
    """Classify a reply that is no receipt, by its status and then by the known texts."""
    status, meaning = reply.status, _meaning(envelope.text, profile)
    if envelope.images or status in (408, 409):
        return _unknown(reply, envelope)
    match status:
        case 401 | 402:
            return _stopped(reply, envelope, meaning)
        case 429 if meaning not in (TextMeaning.FUNDS, TextMeaning.KEY):
            return _throttled(reply, envelope)
        case 503 if reply.retry_after is not None:
            return _throttled(reply, envelope)
        case 403 if meaning not in (TextMeaning.POLICY, TextMeaning.THROTTLE):
            return _stopped(reply, envelope, meaning)
        case _ if 400 <= status < 500:  # noqa: PLR2004 - HTTP's range for "your fault"
            return _meant(meaning or TextMeaning.INVALID, reply, envelope)
        case _ if 200 <= status < 300 and envelope.refused and meaning:  # noqa: PLR2004 - as above
            return _meant(meaning, reply, envelope)
        case _:
            return _unknown(reply, envelope)


def _meaning(text: str, profile: Profile) -> TextMeaning | None:
    """Return the meaning of the first known text in a message; `None` if it has none.

    Codes such as `content_policy_violation` are read as words.
    """
    words = re.sub(r"[\s_-]+", " ", text)
    for known in profile.known_texts:
        if re.search(known.pattern, words, re.IGNORECASE):
            return known.meaning
    return None


def _meant(meaning: TextMeaning, reply: Reply, envelope: _Envelope) -> ProviderError:
    match meaning:
        case TextMeaning.POLICY:
            complaint = "the provider's policy refused the prompt"
            return _error(PolicyRefused, complaint, reply, envelope)
        case TextMeaning.INVALID:
            return _error(Rejected, "the provider refused the request", reply, envelope)
        case TextMeaning.KEY | TextMeaning.FUNDS:
            return _stopped(reply, envelope, meaning)
        case TextMeaning.THROTTLE:
            return _throttled(reply, envelope)
        case _:
            assert_never(meaning)


def _stopped(reply: Reply, envelope: _Envelope, meaning: TextMeaning | None) -> ProviderStopped:
    """Return the error for a refused key or missing credits, by the text or the status."""
    if meaning is TextMeaning.FUNDS or (meaning is not TextMeaning.KEY and reply.status == 402):  # noqa: PLR2004 - HTTP's "pay first"
        complaint = "the provider says that the credits do not suffice"
        remedy = "add credits to the provider's account"
    elif meaning is TextMeaning.KEY or reply.status == 401:  # noqa: PLR2004 - HTTP's "who are you"
        complaint, remedy = "the provider refused the key", NEW_KEY
    else:
        complaint = "the provider does not allow this key to do that"
        remedy = f"ask the provider what the account may do, or {NEW_KEY}"
    return _error(ProviderStopped, complaint, reply, envelope, remedy=remedy)


def _throttled(reply: Reply, envelope: _Envelope) -> Throttled:
    seconds = seconds_to_wait(reply.retry_after, now=datetime.now(UTC))
    complaint = "the provider asks to wait"
    return _error(Throttled, complaint, reply, envelope, retry_after=seconds)


def _unknown(reply: Reply, envelope: _Envelope) -> ReplyUnknown:
    if len(envelope.images) > 1:
        complaint = f"one image was requested, and the answer contains {len(envelope.images)}"
    elif envelope.images and not envelope.urls:
        complaint = "the answer contains an image without a URL"
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
    kind: Callable[..., Error], complaint: str, reply: Reply, envelope: _Envelope, **facts: object
) -> Error:
    """Return an error of this kind with the facts of the reply, and further ones of the kind."""
    sentence = _sentence(complaint, reply, envelope)
    return kind(sentence, http=reply.status, request_id=reply.request_id, raw=reply.body, **facts)


def _sentence(complaint: str, reply: Reply, envelope: _Envelope) -> str:
    """Return complaint, status, and the provider's text, unless that only says "ok"."""
    words = words_without_markup(envelope.text)
    if not words and not envelope.readable:
        words = words_without_markup(_decoded(reply), 80)
    said = "" if _SAYS_OK.fullmatch(words) else words
    return f"{complaint} (HTTP {reply.status}){': ' if said else ''}{said}"


def _open(reply: Reply) -> _Envelope:
    document = _parse(reply)
    if not isinstance(document, dict):
        return _Envelope(readable=False, document=document)
    code = document.get("code")
    refused = (not _is_zero(code)) if code is not None else bool(document.get("error"))
    return _Envelope(
        readable=True,
        document=document,
        refused=refused,
        text=_text(document)[:_TEXT_LIMIT],
        images=_images(document.get("data")),
    )


def _parse(reply: Reply) -> object:
    """Return the body as JSON; `None` if it is not JSON, unpacks too large, or nests too deep."""
    try:
        return json.loads(_unfold(reply))
    except (ValueError, RecursionError, zlib.error):
        return None


def _decoded(reply: Reply) -> str:
    """Return the body as text, as far as it can be read."""
    try:
        body = _unfold(reply)
    except zlib.error:
        body = reply.body
    return body[:_TEXT_LIMIT].decode(errors="replace")


def _unfold(reply: Reply) -> bytes:
    """Return the body, decompressed up to the limit if the server compressed it unasked."""
    if reply.encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return reply.body
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(reply.body, REPLY_LIMIT)


def _is_zero(code: object) -> bool:
    return code == "0" or (isinstance(code, int | float) and code is not False and code == 0)


def _text(document: dict[str, object]) -> str:
    """Return all error texts in the body, in every known style."""
    words = [document.get(name) for name in ("message", "msg", "detail", "code")]
    error = document.get("error")
    if isinstance(error, dict):
        words += [error.get(name) for name in ("message", "code", "type")]
    else:
        words.append(error)
    return " · ".join(word for word in words if isinstance(word, str) and word)


def _images(body: object) -> tuple[str, ...]:
    """Return the images in `data`, which is an object with `images`, or a list.

    Each counts, also if two have the same URL, or if one has no URL.
    """
    images = body.get("images") if isinstance(body, dict) else body
    if not isinstance(images, list):
        return ()
    return tuple(_url_of(image) for image in images if _holds_image(image))


def _holds_image(image: object) -> bool:
    if isinstance(image, dict):
        return any(value for name, value in image.items() if _NAMES_IMAGE.search(name))
    return isinstance(image, str) and bool(image.strip())


def _url_of(image: object) -> str:
    url = image.get("url") if isinstance(image, dict) else image
    return url.strip() if isinstance(url, str) and _is_url(url) else ""


def _is_url(url: str) -> bool:
    """Return True if a URL is not blank and contains only printable characters."""
    return bool(url.strip()) and url.strip().isprintable()


def _absolute(url: str, base_url: str) -> str:
    if url.startswith(("https://", "http://")):
        return url
    try:
        return joined(base_url + "/", url)
    except ValueError:
        return url
