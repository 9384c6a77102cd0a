"""The fields of a request, one by one; RefusedError names the one that is wrong."""

import math
import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from pipeline.imageserver.api.refusal import field_name, invalid, kind_of, printable
from pipeline.imageserver.api.terms import (
    BACKGROUNDS,
    CREDITS,
    DOCUMENTED_RATIOS,
    LONGEST_PROMPT,
    MODEL,
    MOST_PICTURES,
)
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import STEEPEST_RATIO

_RATIO = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")


def refuse_others(body: Iterable[str], known: frozenset[str]) -> None:
    """Nothing but these fields: a typo must not be painted and paid for."""
    for name in sorted(set(body) - known):
        raise invalid(
            field_name(name), f"is not a field of this request; it has {', '.join(sorted(known))}"
        )


def prompt_from(body: Mapping[str, object]) -> str:
    """The prompt; the only field without which nothing can be painted."""
    if "prompt" not in body:
        raise invalid("prompt", "is missing")
    prompt = body["prompt"]
    if not isinstance(prompt, str):
        raise invalid("prompt", f"must be a string, not {kind_of(prompt)}")
    if not prompt.strip():
        raise invalid("prompt", "must not be empty")
    if len(prompt) > LONGEST_PROMPT:
        raise invalid("prompt", f"has {len(prompt)} characters, {LONGEST_PROMPT} are the most")
    if "\0" in prompt or (not prompt.isascii() and _has_surrogate(prompt)):
        raise invalid("prompt", "is not valid Unicode text")
    return prompt


def model_from(model: object) -> None:
    """There is one model here."""
    if not isinstance(model, str):
        raise invalid("model", f"must be a string, not {kind_of(model)}")
    if model != MODEL:
        raise invalid("model", f"must be {MODEL}, not {printable(model)}")


def ratio_from(size: object) -> tuple[int, int]:
    """An aspect ratio up to 3:1, in lowest terms."""
    if not isinstance(size, str):
        raise invalid("size", f"must be an aspect ratio such as 4:3, not {kind_of(size)}")
    matched = _RATIO.fullmatch(size)
    if matched is None:
        raise invalid(
            "size",
            f"must be an aspect ratio such as {', '.join(DOCUMENTED_RATIOS)},"
            f" not {printable(size)}",
        )
    across, down = int(matched[1]), int(matched[2])
    if max(across, down) > STEEPEST_RATIO * min(across, down):
        raise invalid("size", f"must be at most {STEEPEST_RATIO}:1 either way, not {size}")
    divisor = math.gcd(across, down)
    return across // divisor, down // divisor


def quality_from(quality: object) -> PaintQuality:
    """A documented tier."""
    if not isinstance(quality, str) or quality not in CREDITS:
        raise invalid("quality", f"must be low, medium or high, not {printable(quality)}")
    return PaintQuality(quality)


def count_from(count: object) -> int:
    """How many pictures; 1.0 is a whole number, as JSON has no other kind."""
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool):
        raise invalid("n", f"must be a whole number, not {printable(count)}")
    if not 1 <= count <= MOST_PICTURES:
        raise invalid("n", f"must be from 1 to {MOST_PICTURES}")
    return count


def background_from(value: object) -> bool:
    """Whether alpha is wanted."""
    if value not in BACKGROUNDS:
        raise invalid("background", f"must be opaque or transparent, not {printable(value)}")
    return value == "transparent"


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


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
