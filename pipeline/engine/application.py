"""The API's aiohttp application: every endpoint, and one way out for everything that goes wrong."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from pipeline.engine.about import AboutEndpoints
from pipeline.engine.desk import Desk
from pipeline.engine.dialects import Documented, dialect_of
from pipeline.engine.gallery import Gallery
from pipeline.engine.jobs import JobEndpoints
from pipeline.engine.native import NativeEndpoints
from pipeline.engine.openai_shape import OpenAiEndpoints
from pipeline.engine.options import ErrorStyle
from pipeline.engine.refusal import RefusedError
from pipeline.engine.request_log import WHY

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DESK = web.AppKey("desk", Desk)
"""Where pages find what the endpoints share."""


class Pages(Protocol):
    """Pages for people on the API's port, e.g. `/` and its static files."""

    def __call__(self, application: web.Application, *, key: str) -> None:
        """Add the routes, before the server answers; `key` buys."""
        ...


def api_application(desk: Desk, *, gallery: Gallery, jobs: JobEndpoints) -> web.Application:
    """An application for the API's port."""
    application = web.Application(
        middlewares=[_answering(desk.settings.error_style)],
        client_max_size=desk.settings.limits.upload_bytes,
    )
    application[DESK] = desk
    for endpoints in (
        NativeEndpoints(desk),
        OpenAiEndpoints(desk, gallery),
        jobs,
        AboutEndpoints(desk),
    ):
        endpoints.add_to(application.router)

    async def stop(_: web.Application) -> None:
        desk.stopping.set()

    application.on_shutdown.append(stop)
    return application


def _answering(style: ErrorStyle) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware: every answer has the API's own form, and a request id."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except RefusedError as error:
            request[WHY] = error.message
            response = dialect_of(request.path, style).failure(error)
        except (web.HTTPRedirection, ConnectionError):  # the caller has left
            raise
        except web.HTTPException as error:
            response = dialect_of(request.path, style).failure(_as_refusal(error))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception:  # noqa: BLE001 - a bug here must not become a page with a traceback
            _log.exception("a bug in the image server")
            response = Documented(ErrorStyle.HTTP).failure(RefusedError(500, "internal error"))
        if not response.prepared:
            response.headers["X-Request-Id"] = f"req_{secrets.token_hex(8)}"
        return response

    return answer


def _as_refusal(error: web.HTTPException) -> RefusedError:
    match error.status:
        case 404:
            return RefusedError(404, "there is no such path")
        case 405:
            return RefusedError(405, "this path does not take that method")
        case 413:
            return RefusedError(413, "the body is too large")
        case _:
            return RefusedError(error.status, error.reason.lower())
