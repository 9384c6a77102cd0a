"""The API's aiohttp application: every endpoint, and one place that answers every error."""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from aiohttp import web

from pipeline.errors import LocalFault
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import REFUSAL_REASON, REQUEST_ID, UNIT
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.options import ErrorStyle

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_STARTED = web.RequestKey("started", float)
_OPENAI_VERSION = "2020-10-01"
SERVICES = web.AppKey("services", ApiServices)
"""The key under which the application holds what endpoints and pages share."""


class Endpoints(Protocol):
    """A group of endpoints."""

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        ...


class Pages(Protocol):
    """Pages for people on the API's port, e.g. `/` and its static files."""

    def __call__(self, application: web.Application, *, key: str) -> None:
        """Add the routes before the server starts; `key` pays for the requests of the pages."""
        ...


def api_application(services: ApiServices, endpoints: Iterable[Endpoints]) -> web.Application:
    """Return the application for the API's port."""
    application = web.Application(
        middlewares=[_answering(services)],
        client_max_size=services.settings.limits.upload_bytes,
    )
    application[SERVICES] = services
    application[UNIT] = services.settings.wire.unit
    for group in endpoints:
        group.add_to(application.router)

    async def stop(_: web.Application) -> None:
        services.stopping.set()

    application.on_shutdown.append(stop)
    application.on_response_prepare.append(_add_headers)
    return application


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the request's id, and on OpenAI's wire the time that the request took."""
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    if request.app[SERVICES].settings.wire.hosted:
        milliseconds = round((time.monotonic() - request[_STARTED]) * 1000)
        response.headers["openai-processing-ms"] = str(milliseconds)
        response.headers["openai-version"] = _OPENAI_VERSION


def _answering(services: ApiServices) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return a middleware that formats every error, and gives every request an id."""
    style = services.settings.error_style

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = f"req_{secrets.token_hex(8)}"
        request[_STARTED] = time.monotonic()
        error_format = services.error_format(request.path, style=style)
        try:
            response = await handler(request)
        except RefusedError as error:
            request[REFUSAL_REASON] = error.message
            response = error_format.failure(error)
        except (web.HTTPRedirection, ConnectionError):  # the caller has disconnected
            raise
        except web.HTTPException as error:
            response = error_format.failure(_as_refusal(error))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except LocalFault as error:
            _log.warning("%s", error)
            response = error_format.failure(
                RefusedError(503, "the server cannot write at the moment", retry_after=5)
            )
        except Exception:  # noqa: BLE001 - a bug must not be answered with a traceback
            _log.exception("a bug in the image server")
            error_format = services.error_format(request.path, style=ErrorStyle.HTTP)
            response = error_format.failure(RefusedError(500, "internal error"))
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
