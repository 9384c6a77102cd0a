"""Multipart bodies of edits: text fields, images and a mask."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from pipeline.imageserver.api.refusal import RefusedError, field_name, invalid
from pipeline.imageserver.api.requests.bodies import BODY_SECONDS, UNREADABLE, check_head, too_large
from pipeline.imageserver.api.requests.file_kinds import FileKind, file_kind

_MAX_PARTS = 48
_MAX_TEXT_BYTES = 256 * 1024
MAX_IMAGES = 16
_MAX_SIDE = 8192
_FILES = {"image": "image", "image[]": "image", "mask": "mask"}


@dataclass(frozen=True, slots=True)
class Form:
    """A form as received: text by field, and files by field in their order."""

    text: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    media_types: dict[str, list[str]] = field(default_factory=dict)
    """What the caller says that the files are, by field."""


async def read_form(
    request: web.Request,
    *,
    limit: int,
    files: Mapping[str, str] = _FILES,
    lenient: bool = False,
) -> Form:
    """Return the form in the body. Raises RefusedError 400, 408, 413 or 415.

    `files` are the names of its files, and the field that each belongs to; a lenient server
    ignores other files and what is given twice.
    """
    if request.content_type != "multipart/form-data":
        raise RefusedError(415, "must be multipart/form-data", field="Content-Type")
    check_head(request, limit=limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, limit, files=files, lenient=lenient)
    except TimeoutError as error:
        raise RefusedError(408, "the body did not arrive in time") from error
    except (*UNREADABLE, LookupError, AssertionError, RuntimeError) as error:
        raise RefusedError(400, "the body is not a valid multipart form") from error


def images_of(form: Form) -> tuple[tuple[bytes, ...], bytes | None, FileKind]:
    """Return the images, the mask, and kind and size of the first image. Raises RefusedError."""
    images = form.files.get("image", [])
    if not images:
        raise invalid("image", "is missing")
    if len(images) > MAX_IMAGES:
        raise invalid("image", f"is given {len(images)} times, at most {MAX_IMAGES} are allowed")
    masks = form.files.get("mask", [])
    if len(masks) > 1:
        raise invalid("mask", "is given twice")
    first, *_ = [_checked("image", image) for image in images]
    for mask in masks:
        mask_kind = _checked("mask", mask)
        if (mask_kind.width, mask_kind.height) != (first.width, first.height):
            raise invalid("mask", "must have the size of the first image")
    return tuple(images), masks[0] if masks else None, first


def _checked(name: str, content: bytes) -> FileKind:
    found = file_kind(content)
    if found is None:
        raise invalid(name, "must be a PNG, JPEG or WebP file")
    if not (1 <= found.width <= _MAX_SIDE and 1 <= found.height <= _MAX_SIDE):
        raise invalid(name, f"must have sides of 1 to {_MAX_SIDE} pixels")
    return found


async def _read(
    request: web.Request, limit: int, *, files: Mapping[str, str], lenient: bool
) -> Form:
    form = Form()
    remaining = limit
    reader = await request.multipart()
    for _ in range(_MAX_PARTS):
        part = await reader.next()
        if part is None:
            return form
        if not isinstance(part, BodyPartReader) or not part.name:
            raise RefusedError(400, "every part of the form must have a name")
        content = await _content(part, limit=remaining)
        remaining -= len(content)
        if part.name in files:
            media_type = part.headers.get("Content-Type", "")
            form.media_types.setdefault(files[part.name], []).append(media_type)
            form.files.setdefault(files[part.name], []).append(content)
        elif not lenient or (part.filename is None and part.name not in form.text):
            _add(form, part.name, content)
    raise RefusedError(400, f"the form has more than {_MAX_PARTS} parts")


async def _content(part: BodyPartReader, *, limit: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > limit:
            raise too_large(limit)
    return bytes(part.decode(content))


def _add(form: Form, name: str, content: bytes) -> None:
    plain = field_name(name)
    if name in form.text:
        raise invalid(plain, "is given twice")
    if len(content) > _MAX_TEXT_BYTES:
        raise invalid(plain, "is too long")
    try:
        form.text[name] = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid(plain, "is not valid UTF-8") from error
