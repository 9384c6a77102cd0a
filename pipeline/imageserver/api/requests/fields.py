"""Reading single fields and headers of a request; RefusedError names the one that is wrong."""

import math
import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from pipeline.imageserver.api.refusal import field_name, invalid, kind_of, printable
from pipeline.imageserver.api.terms import (
    BACKGROUNDS,
    CREDITS,
    DOCUMENTED_RATIOS,
    MAX_PICTURES,
    MAX_PROMPT_LENGTH,
    MODEL,
)
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import MAX_RATIO

_RATIO = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")


def refuse_unknown(body: Iterable[str], known: frozenset[str]) -> None:
    """Refuse unknown fields, so that a request with a typo is not charged."""
    for name in sorted(set(body) - known):
        raise invalid(
            field_name(name), f"is not a field of this request; it has {', '.join(sorted(known))}"
        )


def prompt_from(body: Mapping[str, object]) -> str:
    """Return the prompt, the only field that is required."""
    if "prompt" not in body:
        raise invalid("prompt", "is missing")
    prompt = body["prompt"]
    if not isinstance(prompt, str):
        raise invalid("prompt", f"must be a string, not {kind_of(prompt)}")
    if not prompt.strip():
        raise invalid("prompt", "must not be empty")
    if len(prompt) > MAX_PROMPT_LENGTH:
        raise invalid(
            "prompt", f"has {len(prompt)} characters, at most {MAX_PROMPT_LENGTH} are allowed"
        )
    if "\0" in prompt or (not prompt.isascii() and _has_surrogate(prompt)):
        raise invalid("prompt", "is not valid Unicode text")
    return prompt


def model_from(model: object) -> None:
    """Refuse every model but the one that is served."""
    if not isinstance(model, str):
        raise invalid("model", f"must be a string, not {kind_of(model)}")
    if model != MODEL:
        raise invalid("model", f"must be {MODEL}, not {printable(model)}")


def ratio_from(size: object) -> tuple[int, int]:
    """Return an aspect ratio of at most 3:1, in lowest terms."""
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
    if max(across, down) > MAX_RATIO * min(across, down):
        raise invalid("size", f"must be at most {MAX_RATIO}:1 either way, not {size}")
    divisor = math.gcd(across, down)
    return across // divisor, down // divisor


def quality_from(quality: object) -> PaintQuality:
    """Return one of the documented qualities."""
    if not isinstance(quality, str) or quality not in CREDITS:
        raise invalid("quality", f"must be low, medium or high, not {printable(quality)}")
    return PaintQuality(quality)


def count_from(count: object) -> int:
    """Return the number of pictures; 1.0 counts as whole, since JSON has one kind of number."""
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool):
        raise invalid("n", f"must be a whole number, not {printable(count)}")
    if not 1 <= count <= MAX_PICTURES:
        raise invalid("n", f"must be from 1 to {MAX_PICTURES}")
    return count


def background_from(value: object) -> bool:
    """Return whether the background is to be transparent."""
    if value not in BACKGROUNDS:
        raise invalid("background", f"must be opaque or transparent, not {printable(value)}")
    return value == "transparent"


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


_VISIBLE = re.compile(r"[!-~]+")
_MAX_VARIATION = 64
_MAX_KEY = 255


def variation_from(request: web.Request) -> str:
    """Return the `X-Variation` header; another value gives another scene for the same prompt."""
    return _visible(request, "X-Variation", longest=_MAX_VARIATION) or ""


def idempotency_key_from(request: web.Request) -> str | None:
    """Return the `Idempotency-Key` header, or None."""
    return _visible(request, "Idempotency-Key", longest=_MAX_KEY)


def only_one(request: web.Request, name: str) -> str | None:
    """Return the header's value, or None. Raises RefusedError 400 if it is given twice."""
    values = request.headers.getall(name, [])
    if len(values) > 1:
        raise invalid(name, "is given twice")
    return values[0] if values else None


def _visible(request: web.Request, name: str, *, longest: int) -> str | None:
    value = only_one(request, name)
    if value is not None and (len(value) > longest or not _VISIBLE.fullmatch(value)):
        raise invalid(name, f"must be 1 to {longest} visible ASCII characters")
    return value
