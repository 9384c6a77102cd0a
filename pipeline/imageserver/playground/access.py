"""Access to the playground: on loopback it needs no key, and no other page gets access.

On loopback the server gives the browser a session, so that people can try everything without a
key; the key never reaches the browser. Three checks keep other pages out of that session: the Host
header must be a loopback name, writes must come from the same origin with a header that no form can
set, and the cookie is `SameSite=Strict`. If other machines can reach the server, or a proxy
forwards to it, there are no sessions: the page asks for the key and sends it with every request,
like any other client.
"""

import hashlib
import hmac
import ipaddress
import re

from aiohttp import web

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import CALLER
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.keys import OWN_KEY

OWN_PAGE_HEADER = "X-Playground"
"""A header that a foreign page's form cannot set."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"^(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?$", re.IGNORECASE)
_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


class PlaygroundAccess:
    """Checks every request to the playground."""

    def __init__(self, services: ApiServices, *, key: str) -> None:
        self._services = services
        self._loopback = is_loopback(services.settings.host)
        self._names = _LOOPBACK_NAMES | {services.settings.host.lower()}
        self._session = hmac.digest(key.encode(), b"playground session", hashlib.sha256).hex()

    def needs_key(self, request: web.Request) -> bool:
        """Return whether this visitor must send a key."""
        return not self._loopback or any(name in request.headers for name in _FORWARDED)

    def start_session(self, request: web.Request, page: web.Response) -> None:
        """Give the browser a session with this page, unless a key is needed."""
        if not self.needs_key(request):
            page.set_cookie(
                _cookie(request),
                self._session,
                path="/_playground",
                httponly=True,
                samesite="Strict",
            )

    def check_host(self, request: web.Request) -> None:
        """Refuse foreign host names. Raises RefusedError 421."""
        found = _HOST.match(request.headers.get("Host", ""))
        name = found["name"].strip("[]").lower() if found else ""
        # Beyond loopback every request needs the key, which no other page has.
        if not name or (self._loopback and name not in self._names):
            raise RefusedError(421, "this server does not accept that host name", field="Host")

    def caller(self, request: web.Request) -> str:
        """Return the id of the key that pays. Raises RefusedError 401, 403, 421."""
        self.check_host(request)
        _check_origin(request)
        if "Authorization" in request.headers or self.needs_key(request):
            return self._services.caller(request)
        presented = request.cookies.get(_cookie(request), "")
        if not hmac.compare_digest(presented.encode(errors="replace"), self._session.encode()):
            raise RefusedError(401, "the session of this page has ended: reload it", field="Cookie")
        request[CALLER] = OWN_KEY
        return OWN_KEY


def _check_origin(request: web.Request) -> None:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = {f"{scheme}://{request.headers.get('Host')}" for scheme in ("http", "https")}
    # Browsers send Origin always, but Sec-Fetch-Site only over https or to loopback.
    own_page = site == "same-origin" if site is not None else origin is not None
    if not own_page or (origin is not None and origin not in own):
        raise RefusedError(403, "only the playground itself may send this", field="Origin")
    if request.headers.get(OWN_PAGE_HEADER) != "1":
        raise RefusedError(403, "is missing", field=OWN_PAGE_HEADER)


def is_loopback(host: str) -> bool:
    """Return whether a server bound to this host is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOOPBACK_NAMES


def _cookie(request: web.Request) -> str:
    """Return the cookie's name, one for each port, since browsers share cookies between ports."""
    name = request.get_extra_info("sockname")
    return f"pipeline_playground_{name[1] if isinstance(name, tuple) else 0}"
