"""Reading a request's body: its type, its size, and strict JSON."""

import asyncio
import json
from typing import NoReturn

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from pipeline.imageserver.api.refusal import RefusedError, field_name, invalid

BODY_SECONDS = 60.0
"""Seconds after which a body that has not arrived is refused."""

UNREADABLE = (
    web.RequestPayloadError,
    ClientPayloadError,
    HttpProcessingError,
    ConnectionError,
    ValueError,
)
"""The errors of a body that is broken or was never finished."""

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})


async def read_object(request: web.Request, *, limit: int) -> dict[str, object]:
    """Return the JSON object in the body. Raises RefusedError 400, 408, 413 or 415."""
    if request.content_type != "application/json":
        raise RefusedError(415, "must be application/json", field="Content-Type")
    if (request.charset or "utf-8").lower() not in _CHARSETS:
        raise RefusedError(415, "must be UTF-8", field="Content-Type")
    return parse_object(await read_bytes(request, limit=limit))


async def read_bytes(request: web.Request, *, limit: int) -> bytes:
    """Return the whole body, up to the limit. Raises RefusedError 400, 408, 413 or 415."""
    check_head(request, limit=limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = bytearray()
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise too_large(limit)
            return bytes(body)
    except TimeoutError as error:
        raise RefusedError(408, "the body did not arrive in time") from error
    except UNREADABLE as error:
        raise RefusedError(400, "the body does not match its headers") from error


def check_head(request: web.Request, *, limit: int) -> None:
    """Check what the headers say about the body. Raises RefusedError 413 or 415."""
    encoding = request.headers.get("Content-Encoding", "")
    if encoding.strip().lower() not in _ENCODINGS:
        raise RefusedError(415, "must be gzip or deflate, or left out", field="Content-Encoding")
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)


def parse_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in the bytes; NaN and repeated fields are refused with 400."""
    parsed = parse_json(body)
    if not isinstance(parsed, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return parsed


def parse_json(body: bytes) -> object:
    """Return the JSON value in these bytes, with the same checks. Raises RefusedError 400."""
    try:
        parsed: object = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant
        )
    except RecursionError as error:
        raise RefusedError(400, "the body is nested too deeply") from error
    except ValueError as error:
        raise RefusedError(400, "the body is not valid JSON") from error
    return parsed


def too_large(limit: int) -> RefusedError:
    """Return the refusal of a body above the limit."""
    return RefusedError(413, f"the body is larger than {limit} bytes")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise invalid(field_name(twice), "is given twice")
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
