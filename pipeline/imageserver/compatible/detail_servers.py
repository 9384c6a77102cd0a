"""vLLM-Omni, SGLang and Xinference: servers whose errors are FastAPI's `detail`."""

from collections.abc import Mapping
from typing import ClassVar

from aiohttp import web

from pipeline.imageserver.api.answers import as_json
from pipeline.imageserver.api.refusal import RefusedError, invalid
from pipeline.imageserver.api.requests.forms import Form
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.compatible.dialect import (
    MAX_PICTURES,
    AnswerKind,
    CompatibleRequest,
    images_in,
    inverted_mask,
    number_in,
    pictures_of,
    prompt_in,
    sides_in,
    sides_of,
    text_in,
)

_FORMATS = ("png", "jpeg", "webp")
_STEP = 16
_SQUARE = (1024, 1024)


def _detail(error: RefusedError, unauthorized: object) -> web.Response:
    """Return `detail` as text, or as a list of fields that are not valid."""
    if error.status == 401:  # noqa: PLR2004 - HTTP's own number
        return as_json(unauthorized, status=401)
    if error.status == 400 and error.field:  # noqa: PLR2004 - HTTP's own number
        message = error.message.removeprefix(f"{error.field}: ")
        one = {"type": "value_error", "loc": ["body", error.field], "msg": message}
        return as_json({"detail": [one]}, status=422)
    return as_json({"detail": error.message}, status=error.status)


