"""Headers that are not of HTTP itself; RefusedError names the one that is wrong."""

import re
from collections.abc import Mapping

from pipeline.engine.refusal import invalid

_VISIBLE = re.compile(r"[!-~]+")
_LONGEST_VARIATION = 64
_LONGEST_KEY = 255


def variation_from(headers: Mapping[str, str]) -> str:
    """The `X-Variation` header: another value, another scene of the same words."""
    return _visible(headers, "X-Variation", longest=_LONGEST_VARIATION) or ""


def idempotency_key_from(headers: Mapping[str, str]) -> str | None:
    """The `Idempotency-Key` header: what the caller calls this purchase."""
    return _visible(headers, "Idempotency-Key", longest=_LONGEST_KEY)


def _visible(headers: Mapping[str, str], name: str, *, longest: int) -> str | None:
    value = headers.get(name)
    if value is not None and (len(value) > longest or not _VISIBLE.fullmatch(value)):
        raise invalid(name, f"must be 1 to {longest} visible ASCII characters")
    return value
