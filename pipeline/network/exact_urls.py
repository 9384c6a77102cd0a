"""URLs that are sent character by character.

A signature covers the characters of a URL, and `%3A` is not `:` to it. yarl normalises both to the
same form, unless it is told that everything is encoded already.
"""

import re
from urllib.parse import quote, urljoin, urlsplit

from yarl import URL

_AUTHORITY = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)", re.IGNORECASE)

# What no request line can hold; every other character is the server's business.
_UNSENDABLE = re.compile(r"[^!-~]+")


def exact_url(text: str) -> URL:
    """Return a URL whose path and query are sent character by character, without its fragment.

    Spaces, control characters and non-ASCII characters are percent-encoded as UTF-8, the host as
    IDNA. Raises `ValueError` if the text is not a URL with a host.
    """
    parts = urlsplit(text)
    authority = _AUTHORITY.match(text)
    if authority is None or not parts.hostname:
        raise ValueError("it has no scheme or no host")
    target = text[authority.end() :].partition("#")[0]
    if not target.startswith("/"):
        target = f"/{target}"
    host = URL.build(scheme="http", host=parts.hostname).raw_host or ""
    return URL.build(
        scheme=parts.scheme,
        user=parts.username,
        password=parts.password,
        host=f"[{host}]" if ":" in host else host,
        port=parts.port,
        # the query stays in the path: apart from it, a lone "?" would be dropped
        path=_UNSENDABLE.sub(_percent_encoded, target),
        encoded=True,
    )


def joined(base: str, target: str) -> str:
    """Return the URL that a redirect leads to; only a path relative to the base is resolved."""
    if _AUTHORITY.match(target):
        return target
    place = _AUTHORITY.match(base)
    if place and target.startswith("//"):
        return f"{place[1]}:{target}"
    if place and target.startswith("/"):
        return f"{place[0]}{target}"
    return urljoin(base, target)


def _percent_encoded(found: re.Match[str]) -> str:
    return quote(found[0].encode("utf-8", "surrogateescape"), safe="")