class VllmOmni:
    """vLLM-Omni: the size that it states is the one that was asked for, not the canvas."""

    model = "Qwen/Qwen-Image"
    edits = True
    fields: ClassVar[Mapping[str, str]] = {
        "size": "WIDTHxHEIGHT or auto; the canvas has sides in multiples of 16.",
        "response_format": "Only b64_json.",
        "output_format": "png, jpeg or webp; png by default.",
        "output_compression": "From 0 to 100, for jpeg and webp.",
        "background": "transparent, or anything else.",
    }
    files: ClassVar[Mapping[str, str]] = {
        "image": "image",
        "image[]": "image",
        "mask_image": "mask",
    }
    image_path = ""

    def generation(self, body: Mapping[str, object]) -> CompatibleRequest:
        """Read a body; only base64 is answered, and unknown fields are ignored."""
        return self._request(body, (), None, default=_SQUARE)

    def edit(self, form: Form) -> CompatibleRequest:
        """Read a form; the white area of `mask_image` is painted anew."""
        images = images_in(form)
        masks = form.files.get("mask", ())
        mask = inverted_mask(masks[0]) if masks else None
        return self._request(form.text, images, mask, default=sides_of(images[0]))

    def _request(
        self,
        body: Mapping[str, object],
        references: tuple[bytes, ...],
        mask: bytes | None,
        *,
        default: tuple[int, int],
    ) -> CompatibleRequest:
        size = text_in(body, "size", "auto")
        sides = default if size == "auto" else sides_in(size)
        if sides is None:
            raise invalid("size", "size must be in format 'WIDTHxHEIGHT' (e.g., '1024x1024')")
        if text_in(body, "response_format", "b64_json") != "b64_json":
            raise invalid("response_format", "Only 'b64_json' response format is supported")
        count = number_in(body, "n", 1)
        if not 1 <= count <= MAX_PICTURES:
            raise invalid("n", f"Input should be from 1 to {MAX_PICTURES}")
        output_format = text_in(body, "output_format", "png").replace("jpg", "jpeg")
        if output_format not in _FORMATS:
            raise RefusedError(400, f"Unsupported output_format: {output_format[:20]}")
        width, height = sides
        prompt = prompt_in(body)
        image_request = pictures_of(
            self.model,
            prompt,
            (max(_STEP, width // _STEP * _STEP), max(_STEP, height // _STEP * _STEP)),
            n=count,
            transparent=text_in(body, "background") == "transparent",
            references=references,
            mask=mask,
        )
        return CompatibleRequest(
            image_request=image_request,
            prompt=prompt,
            stated_size=f"{width}x{height}",
            output_format=output_format,
            compression=number_in(body, "output_compression", 100),
        )

    def failure(self, error: RefusedError) -> web.Response:
        """Return `detail`; a busy server does not say when to come back."""
        return _detail(error, {"error": "Unauthorized"})

    def around(
        self, request: CompatibleRequest, sold: Sold
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return no usage, and the size that was asked for."""
        after: dict[str, object] = {
            "output_format": request.output_format,
            "size": request.stated_size,
        }
        return {"created": int(sold.at)}, after

    def beside(self, request: CompatibleRequest) -> dict[str, object]:
        """Return the fields that are always null."""
        return {"url": None, "revised_prompt": None}

    def address(self, base: str, name: str) -> str:
        """Return an address, which is never asked for."""
        return f"{base}/{name}"


class SgLang:
    """SGLang: JPEG unless something else is asked for, and an URL without a host."""

    model = "black-forest-labs/FLUX.1-dev"
    edits = True
    fields: ClassVar[Mapping[str, str]] = {
        "size": "WIDTHxHEIGHT; anything else is the model's own size.",
        "response_format": "url, a path without a host, by default; or b64_json.",
        "output_format": "png, jpeg or webp; jpeg by default, png for a transparent background.",
        "background": "transparent, or anything else.",
    }
    files: ClassVar[Mapping[str, str]] = {"image": "image", "image[]": "image"}
    image_path = "/v1/images/{name}/content"

    def generation(self, body: Mapping[str, object]) -> CompatibleRequest:
        """Read a body; a size that is none becomes the model's own."""
        return self._request(body, (), default=_SQUARE)

    def edit(self, form: Form) -> CompatibleRequest:
        """Read a form; masks are ignored."""
        images = images_in(form)
        return self._request(form.text, images, default=sides_of(images[0]))

    def _request(
        self, body: Mapping[str, object], references: tuple[bytes, ...], *, default: tuple[int, int]
    ) -> CompatibleRequest:
        transparent = text_in(body, "background", "auto") == "transparent"
        output_format = text_in(body, "output_format").replace("jpg", "jpeg")
        if output_format not in _FORMATS:
            output_format = "png" if transparent else "jpeg"
        answer = text_in(body, "response_format", "url").lower()
        if answer not in {"url", "b64_json"}:
            raise RefusedError(400, f"response_format={answer[:20]} is not supported")
        prompt = prompt_in(body)
        image_request = pictures_of(
            self.model,
            prompt,
            sides_in(text_in(body, "size").lower().replace(" ", "")) or default,
            n=max(1, min(number_in(body, "n", 1), MAX_PICTURES)),
            transparent=transparent,
            references=references,
        )
        return CompatibleRequest(
            image_request=image_request,
            prompt=prompt,
            output_format=output_format,
            answer_kind=AnswerKind.ADDRESS if answer == "url" else AnswerKind.BASE64,
        )

    def failure(self, error: RefusedError) -> web.Response:
        """Return `detail`."""
        return _detail(error, {"error": "Unauthorized"})

    def around(
        self, request: CompatibleRequest, sold: Sold
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return an id and how long it took; there is no size and no usage."""
        return {"id": f"img_{sold.purchase:09d}", "created": int(sold.at)}, {
            "inference_time_s": 0.1
        }

    def beside(self, request: CompatibleRequest) -> dict[str, object]:
        """Return the prompt as it was sent."""
        return {"revised_prompt": request.prompt, "file_path": None}

    def address(self, base: str, name: str) -> str:
        """Return a path without scheme and host."""
        return f"/v1/images/{name}/content"


class Xinference:
    """Xinference: without `b64_json` it answers a path on its own disk."""

    model = "sd3-medium"
    edits = True
    fields: ClassVar[Mapping[str, str]] = {
        "size": "WIDTHxHEIGHT or WIDTH*HEIGHT.",
        "response_format": "url, a path on the server's own disk, by default; or b64_json.",
    }
    files: ClassVar[Mapping[str, str]] = {"image": "image", "image[]": "image", "mask": "mask"}
    image_path = ""

    def generation(self, body: Mapping[str, object]) -> CompatibleRequest:
        """Read a body; sizes are written with `*` or `x`."""
        sides = sides_in(text_in(body, "size", "1024*1024"), "x*")
        return self._request(body, (), None, sides=sides)

    def edit(self, form: Form) -> CompatibleRequest:
        """Read a form; the size `original` is that of the first image."""
        images = images_in(form)
        size = text_in(form.text, "size", "original")
        sides = sides_of(images[0]) if size == "original" else sides_in(size, "x*")
        masks = form.files.get("mask", ())
        return self._request(form.text, images, masks[0] if masks else None, sides=sides)

    def _request(
        self,
        body: Mapping[str, object],
        references: tuple[bytes, ...],
        mask: bytes | None,
        *,
        sides: tuple[int, int] | None,
    ) -> CompatibleRequest:
        model = text_in(body, "model")
        if model != self.model:
            raise RefusedError(400, f"Model not found in the model list, uid: {model[:64]}")
        if sides is None:
            raise RefusedError(500, "not enough values to unpack (expected 2, got 1)")
        encoded = text_in(body, "response_format", "url") == "b64_json"
        prompt = prompt_in(body)
        image_request = pictures_of(
            self.model,
            prompt,
            sides,
            n=max(1, min(number_in(body, "n", 1), MAX_PICTURES)),
            references=references,
            mask=mask,
        )
        return CompatibleRequest(
            image_request=image_request,
            prompt=prompt,
            answer_kind=AnswerKind.BASE64 if encoded else AnswerKind.ADDRESS,
        )

    def failure(self, error: RefusedError) -> web.Response:
        """Return `detail`."""
        return _detail(error, {"detail": "Unauthorized"})

    def around(
        self, request: CompatibleRequest, sold: Sold
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return nothing but the time."""
        return {"created": int(sold.at)}, {}

    def beside(self, request: CompatibleRequest) -> dict[str, object]:
        """Return the field that the other kind of answer would have."""
        name = "url" if request.answer_kind is AnswerKind.BASE64 else "b64_json"
        return {name: None}

    def address(self, base: str, name: str) -> str:
        """Return a path on the server's own disk."""
        return f"/home/xinference/.xinference/image/{name}"
