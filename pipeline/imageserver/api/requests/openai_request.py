"""Requests of OpenAI's Images API: pixels instead of ratios, and more fields."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.imageserver.api.refusal import invalid, printable
from pipeline.imageserver.api.requests.fields import (
    count_from,
    prompt_from,
    quality_from,
    refuse_unknown,
)
from pipeline.imageserver.api.requests.forms import Form, images_of
from pipeline.imageserver.api.requests.image_request import ImageRequest, count_from_text, ratio_of
from pipeline.imageserver.api.terms import MODEL
from pipeline.imageserver.painting.conversion import FORMATS
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import MAX_RATIO

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
_MIN_PIXELS, _MAX_PIXELS = 655_360, 8_294_400
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
_MAX_COMPRESSION = 100
_PERCENTAGE = re.compile(r"[0-9]{1,3}")
_MAX_USER = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAiRequest:
    """A request for pictures, and the format in which they are answered."""

    image_request: ImageRequest
    output_format: str = "png"
    compression: int = 100
    as_url: bool = False


def generation_from(body: Mapping[str, object], *, variation: str) -> OpenAiRequest:
    """Return the request in a JSON body of `/images/generations`. Raises RefusedError."""
    refuse_unknown(body, _GENERATION)
    ratio, exact = _size(body.get("size"), (1, 1))
    image_request = ImageRequest(
        prompt=prompt_from(body),
        size=_size_name(body.get("size"), ratio),
        ratio=ratio,
        exact=exact,
        quality=_quality(body.get("quality")),
        n=1 if body.get("n") is None else count_from(body["n"]),
        transparent=_choice(body, "background") == "transparent",
        variation=variation,
    )
    return _openai_request(body, image_request)


def openai_edit_from(form: Form, *, variation: str) -> OpenAiRequest:
    """Return the request in a form of `/images/edits`. Raises RefusedError."""
    text = form.text
    refuse_unknown(text, _EDIT)
    prompt = prompt_from(text)
    references, mask, first = images_of(form)
    ratio, exact = _size(text.get("size"), ratio_of(first))
    image_request = ImageRequest(
        prompt=prompt,
        size=_size_name(text.get("size"), ratio),
        ratio=ratio,
        exact=exact,
        quality=_quality(text.get("quality")),
        n=count_from_text("n", text.get("n", "1")),
        transparent=_choice(text, "background") == "transparent",
        variation=variation,
        references=references,
        mask=mask,
    )
    return _openai_request(text, image_request)


def _openai_request(body: Mapping[str, object], image_request: ImageRequest) -> OpenAiRequest:
    model = body.get("model", MODEL)
    if not isinstance(model, str) or not _DATED_MODEL.fullmatch(model):
        raise invalid("model", f"must be {MODEL}, not {printable(model)}")
    user = body.get("user")
    if user is not None and (not isinstance(user, str) or len(user) > _MAX_USER):
        raise invalid("user", f"must be a string of at most {_MAX_USER} characters")
    for name in ("moderation", "input_fidelity", "stream", "partial_images"):
        _choice(body, name)
    output_format = _choice(body, "output_format") or "png"
    as_url = _choice(body, "response_format") == "url"
    if as_url and output_format != "png":
        raise invalid("output_format", "must be png if response_format is url")
    if image_request.transparent and output_format == "jpeg":
        raise invalid("output_format", "must be png or webp if background is transparent")
    return OpenAiRequest(
        image_request=image_request,
        output_format=str(output_format),
        compression=_compression(body.get("output_compression")),
        as_url=as_url,
    )


def _choice(body: Mapping[str, object], name: str) -> object:
    """Return the field's value, one of its choices; None if it is not given."""
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
    """Return a percentage, a number in JSON or text in a form."""
    if value is None:
        return _MAX_COMPRESSION
    if isinstance(value, str) and _PERCENTAGE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        raise invalid("output_compression", "must be a whole number")
    if not 0 <= value <= _MAX_COMPRESSION:
        raise invalid("output_compression", f"must be from 0 to {_MAX_COMPRESSION}")
    return int(value)


def _size(
    value: object, default: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """Return the ratio and the exact pixels; None for the pixels of `auto`."""
    if value in (None, "auto"):
        return default, None
    matched = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        raise invalid("size", f"must be WIDTHxHEIGHT or auto, not {printable(value)}")
    width, height = int(matched[1]), int(matched[2])
    if width % _STEP or height % _STEP:
        raise invalid("size", f"must have sides in multiples of {_STEP}")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise invalid("size", f"must be at most {MAX_RATIO}:1 either way")
    if not _MIN_PIXELS <= width * height <= _MAX_PIXELS:
        raise invalid("size", f"must have {_MIN_PIXELS} to {_MAX_PIXELS} pixels")
    divisor = math.gcd(width, height)
    return (width // divisor, height // divisor), (width, height)


def _size_name(value: object, ratio: tuple[int, int]) -> str:
    return str(value) if value not in (None, "auto") else f"{ratio[0]}:{ratio[1]}"
