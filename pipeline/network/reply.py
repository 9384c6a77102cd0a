"""An HTTP reply, and the conversion of foreign text into text that is safe to print."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

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
    retry_after_ms: str | None = None
    """The header of that name, which some APIs send beside Retry-After."""
    should_retry: str = ""
    """The header `x-should-retry`: `true`, `false`, or empty."""
    request_id: str = ""
    base_url: str = ""
    """Where relative URLs in the body begin."""
    charge_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The headers whose names indicate a charge, such as `X-Credits-Charged`."""
    trouble: str = ""
    """Why the body is incomplete; empty if it is complete."""


class ReplySink(Protocol):
    """Receives a reply while it arrives, so that one of any size needs little memory."""

    async def begin(self, head: Reply) -> None:
        """Receive status and headers; `head` has no body. Raises `LocalFault` if the disk fails."""
        ...

    async def write(self, piece: bytes) -> None:
        """Receive the next bytes of the body, decompressed. Raises `LocalFault`."""
        ...

    async def end(self) -> None:
        """Make the whole reply durable. Raises `LocalFault`."""
        ...

    async def discard(self) -> None:
        """Forget the reply, since it broke off or cannot be read."""
        ...


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
