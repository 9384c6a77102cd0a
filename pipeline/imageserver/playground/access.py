"""Who may paint from the page: nobody has to paste a key at home, and no foreign page gets in.

On loopback the page itself hands its browser a session, so that people can try everything without
a key; the key never reaches the browser. Three things keep other pages out of that session: it
answers to loopback names only (a foreign name that points here is refused), writes must come from
this very origin with a header that no form can set, and the cookie is `SameSite=Strict`. Where
others can reach the server, or something forwards to it, there are no sessions: the page asks for
the key and sends it with every request, as any other client does.
"""

import hashlib
import hmac
import ipaddress
import re

from aiohttp import web

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import CALLER
from pipeline.imageserver.api.services import ApiContext
from pipeline.imageserver.billing.keys import OWN_KEY

OWN_PAGE_HEADER = "X-Playground"
"""A header that no foreign form can set."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"^(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?$", re.IGNORECASE)
_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


class PlaygroundAccess:
    """Stands before everything of the playground."""

    def __init__(self, context: ApiContext, *, key: str) -> None:
        self._context = context
        self._at_home = is_loopback(context.settings.host)
        self._names = _LOOPBACK_NAMES | {context.settings.host.lower()}
        self._session = hmac.digest(key.encode(), b"playground session", hashlib.sha256).hex()

    def needs_key(self, request: web.Request) -> bool:
        """Whether this visitor has to bring a key."""
        return not self._at_home or any(name in request.headers for name in _FORWARDED)

    def admit(self, request: web.Request, page: web.Response) -> None:
        """Let the browser that gets this page paint, where no key is needed."""
        if not self.needs_key(request):
            page.set_cookie(
                _cookie(request),
                self._session,
                path="/_playground",
                httponly=True,
                samesite="Strict",
            )

    def check_host(self, request: web.Request) -> None:
        """Refuse names that are not ours. Raises RefusedError 421."""
        found = _HOST.match(request.headers.get("Host", ""))
        name = found["name"].strip("[]").lower() if found else ""
        # Beyond loopback only the key opens anything, and a foreign name does not bring it.
        if not name or (self._at_home and name not in self._names):
            raise RefusedError(421, "this server does not answer to that host name", field="Host")

    def caller(self, request: web.Request) -> str:
        """The id of the key that pays. Raises RefusedError 401, 403, 421."""
        self.check_host(request)
        _check_origin(request)
        if "Authorization" in request.headers or self.needs_key(request):
            return self._context.caller(request)
        shown = request.cookies.get(_cookie(request), "")
        if not hmac.compare_digest(shown.encode(errors="replace"), self._session.encode()):
            raise RefusedError(401, "this page has no session any more: reload it", field="Cookie")
        request[CALLER] = OWN_KEY
        return OWN_KEY


def _check_origin(request: web.Request) -> None:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = {f"{scheme}://{request.headers.get('Host')}" for scheme in ("http", "https")}
    # Browsers leave Sec-Fetch-Site out on plain http beyond loopback; Origin they always send.
    ours = site == "same-origin" if site is not None else origin is not None
    if not ours or (origin is not None and origin not in own):
        raise RefusedError(403, "only the playground's own page may ask this", field="Origin")
    if request.headers.get(OWN_PAGE_HEADER) != "1":
        raise RefusedError(403, "is missing", field=OWN_PAGE_HEADER)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to this."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOOPBACK_NAMES


def _cookie(request: web.Request) -> str:
    """Named per port, since browsers share cookies between the ports of one host."""
    name = request.get_extra_info("sockname")
    return f"pipeline_playground_{name[1] if isinstance(name, tuple) else 0}"
