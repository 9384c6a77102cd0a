"""Headers that decide what is bought; RefusedError names the one that is wrong."""

import re

from aiohttp import web

from pipeline.imageserver.api.answers.refusal import invalid

_VISIBLE = re.compile(r"[!-~]+")
_LONGEST_VARIATION = 64
_LONGEST_KEY = 255


def variation_from(request: web.Request) -> str:
    """The `X-Variation` header: another value, another scene of the same words."""
    return _visible(request, "X-Variation", longest=_LONGEST_VARIATION) or ""


def idempotency_key_from(request: web.Request) -> str | None:
    """The `Idempotency-Key` header: what the caller calls this purchase."""
    return _visible(request, "Idempotency-Key", longest=_LONGEST_KEY)


def only_one(request: web.Request, name: str) -> str | None:
    """The header's value; one that came twice could mean either. Raises RefusedError 400."""
    values = request.headers.getall(name, [])
    if len(values) > 1:
        raise invalid(name, "is given twice")
    return values[0] if values else None


def _visible(request: web.Request, name: str, *, longest: int) -> str | None:
    value = only_one(request, name)
    if value is not None and (len(value) > longest or not _VISIBLE.fullmatch(value)):
        raise invalid(name, f"must be 1 to {longest} visible ASCII characters")
    return value
