"""LocalAI and stable-diffusion.cpp: servers that guess where a request is not valid."""

import json
import re
from collections.abc import Mapping
from typing import ClassVar

from aiohttp import web

from pipeline.imageserver.api.answers import as_json
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.forms import Form
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.compatible.dialect import (
    MAX_PICTURES,
    AnswerKind,
    CompatibleRequest,
    image_of,
    images_in,
    number_in,
    pictures_of,
    prompt_in,
    sides_in,
    sides_of,
    text_in,
)

_NOTHING = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
_DEFAULT = (512, 512)
_EXTRA = re.compile(r"<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", re.DOTALL)
_LEADING_NUMBER = re.compile(r"\s*([0-9]{1,5})")


class LocalAi:
    """LocalAI: no edits; the prompt is cut at `|`, and a size without `x` becomes 512x512."""

    model = "stablediffusion"
    edits = False
    fields: ClassVar[Mapping[str, str]] = {
        "size": "WIDTHxHEIGHT; 512x512 if there is no x in it.",
        "response_format": "url by default, or b64_json.",
        "ref_images": "References as base64.",
    }
    files: ClassVar[Mapping[str, str]] = {}
    image_path = "/generated-images/{name}"

    def generation(self, body: Mapping[str, object]) -> CompatibleRequest:
        """Read a body; references come in it as base64, in `ref_images`."""
        size = text_in(body, "size")
        sides = sides_in(size) if "x" in size else _DEFAULT
        if sides is None:
            raise RefusedError(500, "invalid value for 'size'")
        prompt = prompt_in(body)
        listed = body.get("ref_images")
        references = tuple(map(image_of, listed)) if isinstance(listed, list) else ()
        encoded = text_in(body, "response_format") == "b64_json"
        image_request = pictures_of(
            self.model,
            prompt.split("|")[0] or prompt,
            sides,
            n=max(1, min(number_in(body, "n", 1), MAX_PICTURES)),
            references=references,
        )
        return CompatibleRequest(
            image_request=image_request,
            prompt=prompt,
            answer_kind=AnswerKind.BASE64 if encoded else AnswerKind.ADDRESS,
        )

    def edit(self, form: Form) -> CompatibleRequest:
        """Refuse: there is no such endpoint."""
        raise RefusedError(404, "Resource not found")

    def failure(self, error: RefusedError) -> web.Response:
        """Return an error object whose code is the status."""
        body = {"code": error.status, "message": error.message, "type": ""}
        return as_json({"error": body}, status=error.status)

    def around(
        self, request: CompatibleRequest, sold: Sold
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return a usage in which every count is 0."""
        return {"created": int(sold.at), "id": f"{sold.purchase:09d}"}, {"usage": _NOTHING}

    def beside(self, request: CompatibleRequest) -> dict[str, object]:
        """Return the index that every picture has."""
        return {"embedding": None, "index": 0}

    def address(self, base: str, name: str) -> str:
        """Return an URL of this server."""
        return f"{base}/generated-images/{name}"


class SdCpp:
    """stable-diffusion.cpp: it executes what stands in the prompt, and a bad size is ignored."""

    model = "sd-cpp-local"
    edits = True
    fields: ClassVar[Mapping[str, str]] = {
        "size": "WIDTHxHEIGHT; a side that is no number is 512.",
        "output_format": "png, jpeg or webp; png by default.",
        "output_compression": "From 0 to 100, for jpeg and webp.",
    }
    files: ClassVar[Mapping[str, str]] = {"image": "image", "image[]": "image", "mask": "mask"}
    image_path = ""

    def generation(self, body: Mapping[str, object]) -> CompatibleRequest:
        """Read a body; only a prompt is needed."""
        formats = ("png", "jpeg", "webp")
        return self._request(body, (), None, default=_DEFAULT, formats=formats)

    def edit(self, form: Form) -> CompatibleRequest:
        """Read a form."""
        if not form.files.get("image"):
            raise RefusedError(400, "at least one image[] required")
        images, masks = images_in(form), form.files.get("mask", ())
        mask = masks[0] if masks else None
        default = sides_of(images[0])
        return self._request(form.text, images, mask, default=default, formats=("png", "jpeg"))

    def _request(
        self,
        body: Mapping[str, object],
        references: tuple[bytes, ...],
        mask: bytes | None,
        *,
        default: tuple[int, int],
        formats: tuple[str, ...],
    ) -> CompatibleRequest:
        prompt = text_in(body, "prompt")
        if not prompt:
            raise RefusedError(400, "prompt required")
        output_format = text_in(body, "output_format", "png")
        if output_format not in formats:
            raise RefusedError(400, f"invalid output_format, must be one of [{', '.join(formats)}]")
        size = _sides(text_in(body, "size"), default)
        count = number_in(body, "n", 1)
        extra = _extra_arguments(prompt)
        width = number_in(extra, "width", size[0])
        height = number_in(extra, "height", size[1])
        count = number_in(extra, "batch_count", count)
        image_request = pictures_of(
            self.model,
            _EXTRA.sub("", prompt) or prompt,
            (width, height),
            n=max(1, min(count, MAX_PICTURES)),
            references=references,
            mask=mask,
        )
        return CompatibleRequest(
            image_request=image_request,
            prompt=prompt,
            output_format=output_format,
            compression=number_in(body, "output_compression", 100),
        )

    def failure(self, error: RefusedError) -> web.Response:
        """Return an error that is a bare string."""
        return as_json({"error": error.message}, status=error.status)

    def around(
        self, request: CompatibleRequest, sold: Sold
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return the format; there is no size and no usage."""
        return {"created": int(sold.at)}, {"output_format": request.output_format}

    def beside(self, request: CompatibleRequest) -> dict[str, object]:
        """Return nothing."""
        return {}

    def address(self, base: str, name: str) -> str:
        """Return an address, which is never asked for."""
        return f"{base}/{name}"


def _sides(text: str, default: tuple[int, int]) -> tuple[int, int]:
    """Return width and height as far as they can be read; the rest is the default."""
    across, separator, down = text.partition("x")
    width = _LEADING_NUMBER.match(across) if separator else None
    height = _LEADING_NUMBER.match(down)
    if width is None:
        return default
    return int(width[1]), int(height[1]) if height is not None else default[1]


def _extra_arguments(prompt: str) -> Mapping[str, object]:
    """Return the arguments that stand in a prompt. Raises RefusedError."""
    found = _EXTRA.search(prompt)
    if found is None:
        return {}
    try:
        extra = json.loads(found[1])
    except ValueError as error:
        raise RefusedError(400, "invalid sd_cpp_extra_args") from error
    if not isinstance(extra, dict):
        raise RefusedError(400, "invalid sd_cpp_extra_args")
    return extra
