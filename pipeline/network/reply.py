"""An HTTP reply, and the conversion of foreign text into text that is safe to print."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

REPLY_LIMIT = 1024 * 1024
"""Most bytes of a reply that are read, and most that it may decompress to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP reply, as far as it was received."""

    status: int
    body: bytes = b""
    encoding: str = ""
    """The Content-Encoding header."""
    retry_after: str | None = None
    """The Retry-After header; `None` if there was none."""
    request_id: str = ""
    charge_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The headers whose names indicate a charge, such as `X-Credits-Charged`."""
    trouble: str = ""
    """Why the body is incomplete; empty if it is complete."""


def plain(text: str, limit: int = 300) -> str:
    """Return foreign text as one short, printable line."""
    words = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * limit])
    return " ".join(words.split())[:limit]


_UNSEEN = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.IGNORECASE | re.DOTALL
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-z!][^<>]*>?", re.IGNORECASE)
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    r"<(?:!doctype html|html|head|body|script|meta|title|frameset|form|iframe)\b",
    re.IGNORECASE | re.DOTALL,
)


def words_without_markup(text: str, limit: int = 300) -> str:
    """Return foreign text as `plain` does, without HTML; only the title of an HTML page."""
    if "<" not in text:
        return plain(text, limit)
    seen = _UNSEEN.sub(" ", text[: 64 * limit])
    title = _TITLE.search(seen)
    words = plain(html.unescape(_TAG.sub(" ", title[1] if title else seen)), limit)
    if is_page(text):
        return f"an HTML page, {words!r}" if words else "an HTML page"
    return words


def is_page(text: str) -> bool:
    """Return whether a text starts as an HTML page does."""
    return _PAGE.match(text.lstrip("\ufeff")) is not None
