"""What the dialects share: a request as they read it, and lenient reading of its fields."""

import base64
import binascii
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Protocol

from aiohttp import web
from PIL import Image, UnidentifiedImageError

from pipeline.imageserver.api.refusal import RefusedError, invalid, kind_of
from pipeline.imageserver.api.requests.file_kinds import file_kind
from pipeline.imageserver.api.requests.forms import Form
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import pixels

MAX_PICTURES = 10
_MIN_SIDE, _MAX_PIXELS = 16, 8_294_400
_NUMBER = re.compile(r"[0-9]{1,5}")
_DATA_URL = re.compile(r"data:image/[a-z]+;base64,", re.IGNORECASE)
_SQUARE = (1, 1)


class AnswerKind(Enum):
    """How a picture is answered."""

    BASE64 = auto()
    ADDRESS = auto()
    """An URL, or whatever the server takes for one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CompatibleRequest:
    """A request for pictures, which such a server makes for nothing."""

    image_request: ImageRequest
    prompt: str
    """The prompt as it was sent, of which the server may have painted a part."""
    stated_size: str = ""
    """The size that the answer states, if it states one."""
    output_format: str = "png"
    compression: int = 100
    answer_kind: AnswerKind = AnswerKind.BASE64


class Dialect(Protocol):
    """One server: how it reads requests, and how it answers."""

    model: str
    """The id of the one model that it serves."""
    edits: bool
    """False if it has no endpoint for edits."""
    fields: ClassVar[Mapping[str, str]]
    """The fields that it reads besides prompt, model and n, with what it makes of them."""
    files: ClassVar[Mapping[str, str]]
    """The names of an edit's files, and what each is: `image` or `mask`."""
    image_path: str
    """The route of its pictures, with `{name}`; empty if it serves none."""

    def generation(self, body: Mapping[str, object]) -> CompatibleRequest:
        """Return the request in a JSON body. Raises RefusedError."""
        ...

    def edit(self, form: Form) -> CompatibleRequest:
        """Return the request in a form. Raises RefusedError."""
        ...

    def failure(self, error: RefusedError) -> web.Response:
        """Return the response for a refusal."""
        ...

    def around(
        self, request: CompatibleRequest, sold: Sold
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return the fields of a reply before and after `data`."""
        ...

    def beside(self, request: CompatibleRequest) -> dict[str, object]:
        """Return the other fields of each picture."""
        ...

    def address(self, base: str, name: str) -> str:
        """Return the URL of a picture; `base` is the server's own address."""
        ...


def pictures_of(
    model: str,
    prompt: str,
    size: tuple[int, int],
    *,
    n: int = 1,
    transparent: bool = False,
    references: tuple[bytes, ...] = (),
    mask: bytes | None = None,
) -> ImageRequest:
    """Return a request for pictures of exactly this size, at no price. Raises RefusedError."""
    width, height = size
    if min(size) < _MIN_SIDE or width * height > _MAX_PIXELS:
        raise invalid("size", f"{width}x{height} cannot be painted by this server")
    return ImageRequest(
        prompt=prompt,
        size=f"{width}x{height}",
        ratio=_paintable(width, height),
        exact=size,
        quality=PaintQuality.MEDIUM,
        n=n,
        transparent=transparent,
        references=references,
        mask=mask,
        model=model,
        price=0,
    )


def _paintable(width: int, height: int) -> tuple[int, int]:
    """Return the ratio of a size, or a square for a ratio that the painters do not know."""
    divisor = math.gcd(width, height)
    ratio = width // divisor, height // divisor
    try:
        pixels(ratio, PaintQuality.MEDIUM)
    except ValueError:
        return _SQUARE
    return ratio


def prompt_in(body: Mapping[str, object]) -> str:
    """Return the prompt. Raises RefusedError."""
    prompt = body.get("prompt")
    if prompt is None:
        raise invalid("prompt", "Field required")
    if not isinstance(prompt, str) or "\0" in prompt:
        raise invalid("prompt", f"Input should be a valid string, not {kind_of(prompt)}")
    return prompt


def text_in(body: Mapping[str, object], name: str, default: str = "") -> str:
    """Return a field as text, the default if it is missing or null."""
    value = body.get(name)
    return default if value is None else str(value)


def number_in(body: Mapping[str, object], name: str, default: int) -> int:
    """Return a whole number, as JSON or as a form's text. Raises RefusedError."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(name, "Input should be a valid integer")
    return value


def sides_in(text: str, separators: str = "x") -> tuple[int, int] | None:
    """Return width and height, None if the text is no size."""
    parts = re.split(f"[{separators}]", text)
    if len(parts) != 2 or not all(map(_NUMBER.fullmatch, parts)):  # noqa: PLR2004 - two sides
        return None
    return int(parts[0]), int(parts[1])


def images_in(form: Form) -> tuple[bytes, ...]:
    """Return the images of an edit. Raises RefusedError."""
    images = tuple(form.files.get("image", ()))
    if not images:
        raise invalid("image", "Field required")
    for image in images:
        if file_kind(image) is None:
            raise RefusedError(400, "cannot identify image file")
    return images


def sides_of(image: bytes) -> tuple[int, int]:
    """Return the pixels of an image that was checked."""
    found = file_kind(image)
    return (1024, 1024) if found is None else (found.width, found.height)


def image_of(text: object) -> bytes:
    """Return an image that JSON carries as base64 or as a data URL. Raises RefusedError."""
    encoded = _DATA_URL.sub("", text) if isinstance(text, str) else ""
    try:
        image = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise RefusedError(400, "illegal base64 data") from error
    if file_kind(image) is None:
        raise RefusedError(400, "cannot identify image file")
    return image


def inverted_mask(mask: bytes) -> bytes:
    """Return a mask whose transparent area is painted anew, from one whose white area is.

    Raises RefusedError.
    """
    try:
        with Image.open(io.BytesIO(mask)) as opened:
            kept = opened.convert("L").point([255 - level for level in range(256)])
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise RefusedError(400, "cannot identify mask image") from error
    out = io.BytesIO()
    Image.merge("LA", (kept, kept)).save(out, "PNG", compress_level=1)
    return out.getvalue()
