"""The API's aiohttp application: every endpoint, and one place that answers every error."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from pipeline.imageserver.api.answers import EnvelopeErrors, error_format_of
from pipeline.imageserver.api.endpoints.about import AboutEndpoints
from pipeline.imageserver.api.endpoints.images import ImageEndpoints
from pipeline.imageserver.api.endpoints.jobs import JobEndpoints
from pipeline.imageserver.api.endpoints.openai import OpenAiEndpoints
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import REFUSAL_REASON
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.options import ErrorStyle
from pipeline.imageserver.painting.image_files import ImageFiles

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SERVICES = web.AppKey("services", ApiServices)
"""The key under which the application holds what endpoints and pages share."""


class Pages(Protocol):
    """Pages for people on the API's port, e.g. `/` and its static files."""

    def __call__(self, application: web.Application, *, key: str) -> None:
        """Add the routes before the server starts; `key` pays for the requests of the pages."""
        ...


def api_application(
    services: ApiServices, *, image_files: ImageFiles, jobs: JobEndpoints
) -> web.Application:
    """Return the application for the API's port."""
    application = web.Application(
        middlewares=[_answering(services.settings.error_style)],
        client_max_size=services.settings.limits.upload_bytes,
    )
    application[SERVICES] = services
    for endpoints in (
        ImageEndpoints(services),
        OpenAiEndpoints(services, image_files),
        jobs,
        AboutEndpoints(services),
    ):
        endpoints.add_to(application.router)

    async def stop(_: web.Application) -> None:
        services.stopping.set()

    application.on_shutdown.append(stop)
    return application


def _answering(style: ErrorStyle) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return a middleware that formats every error, and adds a request id to every answer."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except RefusedError as error:
            request[REFUSAL_REASON] = error.message
            response = error_format_of(request.path, style).failure(error)
        except (web.HTTPRedirection, ConnectionError):  # the caller has disconnected
            raise
        except web.HTTPException as error:
            response = error_format_of(request.path, style).failure(_as_refusal(error))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception:  # noqa: BLE001 - a bug must not be answered with a traceback
            _log.exception("a bug in the image server")
            response = EnvelopeErrors(ErrorStyle.HTTP).failure(RefusedError(500, "internal error"))
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
