"""Sealed replies: the file of a reply that holds the picture itself, and what it means.

The first line of the file is JSON: which profile and model were asked, what was reserved, and the
status and headers of the reply. The body follows. So a later run can read the reply with nothing
else than the file, after the run that received it has died.

A line of a batch is kept in the same form: the body is the line itself, which holds the status and
the body of the reply.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

from pipeline.errors import ImageBroken, NotSent, ReplyUnknown
from pipeline.model.money import FREE, Amount
from pipeline.model.outcome import Receipt
from pipeline.model.providers.prices import PerImage, PerToken, Pricing, Unpriced
from pipeline.model.providers.profile import Profile
from pipeline.network.reply import Reply, plain
from pipeline.providers.envelope import parse
from pipeline.providers.openai_api.outline import ReplyOutline, Span, decoded, is_base64, outline
from pipeline.providers.replies import read_receipt

SEALED = "reply:"
"""How the source of a picture begins that is in a sealed reply; the name of the file follows.

If the reply holds several, `#` and the picture's number from 1 follow the name.
"""

_LONGEST_HEAD = 64 * 1024
_ONE = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptReply:
    """A sealed reply without its picture."""

    name: str
    profile: str
    model: str
    at_most: Amount
    reply: Reply
    """Status, headers, and the body without its long strings."""
    outline: ReplyOutline
    whole: frozenset[Span]
    """The strings that were left out and are whole base64."""
    in_batch: bool = False
    """True if it was ordered in a batch, at half the price."""

    @staticmethod
    def head_of(reply: Reply) -> dict[str, object]:
        """Return what the first line of the file says of a reply."""
        return {
            "http": reply.status,
            "request_id": reply.request_id,
            "retry_after": reply.retry_after,
            "retry_after_ms": reply.retry_after_ms,
            "should_retry": reply.should_retry,
            "base_url": reply.base_url,
            "charge_headers": dict(reply.charge_headers),
        }

    @classmethod
    def read(cls, name: str, file: BinaryIO) -> Self:
        """Read a sealed reply from the start of its file; `ReplyUnknown` if it is damaged."""
        try:
            head = json.loads(file.readline(_LONGEST_HEAD))
            return cls._with(head, name, file)
        except (ValueError, KeyError, TypeError) as error:
            raise ReplyUnknown(f"the kept reply {name} is damaged") from error

    @classmethod
    def _with(cls, head: Mapping[str, Any], name: str, file: BinaryIO) -> Self:
        found = outline(file)
        in_batch = "batch" in head and head["batch"] is True
        if in_batch:
            reply = reply_of_line(found.text)
        else:
            reply = Reply(
                status=head["http"],
                body=found.text,
                retry_after=head["retry_after"],
                retry_after_ms=head["retry_after_ms"],
                should_retry=head["should_retry"],
                request_id=head["request_id"],
                base_url=head["base_url"],
                charge_headers=head["charge_headers"],
            )
        return cls(
            name=name,
            profile=head["profile"],
            model=head["model"],
            at_most=Amount(head["at_most"]),
            reply=reply,
            outline=found,
            whole=frozenset(span for span in found.spans if is_base64(file, span)),
            in_batch=in_batch,
        )

    def receipt(self, profile: Profile) -> Receipt:
        """Return the receipt for one image; raise a `ProviderError` for any other reply.

        What was charged follows from the usage in the reply, where the price is one of tokens. A
        reply without it is paid, and what it cost is in doubt up to what was reserved.
        """
        if self.in_batch:
            profile = profile.in_batch()
        model = profile.image_model(self.model)
        pricing = model.pricing if model else Unpriced()
        charged, in_doubt = self._charged(pricing)
        receipt = read_receipt(
            self.reply,
            profile=profile,
            price=charged,
            at_most=self.at_most,
            base_url=self.reply.base_url,
            source_of=self._source_of,
        )
        return Receipt(
            url=receipt.url,
            amount=charged,
            in_doubt=in_doubt,
            http=receipt.http,
            request_id=receipt.request_id,
            raw=receipt.raw,
        )

    def _charged(self, pricing: Pricing) -> tuple[Amount, Amount]:
        """Return what was charged for certain, and what may have been charged besides."""
        match pricing:
            case PerImage() | Unpriced():  # what was reserved, which is nothing without a price
                return self.at_most, FREE
            case PerToken():
                body = parse(self.reply)
                usage = body.get("usage") if isinstance(body, Mapping) else None
                told = pricing.charged(usage)
                return (FREE, self.at_most) if told is None else (told, FREE)

    def _source_of(self, picture: object) -> str:
        span = self.outline.span_of(picture)
        return f"{SEALED}{self.name}" if span in self.whole else ""


NOT_MADE = ("batch_expired", "batch_cancelled")
"""Codes of lines that were not executed before their batch ended: they are never charged."""


def reply_of_line(outlined: bytes) -> Reply:
    """Return the reply in a line of a batch's results, given without its long strings.

    Raises `NotSent` for a line that was never executed, `ReplyUnknown` for one without a reply, and
    `ValueError` if it is no line of results.
    """
    line = json.loads(outlined)
    response, error = line["response"], line.get("error")
    if isinstance(response, dict):
        return Reply(
            status=int(response["status_code"]),
            body=json.dumps(response["body"]).encode(),
            request_id=plain(str(response.get("request_id") or ""), 128),
        )
    code = error.get("code") if isinstance(error, dict) else None
    words = plain(f"{code}: {error.get('message')}" if isinstance(error, dict) else "no answer")
    if code in NOT_MADE:
        raise NotSent(f"the batch ended before it was made ({words})")
    raise ReplyUnknown(f"the batch has no answer for it ({words})", raw=outlined)


def picture_in(file: BinaryIO, *, number: int = 0) -> Iterator[bytes]:
    """Yield the bytes of the picture with this number from 1 in a sealed reply.

    Without a number, the reply must hold exactly one. Raises `ImageBroken` if it does not, or if
    there is none with this number.
    """
    file.readline(_LONGEST_HEAD)
    spans = [span for span in outline(file).spans if is_base64(file, span)]
    there = len(spans) == _ONE if not number else number <= len(spans)
    if not there:
        raise ImageBroken(f"the kept reply holds {len(spans)} pictures")
    yield from decoded(file, spans[max(0, number - 1)])
