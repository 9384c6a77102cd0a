"""The API's aiohttp application: every endpoint, and one way out for everything that goes wrong."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from pipeline.imageserver.api.answers import Documented, dialect_of
from pipeline.imageserver.api.endpoints.about import AboutEndpoints
from pipeline.imageserver.api.endpoints.images import NativeEndpoints
from pipeline.imageserver.api.endpoints.jobs import JobEndpoints
from pipeline.imageserver.api.endpoints.openai import OpenAiEndpoints
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import WHY
from pipeline.imageserver.api.services import ApiContext
from pipeline.imageserver.options import ErrorStyle
from pipeline.imageserver.painting.image_files import ImageFiles

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DESK = web.AppKey("desk", ApiContext)
"""Where pages find what the endpoints share."""


class Pages(Protocol):
    """Pages for people on the API's port, e.g. `/` and its static files."""

    def __call__(self, application: web.Application, *, key: str) -> None:
        """Add the routes, before the server answers; `key` buys."""
        ...


def api_application(
    context: ApiContext, *, image_files: ImageFiles, jobs: JobEndpoints
) -> web.Application:
    """An application for the API's port."""
    application = web.Application(
        middlewares=[_answering(context.settings.error_style)],
        client_max_size=context.settings.limits.upload_bytes,
    )
    application[DESK] = context
    for endpoints in (
        NativeEndpoints(context),
        OpenAiEndpoints(context, image_files),
        jobs,
        AboutEndpoints(context),
    ):
        endpoints.add_to(application.router)

    async def stop(_: web.Application) -> None:
        context.stopping.set()

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
