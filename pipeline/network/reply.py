"""An HTTP reply, and the conversion of foreign text into text that is safe to print."""

from dataclasses import dataclass

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
    trouble: str = ""
    """Why the body is incomplete; empty if it is complete."""


def plain(text: str, limit: int = 300) -> str:
    """Return foreign text as one short, printable line."""
    words = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * limit])
    return " ".join(words.split())[:limit]
