"""Answers and refusals as JSON, in the documented envelope or in the format of OpenAI."""

import json
import math
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.options import ErrorStyle

APP_FAILURE = -1


def success(data: object, *, status: int = 200) -> web.Response:
    """Return the documented envelope with code 0, message `ok` and the data."""
    return as_json({"code": 0, "message": "ok", "data": data}, status=status)


def failure(error: RefusedError, style: ErrorStyle) -> web.Response:
    """Return a refusal in the documented envelope."""
    headers = retry_after(error)
    match style:
        case ErrorStyle.HTTP:
            body = {"code": error.status, "message": error.message, "data": None}
            return as_json(body, status=error.status, headers=headers)
        case ErrorStyle.APP:
            body = {"code": APP_FAILURE, "message": error.message, "data": None}
            return as_json(body, headers=headers)


def as_json(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return compact UTF-8 JSON."""
    return web.Response(
        status=status,
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def retry_after(error: RefusedError) -> dict[str, str]:
    """Return a Retry-After header in whole seconds, or none if the refusal names no time."""
    if error.retry_after is None:
        return {}
    return {"Retry-After": str(max(0, math.ceil(error.retry_after)))}


OPENAI_PREFIX = "/openai/"
OPENAI_GENERATIONS = "/v1/images/generations"
"""The path that clients of OpenAI-compatible services use first."""

_KINDS = {
    401: "invalid_api_key",
    402: "insufficient_quota",
    404: "not_found",
    409: "idempotency_conflict",
    413: "request_too_large",
    429: "rate_limit_exceeded",
}
_STATUS = {402: 429}
"""Statuses that differ at OpenAI, which answers 429 when the credits are used up."""


class ErrorFormat(Protocol):
    """The form in which an endpoint answers a refusal."""

    def failure(self, error: RefusedError) -> web.Response:
        """Return the response for a refusal."""
        ...


class EnvelopeErrors:
    """The documented envelope: code, message, data; in one of two error styles."""

    def __init__(self, style: ErrorStyle) -> None:
        self._style = style

    def failure(self, error: RefusedError) -> web.Response:
        """Return a refusal in the documented envelope."""
        return failure(error, self._style)


class OpenAiErrors:
    """OpenAI's error object: message, type, param, code; always with a real HTTP status."""

    def failure(self, error: RefusedError) -> web.Response:
        """Return a refusal as OpenAI's clients read it."""
        kind = error.kind or _KINDS.get(error.status, "invalid_value")
        body = {
            "message": error.message,
            "type": _type(error.status, kind),
            "param": error.field or None,
            "code": kind,
        }
        return as_json(
            {"error": body},
            status=_STATUS.get(error.status, error.status),
            headers=retry_after(error),
        )


def error_format_of(path: str, style: ErrorStyle) -> ErrorFormat:
    """Return the error format of this path."""
    if path.startswith(OPENAI_PREFIX) or path == OPENAI_GENERATIONS:
        return OpenAiErrors()
    return EnvelopeErrors(style)


def _type(status: int, kind: str) -> str:
    match kind:
        case "moderation_blocked":
            return "image_generation_user_error"
        case "insufficient_quota" | "rate_limit_exceeded":
            return kind
        case _:
            return "server_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004
