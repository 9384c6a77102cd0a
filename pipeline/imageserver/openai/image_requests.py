"""Requests of the Images API, from JSON, from a form, or from a line of a batch."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.imageserver.api.requests.forms import Form
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.openai.edit_images import (
    ReadFile,
    checked_images,
    images_in_form,
    images_in_json,
)
from pipeline.imageserver.openai.errors import OpenAiError
from pipeline.imageserver.openai.field_errors import (
    MAX_SHOWN,
    above_maximum,
    below_minimum,
    invalid_value,
    missing,
    too_long,
    unlisted,
    wrong_type,
)
from pipeline.imageserver.openai.models import (
    MODELS,
    PAINTED,
    ImageModel,
    TokenUsage,
    image_tokens_in,
    pixels_of,
    text_tokens,
)

GENERATION_FIELDS = frozenset(
    {
        "prompt",
        "model",
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "moderation",
        "stream",
        "partial_images",
        "safety_identifier",
        "user",
    }
)
EDIT_FIELDS = GENERATION_FIELDS - {"moderation"} | {"input_fidelity", "images", "mask"}
_CHOICES = {
    "background": ("transparent", "opaque", "auto"),
    "output_format": ("png", "webp", "jpeg"),
    "moderation": ("low", "auto"),
}
_MAX_PROMPT = 32_000
_MAX_PICTURES = 10
_MAX_COMPRESSION = 100
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_SIZE, _QUALITY = "1024x1024", "medium"
"""What `auto` means."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAiImageRequest:
    """A request for pictures of one model, and the form of its reply."""

    image_request: ImageRequest
    """What is painted; its price is in nano-dollars."""
    model: ImageModel
    size: str
    usage: TokenUsage
    output_format: str = "png"
    compression: int = 100

    @property
    def weight(self) -> int:
        """The images that it counts in a rate limit: its pictures or its references."""
        return max(self.image_request.n, len(self.image_request.references))

    def in_batch(self) -> "OpenAiImageRequest":
        """Return the same request at half the price."""
        price = self.usage.price(self.model.rates, batch=True)
        return replace(self, image_request=replace(self.image_request, price=price))


def generation_from(body: Mapping[str, object], *, variation: str = "") -> OpenAiImageRequest:
    """Return the request in the body of `/images/generations`. Raises OpenAiError."""
    _refuse_unknown(body, GENERATION_FIELDS)
    return _request(body, (), None, variation=variation)


def edit_from_json(
    body: Mapping[str, object], *, read_file: ReadFile, variation: str = ""
) -> OpenAiImageRequest:
    """Return the request in a JSON body of `/images/edits`. Raises OpenAiError."""
    _refuse_unknown(body, EDIT_FIELDS)
    images, mask = images_in_json(body, read_file)
    return _request(body, images, mask, variation=variation)


def edit_from_form(form: Form, *, variation: str = "") -> OpenAiImageRequest:
    """Return the request in a form of `/images/edits`. Raises OpenAiError."""
    _refuse_unknown(form.text, EDIT_FIELDS - {"images", "mask"})
    images, mask = images_in_form(form)
    fields = {name: _from_text(name, text) for name, text in form.text.items()}
    if form.files.get("markup") and not _model(fields)[1].markup:
        raise invalid_value("markup", "The model does not support the 'markup' parameter.")
    return _request(fields, images, mask, variation=variation)


