"""Replies of the Images API: JSON around base64 pictures, which are read from disk in pieces."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from aiohttp import payload
from aiohttp.abc import AbstractStreamWriter

from pipeline.imageserver.billing.purchases import Sold, SoldPicture
from pipeline.imageserver.openai.image_requests import OpenAiImageRequest
from pipeline.imageserver.painting.conversion import transcode
from pipeline.imageserver.painting.image_files import ImageFiles

PIECE = 3 * 128 * 1024
"""Bytes of a picture that are encoded at a time; a multiple of three needs no padding."""

Part = bytes | Path
"""Bytes of the reply as they are, or the file of a picture that is sent as base64."""


def reply_of(
    openai_request: OpenAiImageRequest, sold: Sold, image_files: ImageFiles
) -> tuple[Part, ...]:
    """Return the reply to a sale; called from a thread, since it transcodes pictures."""
    before: Mapping[str, object] = {
        "created": int(sold.at),
        "background": openai_request.image_request.background,
    }
    after: Mapping[str, object] = {
        "output_format": openai_request.output_format,
        "quality": openai_request.image_request.stated_quality,
        "size": openai_request.size,
        "usage": openai_request.usage.document(),
    }
    pictures = [_content(picture, openai_request, image_files) for picture in sold.pictures]
    return picture_reply(before, pictures, after)


def _content(
    picture: SoldPicture, openai_request: OpenAiImageRequest, image_files: ImageFiles
) -> bytes | Path:
    """Return a picture's file, or its content in another format."""
    path = image_files.path(picture.sha256)
    if openai_request.output_format == "png":
        return path
    return transcode(
        path.read_bytes(), kind=openai_request.output_format, quality=openai_request.compression
    )


def picture_reply(
    before: Mapping[str, object],
    pictures: Sequence[bytes | Path],
    after: Mapping[str, object],
    *,
    beside: Mapping[str, object] | None = None,
) -> tuple[Part, ...]:
    """Return the parts of one JSON object with the pictures in `data`, between other fields.

    `before` has one field at least; `beside` are other fields of every picture.
    """
    end = json.dumps(beside or {}, separators=(",", ":"))[1:]
    close = f'",{end}' if beside else f'"{end}'
    head = json.dumps(before, separators=(",", ":")).removesuffix("}")
    parts: list[Part] = [f'{head},"data":['.encode()]
    for number, picture in enumerate(pictures):
        parts.append(b',{"b64_json":"' if number else b'{"b64_json":"')
        parts.append(picture if isinstance(picture, Path) else base64.b64encode(picture))
        parts.append(close.encode())
    tail = json.dumps(after, separators=(",", ":"))[1:]
    return (*parts, f"],{tail}".encode() if after else b"]}")


def size_of(parts: Sequence[Part]) -> int:
    """Return the bytes of a reply; its pictures are looked up on disk."""
    return sum(
        len(part) if isinstance(part, bytes) else -(-part.stat().st_size // 3) * 4 for part in parts
    )


async def pieces_of(parts: Sequence[Part]) -> AsyncIterator[bytes]:
    """Yield a reply piece by piece, so that no picture is whole in memory."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        file = await asyncio.to_thread(part.open, "rb")
        try:
            while encoded := await asyncio.to_thread(_next_piece, file):
                yield encoded
        finally:
            file.close()


def _next_piece(file: BinaryIO) -> bytes:
    return base64.b64encode(file.read(PIECE))


class PicturePayload(payload.Payload):
    """The body of a reply with pictures."""

    def __init__(self, parts: Sequence[Part], *, size: int) -> None:
        super().__init__(parts, content_type="application/json")
        self._parts = parts
        self._size = size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text, as aiohttp's payloads must; nothing calls it."""
        raise TypeError("a reply with pictures is not text")

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the whole body, for a fault rule that alters it."""
        return b"".join([piece async for piece in pieces_of(self._parts)])

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the body piece by piece."""
        async for piece in pieces_of(self._parts):
            await writer.write(piece)
