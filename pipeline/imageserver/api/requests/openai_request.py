"""Requests of OpenAI's Images API, read as our own: pixels instead of ratios, more fields."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.imageserver.api.refusal import invalid, printable
from pipeline.imageserver.api.requests.fields import (
    count_from,
    prompt_from,
    quality_from,
    refuse_others,
)
from pipeline.imageserver.api.requests.forms import Form, images_of
from pipeline.imageserver.api.requests.image_request import ImageRequest, ratio_of, whole_from
from pipeline.imageserver.api.terms import MODEL
from pipeline.imageserver.painting.conversion import FORMATS
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import STEEPEST_RATIO

_GENERATION = frozenset(
    {
        "prompt",
        "model",
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "response_format",
        "moderation",
        "stream",
        "partial_images",
        "user",
    }
)
_EDIT = _GENERATION - {"moderation"} | {"input_fidelity"}
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
_STEP = 16
_LEAST_PIXELS, _MOST_PIXELS = 655_360, 8_294_400
_CHOICES: dict[str, tuple[object, ...]] = {
    "background": ("opaque", "transparent", "auto"),
    "output_format": tuple(FORMATS),
    "response_format": ("b64_json", "url"),
    "moderation": ("auto", "low"),
    "input_fidelity": ("high", "low"),
    "stream": (False, "false"),
    "partial_images": (0, "0"),
}
_DATED_MODEL = re.compile(re.escape(MODEL) + r"(-\d{4}-\d{2}-\d{2})?")
_MOST_COMPRESSION = 100
_PERCENTAGE = re.compile(r"[0-9]{1,3}")
_LONGEST_USER = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAiRequest:
    """What is to be painted, and how it is to be handed over."""

    wanted: ImageRequest
    output_format: str = "png"
    compression: int = 100
    as_url: bool = False


def generation_from(body: Mapping[str, object], *, variation: str) -> OpenAiRequest:
    """A JSON body of `/images/generations`. Raises RefusedError with the field."""
    refuse_others(body, _GENERATION)
    ratio, exact = _size(body.get("size"), (1, 1))
    wanted = ImageRequest(
        prompt=prompt_from(body),
        size=_named(body.get("size"), ratio),
        ratio=ratio,
        exact=exact,
        quality=_quality(body.get("quality")),
        n=1 if body.get("n") is None else count_from(body["n"]),
        transparent=_choice(body, "background") == "transparent",
        variation=variation,
    )
    return _asked(body, wanted)


def openai_edit_from(form: Form, *, variation: str) -> OpenAiRequest:
    """A form of `/images/edits`. Raises RefusedError with the field."""
    words = form.words
    refuse_others(words, _EDIT)
    prompt = prompt_from(words)
    references, mask, first = images_of(form)
    ratio, exact = _size(words.get("size"), ratio_of(first))
    wanted = ImageRequest(
        prompt=prompt,
        size=_named(words.get("size"), ratio),
        ratio=ratio,
        exact=exact,
        quality=_quality(words.get("quality")),
        n=whole_from("n", words.get("n", "1")),
        transparent=_choice(words, "background") == "transparent",
        variation=variation,
        references=references,
        mask=mask,
    )
    return _asked(words, wanted)


def _asked(body: Mapping[str, object], wanted: ImageRequest) -> OpenAiRequest:
    model = body.get("model", MODEL)
    if not isinstance(model, str) or not _DATED_MODEL.fullmatch(model):
        raise invalid("model", f"must be {MODEL}, not {printable(model)}")
    user = body.get("user")
    if user is not None and (not isinstance(user, str) or len(user) > _LONGEST_USER):
        raise invalid("user", f"must be a string of at most {_LONGEST_USER} characters")
    for name in ("moderation", "input_fidelity", "stream", "partial_images"):
        _choice(body, name)
    output_format = _choice(body, "output_format") or "png"
    as_url = _choice(body, "response_format") == "url"
    if as_url and output_format != "png":
        raise invalid("output_format", "must be png where response_format is url")
    if wanted.transparent and output_format == "jpeg":
        raise invalid("output_format", "must be png or webp where background is transparent")
    return OpenAiRequest(
        wanted=wanted,
        output_format=str(output_format),
        compression=_compression(body.get("output_compression")),
        as_url=as_url,
    )


def _choice(body: Mapping[str, object], name: str) -> object:
    """One of the values that the field may have; None where it is not given."""
    value = body.get(name)
    choices = _CHOICES[name]
    boolean = isinstance(value, bool)
    if value is None or any(boolean == isinstance(c, bool) and value == c for c in choices):
        return value
    shown = ", ".join(str(choice) for choice in choices)
    raise invalid(name, f"must be one of {shown}, not {printable(value)}")


def _quality(value: object) -> PaintQuality:
    return PaintQuality.MEDIUM if value in (None, "auto") else quality_from(value)


def _compression(value: object) -> int:
    """A percentage, as JSON has it or as a form does."""
    if value is None:
        return _MOST_COMPRESSION
    if isinstance(value, str) and _PERCENTAGE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        raise invalid("output_compression", "must be a whole number")
    if not 0 <= value <= _MOST_COMPRESSION:
        raise invalid("output_compression", f"must be from 0 to {_MOST_COMPRESSION}")
    return int(value)


def _size(
    value: object, otherwise: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """Ratio and exact pixels; `auto` leaves the pixels to us."""
    if value in (None, "auto"):
        return otherwise, None
    matched = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        raise invalid("size", f"must be WIDTHxHEIGHT or auto, not {printable(value)}")
    width, height = int(matched[1]), int(matched[2])
    if width % _STEP or height % _STEP:
        raise invalid("size", f"must have sides in multiples of {_STEP}")
    if max(width, height) > STEEPEST_RATIO * min(width, height):
        raise invalid("size", f"must be at most {STEEPEST_RATIO}:1 either way")
    if not _LEAST_PIXELS <= width * height <= _MOST_PIXELS:
        raise invalid("size", f"must have {_LEAST_PIXELS} to {_MOST_PIXELS} pixels")
    divisor = math.gcd(width, height)
    return (width // divisor, height // divisor), (width, height)


def _named(value: object, ratio: tuple[int, int]) -> str:
    return str(value) if value not in (None, "auto") else f"{ratio[0]}:{ratio[1]}"