def _request(
    body: Mapping[str, object],
    references: Sequence[bytes],
    mask: bytes | None,
    *,
    variation: str,
) -> OpenAiImageRequest:
    """Return the request with its price. Raises OpenAiError naming the wrong field."""
    prompt = _prompt(body)
    name, model = _model(body)
    images = checked_images(references, mask)
    count = _number(body, "n", least=1, most=_MAX_PICTURES, default=1)
    size, quality = _size(body, model), _quality(body, model)
    output_format = _choice(body, "output_format") or "png"
    transparent = _choice(body, "background") == "transparent"
    _check_background(model, output_format, transparent=transparent)
    _check_others(body, model)
    width, height = pixels_of(size)
    divisor = math.gcd(width, height)
    words = text_tokens(prompt)
    usage = TokenUsage(
        text_in=words,
        image_in=sum(image_tokens_in(image.width, image.height) for image in images),
        image_out=count * model.image_tokens(quality, width, height),
        text_out=words if model.rates.text_out else 0,
    )
    image_request = ImageRequest(
        prompt=prompt,
        size=size,
        ratio=(width // divisor, height // divisor),
        exact=(width, height),
        quality=PAINTED[quality],
        stated_quality=quality,
        model=name,
        n=count,
        transparent=transparent,
        variation=variation,
        references=tuple(references),
        mask=mask,
        price=usage.price(model.rates),
    )
    return OpenAiImageRequest(
        image_request=image_request,
        model=model,
        size=size,
        usage=usage,
        output_format=output_format,
        compression=_compression(body, output_format),
    )


def _refuse_unknown(body: Mapping[str, object], known: frozenset[str]) -> None:
    for name in sorted(set(body) - known):
        raise OpenAiError(
            400, f"Unknown parameter: {name!r}.", code="unknown_parameter", param=name[:MAX_SHOWN]
        )


def _prompt(body: Mapping[str, object]) -> str:
    prompt = body.get("prompt")
    if prompt is None:
        raise missing("prompt")
    if not isinstance(prompt, str):
        raise wrong_type("prompt", "a string", prompt)
    if not prompt.strip():
        raise OpenAiError(
            400,
            "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an "
            "empty string instead.",
            code="empty_string",
            param="prompt",
        )
    if len(prompt) > _MAX_PROMPT:
        raise too_long("prompt", len(prompt), _MAX_PROMPT)
    if "\0" in prompt or any("\ud800" <= character <= "\udfff" for character in prompt):
        raise invalid_value("prompt", "Invalid 'prompt': it is not valid Unicode text.")
    return prompt


def _model(body: Mapping[str, object]) -> tuple[str, ImageModel]:
    name = body.get("model", "gpt-image-2")
    if not isinstance(name, str):
        raise wrong_type("model", "a string", name)
    model = MODELS.get(name)
    if model is None:
        raise invalid_value("model", f"The model {name[:MAX_SHOWN]!r} does not exist.")
    return name, model


def _size(body: Mapping[str, object], model: ImageModel) -> str:
    size = body.get("size")
    if size in (None, "auto"):
        return _SIZE
    if not isinstance(size, str):
        raise wrong_type("size", "a string", size)
    complaint = model.size_complaint(size)
    if complaint:
        raise invalid_value("size", f"Invalid size {size[:MAX_SHOWN]!r}. {complaint}")
    return size


def _quality(body: Mapping[str, object], model: ImageModel) -> str:
    quality = body.get("quality")
    if quality in (None, "auto"):
        return _QUALITY
    if quality not in model.qualities:
        raise unlisted("quality", quality, (*model.qualities, "auto"))
    return str(quality)


def _choice(body: Mapping[str, object], name: str) -> str:
    """Return one of the field's values, or an empty string if it is not given."""
    value = body.get(name)
    if value is None:
        return ""
    if value not in _CHOICES[name]:
        raise unlisted(name, value, _CHOICES[name])
    return str(value)


def _check_background(model: ImageModel, output_format: str, *, transparent: bool) -> None:
    if transparent and not model.transparent:
        raise invalid_value("background", "Transparent background is not supported for this model.")
    if transparent and output_format == "jpeg":
        raise invalid_value(
            "background", "Transparent background is not supported for the output format jpeg."
        )


def _check_others(body: Mapping[str, object], model: ImageModel) -> None:
    """Check the fields that change nothing here."""
    _choice(body, "moderation")
    fidelity = body.get("input_fidelity")
    if fidelity is not None and fidelity not in model.fidelities:
        if not model.fidelities:
            raise invalid_value(
                "input_fidelity", "The model does not support the 'input_fidelity' parameter."
            )
        raise unlisted("input_fidelity", fidelity, model.fidelities)
    if body.get("stream") not in (None, False):
        raise invalid_value("stream", "Streaming is not supported by this server.")
    if _number(body, "partial_images", least=0, most=3, default=0):
        raise invalid_value("partial_images", "Partial images need streaming.")
    for name in ("safety_identifier", "user"):
        if not isinstance(body.get(name) or "", str):
            raise wrong_type(name, "a string", body[name])


def _compression(body: Mapping[str, object], output_format: str) -> int:
    compression = _number(
        body, "output_compression", least=0, most=_MAX_COMPRESSION, default=_MAX_COMPRESSION
    )
    if output_format == "png" and compression < _MAX_COMPRESSION:
        raise invalid_value(
            "output_compression",
            "Compression less than 100 is not supported for PNG output format",
        )
    return compression


def _number(body: Mapping[str, object], name: str, *, least: int, most: int, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an integer", value)
    if value > most:
        raise above_maximum(name, value, most)
    if value < least:
        raise below_minimum(name, value, least)
    return value


def _from_text(name: str, text: str) -> object:
    """Return a form's field as JSON would have it."""
    if name in {"n", "output_compression", "partial_images"} and _WHOLE.fullmatch(text):
        return int(text)
    if name == "stream" and text in {"true", "false"}:
        return text == "true"
    return text
