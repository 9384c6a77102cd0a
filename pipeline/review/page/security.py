"""Options of the review server, and the checks that every request has to pass.

The check of the Host header stops DNS rebinding, the token in the first link is exchanged for a
cookie, and only requests of the page itself may change anything.
"""

import hashlib
import hmac
import ipaddress
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote, urlencode

from aiohttp import web
from aiohttp.typedefs import Middleware

from pipeline.errors import LedgerUnusable, LocalFault, PipelineError, Refusal, UsageError
from pipeline.system_errors import expected_error

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WRITE_HEADER = "X-Review"
"""A header that an HTML form of another site cannot set."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_HOST = re.compile(r"^(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?$", re.IGNORECASE)
_OPEN_THE_LINK = (
    "Open the link that `pipeline review` printed: it contains the token for this page. A link "
    "that was copied from the page opens afterwards. Whoever runs the review can print the link "
    "again: it stays the same until --new-link."
)
_REMEMBERED = 30 * 24 * 3600
"""Seconds for which a browser may come back without the link."""
_PLACE_KEPT = 3600
"""Seconds for which a place that was asked for without a token is kept."""
_LONGEST_PLACE = 2000
_READING = frozenset({"GET", "HEAD"})

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewOptions:
    """Address, access and permissions of the review page."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 means any free port."""
    reviewer: str = "you"
    """The name recorded with verdicts, unless the reviewer enters another one. --as."""
    allow_spend: bool = False
    """True if anyone who has the link may buy images. --allow-spend."""
    token: str | None = field(default=None, repr=False)
    """The token in the link; `None` keeps the campaign's, empty needs none (loopback only)."""
    new_link: bool = False
    """True if the campaign gets a new token; its former link no longer works. --new-link."""
    names: tuple[str, ...] = ()
    """Further host names that a request may have in its Host header."""

    def __post_init__(self) -> None:
        if self.token == "" and not self.loopback:
            raise UsageError(f"a review on {self.host} needs a token: others can reach it")

    @property
    def loopback(self) -> bool:
        """True if only this machine can reach the server."""
        return self.host in LOOPBACK_NAMES or (
            is_address(self.host) and ipaddress.ip_address(self.host).is_loopback
        )


def is_address(host: str) -> bool:
    """Return True if a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def security_middleware(options: ReviewOptions, token: str) -> Middleware:
    """Return the middleware that checks every request; an empty `token` is not required."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        response: web.StreamResponse | None
        try:
            _check_host(request, options)
            response = _entering(request, token)
            if response is None:
                _check_token(request, token)
                _check_write(request)
                response = await handler(request)
        except web.HTTPUnauthorized:
            response = _turned_away(request)
        except web.HTTPException as error:
            response = _error_response(
                request, error.status, error.text or error.reason, error.headers
            )
        except ConnectionError:  # the browser has left
            raise
        except Exception as error:  # noqa: BLE001 - a bug must not close the page
            words = words_for(error, log=_log)
            response = _error_response(request, _status_of(expected_error(error)), words, {})
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guard


def cookie_name(request: web.Request) -> str:
    """Return the cookie's name; it has the port, since all ports of a host share cookies."""
    name = request.get_extra_info("sockname")
    return f"pipeline_review_{name[1] if isinstance(name, tuple) else 0}"


def _place_cookie(request: web.Request) -> str:
    return f"{cookie_name(request)}_place"


def _check_host(request: web.Request, options: ReviewOptions) -> None:
    found = _HOST.match(request.headers.get("Host", ""))
    name = found["name"].strip("[]").lower() if found else ""
    allowed = {*LOOPBACK_NAMES, options.host.lower(), *(each.lower() for each in options.names)}
    if name in allowed or (not options.loopback and is_address(name)):
        return
    raise web.HTTPMisdirectedRequest(text="this server does not accept that host name")


def _entering(request: web.Request, token: str) -> web.StreamResponse | None:
    """Exchange the token in the link for a cookie, and redirect to an address without it."""
    given = request.query.get("t", "")
    if not token or request.method not in _READING or not _same(given, token):
        return None
    place = urlencode([(key, value) for key, value in request.query.items() if key != "t"])
    place = place or request.cookies.get(_place_cookie(request), "")
    # Quoted once more, since a cookie may contain anything: the path stays that of the page.
    where = f"/?{quote(place, safe='=&%+')}" if place else "/"
    entered = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})
    entered.set_cookie(
        cookie_name(request),
        _session(token),
        max_age=_REMEMBERED,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    entered.del_cookie(_place_cookie(request), path="/")
    return entered


def _turned_away(request: web.Request) -> web.Response:
    """Say which link opens the page, and keep the place that was asked for until it is opened."""
    response = _error_response(request, HTTPStatus.UNAUTHORIZED, _OPEN_THE_LINK, {})
    place = request.rel_url.raw_query_string
    if request.path == "/" and 0 < len(place) <= _LONGEST_PLACE and "t" not in request.query:
        response.set_cookie(
            _place_cookie(request),
            place,
            max_age=_PLACE_KEPT,
            httponly=True,
            samesite="Lax",
            path="/",
        )
    return response


def _check_token(request: web.Request, token: str) -> None:
    if not token or request.path.startswith("/static/"):
        return
    if not _same(request.cookies.get(cookie_name(request), ""), _session(token)):
        raise web.HTTPUnauthorized(text=_OPEN_THE_LINK)


def _check_write(request: web.Request) -> None:
    if request.method in _READING:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = {f"{scheme}://{request.headers.get('Host')}" for scheme in ("http", "https")}
    # Browsers send Origin always, but Sec-Fetch-Site only over https or to loopback.
    ours = site == "same-origin" if site is not None else origin is not None
    ours = ours and (origin is None or origin in own)
    if not ours or request.headers.get(WRITE_HEADER) != "1":
        raise web.HTTPForbidden(text="only the review page itself may change anything")
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="the body must be application/json")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _session(token: str) -> str:
    """Return the value of the cookie: a hash of the token, which does not reveal it."""
    return hashlib.sha256(b"review:" + token.encode()).hexdigest()


def words_for(error: Exception, *, log: logging.Logger) -> str:
    """Return the message of an error for the page; a bug is also logged, with its traceback."""
    expected = expected_error(error)
    if expected is not None:
        return str(expected)
    log.error("a bug in the review page", exc_info=error)
    return (
        "this should not have happened, and the trace is in the terminal of `pipeline review`. "
        "Verdicts that were saved and images that were paid for are in the ledger."
    )


def _status_of(error: PipelineError | None) -> int:
    match error:
        case None:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        case Refusal():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case LedgerUnusable():
            return HTTPStatus.FAILED_DEPENDENCY
        case LocalFault():
            return HTTPStatus.INSUFFICIENT_STORAGE
        case _:
            return HTTPStatus.CONFLICT


def _error_response(
    request: web.Request, status: int, message: str, headers: Mapping[str, str]
) -> web.Response:
    """Return an error as JSON for requests of the page's scripts, otherwise as text."""
    kept = {name: value for name, value in headers.items() if name in {"Location", "Allow"}}
    if request.path.startswith("/api/"):
        body = json.dumps({"message": message}, ensure_ascii=False)
        return web.Response(status=status, text=body, headers=kept, content_type="application/json")
    return web.Response(status=status, text=f"{message}\n", headers=kept)
