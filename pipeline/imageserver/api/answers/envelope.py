"""How answers look: the documented envelope, with failures in one of the two known styles."""

import json
import math
from collections.abc import Mapping

from aiohttp import web

from pipeline.imageserver.api.answers.refusal import RefusedError
from pipeline.imageserver.options import ErrorStyle

APP_FAILURE = -1


def success(data: object, *, status: int = 200) -> web.Response:
    """Code 0, message ok, and the data."""
    return as_json({"code": 0, "message": "ok", "data": data}, status=status)


def failure(error: RefusedError, style: ErrorStyle) -> web.Response:
    """A refusal in the documented envelope."""
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
    """Compact UTF-8 JSON."""
    return web.Response(
        status=status,
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def retry_after(error: RefusedError) -> dict[str, str]:
    """The header that says when to come back, where the refusal knows; whole seconds."""
    if error.retry_after is None:
        return {}
    return {"Retry-After": str(max(0, math.ceil(error.retry_after)))}
