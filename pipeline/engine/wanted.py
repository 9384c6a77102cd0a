"""What a request asks for, once every field of it was found good."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.engine.order import Order, Quality
from pipeline.engine.pixels import STEEPEST_RATIO
from pipeline.engine.refusal import invalid

MODEL = "gpt-image-2"
CREDITS = {Quality.LOW: 2, Quality.MEDIUM: 6, Quality.HIGH: 12}
"""What one picture costs, as documented."""
LONGEST_PROMPT = 32_000
"""Characters; the document names no limit, services of this family have this one."""
MOST_PICTURES = 10
BACKGROUNDS = ("opaque", "transparent")
DOCUMENTED_RATIOS = ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1")

FIELDS = frozenset({"prompt", "model", "size", "quality", "n", "background"})
_RATIO = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")
_HEADER_VALUE = re.compile(r"[!-~]+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_LONGEST_VARIATION = 64
_LONGEST_KEY = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """So many pictures of one prompt."""

    prompt: str
    size: str = "1:1"
    """As it came; `ratio` is what it means."""
    ratio: tuple[int, int] = (1, 1)
    quality: Quality = Quality.MEDIUM
    n: int = 1
    transparent: bool = False
    variation: str = ""
    references: tuple[bytes, ...] = ()
    mask: bytes | None = None
    exact: tuple[int, int] | None = None
    """Width and height where the caller named pixels; None: what the ratio gets."""

    @property
    def credits(self) -> int:
        """The price of all its pictures."""
        return self.n * CREDITS[self.quality]

    @property
    def background(self) -> str:
        """As the document names it."""
        return "transparent" if self.transparent else "opaque"

    def order(self, index: int) -> Order:
        """What the painter of one of the pictures is told."""
        return Order(
            prompt=self.prompt,
            ratio=self.ratio,
            quality=self.quality,
            transparent=self.transparent,
            index=index,
            variation=self.variation,
            references=self.references,
            mask=self.mask,
        )

    def fingerprint(self, route: str) -> bytes:
        """The same for the same request, however its JSON was written."""
        told = (route, self.prompt, self.ratio, self.quality, self.n, self.transparent)
        digest = hashlib.sha256(repr((*told, self.variation, self.exact)).encode())
        for part in (*self.references, self.mask or b""):
            digest.update(hashlib.sha256(part).digest())
        return digest.digest()


def wanted_from(body: Mapping[str, object], *, variation: str = "") -> Wanted:
    """The request of the documented endpoint; RefusedError names the field that is wrong."""
    refuse_others(body, FIELDS)
    model_from(body.get("model", MODEL))
    size = body.get("size", "1:1")
    return Wanted(
        prompt=prompt_from(body),
        size=str(size),
        ratio=ratio_from(size),
        quality=quality_from(body.get("quality", Quality.MEDIUM)),
        n=count_from(body.get("n", 1)),
        transparent=background_from(body.get("background", "opaque")),
        variation=variation,
    )


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
        raise invalid("prompt", f"must be a string, not {_kind(prompt)}")
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
        raise invalid("model", f"must be a string, not {_kind(model)}")
    if model != MODEL:
        raise invalid("model", f"must be {MODEL}, not {printable(model)}")


def ratio_from(size: object) -> tuple[int, int]:
    """An aspect ratio up to 3:1, in lowest terms."""
    if not isinstance(size, str):
        raise invalid("size", f"must be an aspect ratio such as 4:3, not {_kind(size)}")
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


def quality_from(quality: object) -> Quality:
    """A documented tier."""
    if not isinstance(quality, str) or quality not in CREDITS:
        raise invalid("quality", f"must be low, medium or high, not {printable(quality)}")
    return Quality(quality)


def count_from(count: object) -> int:
    """How many pictures; 1.0 is a whole number, as JSON has no other kind."""
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool):
        raise invalid("n", f"must be a whole number, not {printable(count)}")
    if not 1 <= count <= MOST_PICTURES:
        raise invalid("n", f"must be from 1 to {MOST_PICTURES}")
    return count


def header_value(name: str, value: str | None) -> str | None:
    """A header of visible ASCII, as given; None where it is not there."""
    if value is None:
        return None
    longest = _LONGEST_VARIATION if name == "X-Variation" else _LONGEST_KEY
    if len(value) > longest or not _HEADER_VALUE.fullmatch(value):
        raise invalid(name, f"must be 1 to {longest} visible ASCII characters")
    return value


def variation_from(headers: Mapping[str, str]) -> str:
    """The `X-Variation` header: another value, another scene of the same words."""
    return header_value("X-Variation", headers.get("X-Variation")) or ""


def printable(value: object) -> str:
    """A short quotation of what came in, safe to print anywhere."""
    shown = ascii(value) if isinstance(value, (str, int, float, bool)) else _kind(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - one short line


def field_name(name: str) -> str:
    """A field as it came, where that is safe to print, else quoted."""
    return name if _PLAIN_NAME.fullmatch(name) else printable(name)


def background_from(value: object) -> bool:
    """Whether alpha is wanted."""
    if value not in BACKGROUNDS:
        raise invalid("background", f"must be opaque or transparent, not {printable(value)}")
    return value == "transparent"


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _kind(value: object) -> str:
    """A JSON value's kind in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
