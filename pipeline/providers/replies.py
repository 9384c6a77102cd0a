"""What a reply means for the money: the one place where a yes, a no and a maybe are told apart.

Pure functions over bytes. The rule behind every branch: only an answer that cannot come after
finished work counts as not charged; whatever contradicts itself or cannot be read is unknown.
"""

import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import assert_never
from urllib.parse import urljoin

from pipeline.errors import (
    PolicyRefused,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.credits import Credits
from pipeline.model.outcome import Receipt
from pipeline.model.provider import Profile, TextMeaning
from pipeline.network.reply import REPLY_LIMIT, Reply, plain

LONGEST_WAIT = 300.0
"""Seconds; a longer Retry-After is asked again after this."""

_TEXT_LIMIT = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Envelope:
    """What the body says, apart from the status."""

    readable: bool
    refused: bool = False
    """It says no: a code other than 0, or an error without a code."""
    text: str = ""
    urls: tuple[str, ...] = ()


def read_receipt(reply: Reply, *, profile: Profile, price: Credits, base_url: str) -> Receipt:
    """The receipt for one image; every other meaning of the reply is raised as `ProviderError`.

    An image URL that is relative is completed with the base URL. Several images where one was
    asked for are a doubt: nobody knows for how many of them the provider took credits.
    """
    envelope = _open(reply)
    accepted = 200 <= reply.status < 300  # noqa: PLR2004 - the bounds of "success" in HTTP
    if accepted and len(envelope.urls) == 1 and not envelope.refused:
        return Receipt(
            url=_absolute(envelope.urls[0], base_url),
            credits=price,
            http=reply.status,
            request_id=reply.request_id,
            raw=reply.body,
        )
    raise _refusal(reply, envelope, profile)


def seconds_to_wait(header: str | None, *, now: datetime) -> float | None:
    """Seconds that a Retry-After asks for, between 0 and 300; `None` where it says nothing sane."""
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


def remaining_credits(reply: Reply) -> Credits | None:
    """Credits left, from the answer to a balance request; `None` where it does not say."""
    document = _parse(reply)
    body = document.get("data") if isinstance(document, dict) else None
    if reply.status != 200 or not isinstance(body, dict):  # noqa: PLR2004 - HTTP's OK
        return None
    for name in ("remaining", "balance", "credits"):
        amount = body.get(name)
        if isinstance(amount, int) and not isinstance(amount, bool):
            return Credits(amount)
    return None


def shown_images(raw: bytes, *, base_url: str) -> tuple[str, ...]:
    """The image URLs in a reply that was kept, whatever else it says."""
    envelope = _open(Reply(status=200, body=raw))
    return tuple(_absolute(url, base_url) for url in envelope.urls)


def _refusal(reply: Reply, envelope: _Envelope, profile: Profile) -> ProviderError:
    """Classify everything that is not a receipt: first the status, then the known texts."""
    status, meaning = reply.status, _meaning(envelope.text, profile)
    if envelope.urls or status in (408, 409):
        return _unknown(reply, envelope)
    match status:
        case 401 | 402:
            return _stopped(reply, envelope)
        case 429 if meaning not in (TextMeaning.FUNDS, TextMeaning.KEY):
            return _throttled(reply, envelope)
        case 503 if reply.retry_after is not None:
            return _throttled(reply, envelope)
        case 403 if meaning not in (TextMeaning.POLICY, TextMeaning.THROTTLE):
            return _stopped(reply, envelope)
        case _ if 400 <= status < 500:  # noqa: PLR2004 - HTTP's range for "your fault"
            return _meant(meaning or TextMeaning.INVALID, reply, envelope)
        case _ if 200 <= status < 300 and envelope.refused and meaning:  # noqa: PLR2004 - as above
            return _meant(meaning, reply, envelope)
        case _:
            return _unknown(reply, envelope)


def _meaning(text: str, profile: Profile) -> TextMeaning | None:
    """What the first known text in a message means; `None` for an unknown one.

    Codes are read as words: `content_policy_violation`.
    """
    words = re.sub(r"[\s_-]+", " ", text)
    for known in profile.known_texts:
        if re.search(known.pattern, words, re.IGNORECASE):
            return known.meaning
    return None


def _meant(meaning: TextMeaning, reply: Reply, envelope: _Envelope) -> ProviderError:
    match meaning:
        case TextMeaning.POLICY:
            return PolicyRefused(
                _sentence("the provider's policy refused the words", reply, envelope),
                http=reply.status,
                request_id=reply.request_id,
                raw=reply.body,
            )
        case TextMeaning.INVALID:
            return Rejected(
                _sentence("the provider refused the request", reply, envelope),
                http=reply.status,
                request_id=reply.request_id,
                raw=reply.body,
            )
        case TextMeaning.KEY | TextMeaning.FUNDS:
            return _stopped(reply, envelope)
        case TextMeaning.THROTTLE:
            return _throttled(reply, envelope)
        case _:
            assert_never(meaning)


def _stopped(reply: Reply, envelope: _Envelope) -> ProviderStopped:
    return ProviderStopped(
        _sentence("the provider refused the key or the funds", reply, envelope),
        http=reply.status,
        request_id=reply.request_id,
        raw=reply.body,
    )


def _throttled(reply: Reply, envelope: _Envelope) -> Throttled:
    return Throttled(
        _sentence("the provider asks to wait", reply, envelope),
        retry_after=seconds_to_wait(reply.retry_after, now=datetime.now(UTC)),
        http=reply.status,
        request_id=reply.request_id,
        raw=reply.body,
    )


def _unknown(reply: Reply, envelope: _Envelope) -> ReplyUnknown:
    if len(envelope.urls) > 1:
        complaint = f"one image was asked for, and the answer shows {len(envelope.urls)}"
    elif envelope.urls:
        complaint = "the answer says no and shows an image"
    elif reply.trouble:
        complaint = f"the answer broke off ({reply.trouble})"
    elif not envelope.readable:
        complaint = "the answer cannot be read"
    elif envelope.refused:
        complaint = "the answer says no in words that do not tell whether it was charged"
    else:
        complaint = "the answer holds no image"
    return ReplyUnknown(
        _sentence(complaint, reply, envelope),
        images=len(envelope.urls),
        http=reply.status,
        request_id=reply.request_id,
        raw=reply.body,
    )


def _sentence(complaint: str, reply: Reply, envelope: _Envelope) -> str:
    words = plain(envelope.text) or plain(reply.body[:200].decode(errors="replace"), 80)
    return f"{complaint} (HTTP {reply.status}){': ' if words else ''}{words}"


def _open(reply: Reply) -> _Envelope:
    document = _parse(reply)
    if not isinstance(document, dict):
        return _Envelope(readable=False)
    code = document.get("code")
    refused = (not _is_zero(code)) if code is not None else bool(document.get("error"))
    return _Envelope(
        readable=True,
        refused=refused,
        text=_text(document)[:_TEXT_LIMIT],
        urls=_urls(document.get("data")),
    )


def _parse(reply: Reply) -> object:
    """The body as JSON, or `None` where it is none, unfolds too far, or nests too deep."""
    try:
        return json.loads(_unfold(reply))
    except (ValueError, RecursionError, zlib.error):
        return None


def _unfold(reply: Reply) -> bytes:
    """Undo a compression that nobody asked for, as far as the limit goes."""
    if reply.encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return reply.body
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(reply.body, REPLY_LIMIT)


def _is_zero(code: object) -> bool:
    return code == "0" or (isinstance(code, int | float) and code is not False and code == 0)


def _text(document: dict[str, object]) -> str:
    """Every word the body has for what went wrong, in the styles that are known."""
    words = [document.get(name) for name in ("message", "msg", "detail", "code")]
    error = document.get("error")
    if isinstance(error, dict):
        words += [error.get(name) for name in ("message", "code", "type")]
    else:
        words.append(error)
    return " · ".join(word for word in words if isinstance(word, str) and word)


def _urls(body: object) -> tuple[str, ...]:
    """The image URLs in `data`, which may be an object with `images`, or a bare list."""
    images = body.get("images") if isinstance(body, dict) else body
    if not isinstance(images, list):
        return ()
    found = (image.get("url") if isinstance(image, dict) else image for image in images)
    urls = (url.strip() for url in found if isinstance(url, str) and _is_url(url))
    return tuple(dict.fromkeys(urls))


def _is_url(url: str) -> bool:
    """Not blank, and nothing that a ledger or a log could not write down."""
    return bool(url.strip()) and url.strip().isprintable()


def _absolute(url: str, base_url: str) -> str:
    if url.startswith(("https://", "http://")):
        return url
    try:
        return urljoin(base_url + "/", url)
    except ValueError:
        return url
