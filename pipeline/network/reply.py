"""An HTTP answer as far as it came, and its words made safe to print."""

from dataclasses import dataclass

REPLY_LIMIT = 1024 * 1024
"""Most bytes of a reply that are read, and most that it may unfold to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP answer as far as it came."""

    status: int
    body: bytes = b""
    encoding: str = ""
    """The Content-Encoding as sent."""
    retry_after: str | None = None
    """The header as sent; `None` where there was none."""
    request_id: str = ""
    trouble: str = ""
    """Why the body is not whole, where it is not."""


def plain(text: str, limit: int = 300) -> str:
    """Somebody else's words, fit for a log line: one line, printable, not long."""
    words = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * limit])
    return " ".join(words.split())[:limit]
