"""The images of an edit: by form, by data URL or by the id of an uploaded file."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence

from pipeline.imageserver.api.requests.file_kinds import FileKind, file_kind
from pipeline.imageserver.api.requests.forms import Form
from pipeline.imageserver.openai.errors import USER, OpenAiError
from pipeline.imageserver.openai.field_errors import (
    MAX_SHOWN,
    invalid_value,
    missing,
    too_long,
    wrong_type,
)

MAX_IMAGES = 16
_MAX_IMAGE_BYTES, _MAX_MASK_BYTES = 50_000_000, 4_000_000
_MAX_DATA_URL = 20_971_520
_MAX_SIDE = 8192
_DATA_URL = re.compile(r"data:(image/(?:png|jpe?g|webp));base64,", re.IGNORECASE)
_MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")

EDIT_FILES = {"image": "image", "image[]": "image", "mask": "mask", "markup": "markup"}
"""The names of a form's files, and the field that each belongs to."""
ReadFile = Callable[[str], bytes]
"""Returns the content of an uploaded file by its id. Raises OpenAiError."""


def images_in_form(form: Form) -> tuple[list[bytes], bytes | None]:
    """Return images and mask of a form. Raises OpenAiError."""
    for name, media_types in form.media_types.items():
        for media_type in media_types:
            if media_type not in _MEDIA_TYPES:
                raise _unsupported(name, media_type)
    images = form.files.get("image", [])
    if not images:
        raise missing("image")
    masks = form.files.get("mask", [])
    if len(masks) > 1:
        raise invalid_value("mask", "Only one mask may be given.")
    if masks and form.files.get("markup"):
        raise invalid_value("markup", "The parameters 'markup' and 'mask' cannot be combined.")
    return images, masks[0] if masks else None


def images_in_json(
    body: Mapping[str, object], read_file: ReadFile
) -> tuple[list[bytes], bytes | None]:
    """Return images and mask of a JSON body. Raises OpenAiError."""
    listed = body.get("images")
    if not isinstance(listed, list) or not listed:
        raise missing("images") if listed is None else wrong_type("images", "an array", listed)
    images = [_image_in(f"images[{n}]", one, read_file) for n, one in enumerate(listed)]
    mask = None if body.get("mask") is None else _image_in("mask", body["mask"], read_file)
    return images, mask


def _image_in(place: str, value: object, read_file: ReadFile) -> bytes:
    """Return an image that a JSON body gives by a data URL or by the id of an uploaded file."""
    if not isinstance(value, dict) or not set(value) <= {"image_url", "file_id"} or len(value) != 1:
        raise invalid_value(place, f"Expected exactly one of 'image_url' and 'file_id' in {place}.")
    if "file_id" in value:
        return read_file(str(value["file_id"]))
    url = value["image_url"]
    if not isinstance(url, str):
        raise wrong_type(f"{place}.image_url", "a string", url)
    if len(url) > _MAX_DATA_URL:
        raise too_long(f"{place}.image_url", len(url), _MAX_DATA_URL)
    found = _DATA_URL.match(url)
    try:
        if found is not None:
            return base64.b64decode(url[found.end() :], validate=True)
    except binascii.Error as error:
        raise _bad_image_url(place) from error
    raise _bad_image_url(place)


def _bad_image_url(place: str) -> OpenAiError:
    return OpenAiError(
        400,
        f"Invalid '{place}.image_url'. Expected a base64-encoded data URL with an image MIME type "
        "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='); this server downloads nothing.",
        code="invalid_image_url",
        param=f"{place}.image_url",
    )


def checked_images(references: Sequence[bytes], mask: bytes | None) -> list[FileKind]:
    """Return kind and size of every reference. Raises OpenAiError."""
    if len(references) > MAX_IMAGES:
        raise OpenAiError(
            400,
            f"Invalid 'image': array too long. Expected an array with maximum length {MAX_IMAGES},"
            f" but got an array with length {len(references)} instead.",
            code="array_above_max_length",
            param="image",
        )
    found = [_checked(number, image) for number, image in enumerate(references, 1)]
    if mask is not None:
        _check_mask(mask, found[0])
    return found


def _checked(number: int, image: bytes) -> FileKind:
    found = file_kind(image)
    if len(image) > _MAX_IMAGE_BYTES:
        raise invalid_value("image", f"Image {number} is too large: the limit is 50MB.")
    if found is None or not (1 <= found.width <= _MAX_SIDE and 1 <= found.height <= _MAX_SIDE):
        raise OpenAiError(
            400,
            f"Invalid image file or mode for image {number}, please check your image file.",
            code="invalid_image_file",
            param="image",
            error_type=USER,
        )
    return found


def _check_mask(mask: bytes, first: FileKind) -> None:
    found = file_kind(mask)
    if found is None or found.kind != "png":
        raise OpenAiError(
            400,
            "Invalid mask image format - mask must be a PNG file.",
            code="invalid_image_format",
            param="mask",
            error_type=USER,
        )
    if len(mask) >= _MAX_MASK_BYTES:
        raise invalid_value("mask", "The mask is too large: it must be less than 4MB.")
    if (found.width, found.height) != (first.width, first.height):
        raise invalid_value(
            "mask",
            "Invalid mask image size - mask size "
            f"({found.width}, {found.height}) does not match image size "
            f"({first.width}, {first.height}).",
        )


def _unsupported(name: str, media_type: str) -> OpenAiError:
    return OpenAiError(
        400,
        f"Invalid file {name!r}: unsupported mimetype ({media_type[:MAX_SHOWN]!r}). Supported file "
        "formats are 'image/jpeg', 'image/png', and 'image/webp'.",
        code="unsupported_file_mimetype",
        param=name,
    )
