"""How this machine reaches a host: directly or through a proxy, and whom it believes to be there.

Off by default. A proxy never sees the key: it is used for https alone, where it carries a tunnel
whose other end has to prove its name.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from yarl import URL

from pipeline.errors import UsageError
from pipeline.settings import ProviderSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What every connection of one provider goes by."""

    proxy: URL | None = None
    """For https, to hosts that the environment does not except."""
    trust: ssl.SSLContext | None = None
    """Whom to believe; as `None`, the system's authorities."""

    def proxy_to(self, url: URL) -> URL | None:
        """The proxy on the way to a URL; `None` where the way is direct."""
        if self.proxy is None or url.scheme != "https":
            return None
        port = f":{url.port}" if url.explicit_port else ""
        return None if proxy_bypass(f"{url.host}{port}") else self.proxy

    @property
    def secret(self) -> str:
        """The proxy's password, which no message may repeat."""
        return (self.proxy.password or "") if self.proxy else ""


DIRECT = Route()


def route_of(settings: ProviderSettings) -> Route:
    """The route that settings and environment name; `UsageError` where it cannot work."""
    proxy = _proxy() if settings.trust_env else None
    return Route(proxy=proxy, trust=_trust(settings.ca_file) if settings.ca_file else None)


def _proxy() -> URL | None:
    named = getproxies_environment().get("https", "")
    if not named:
        return None
    parts = urlsplit(named if "://" in named else f"http://{named}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("HTTPS_PROXY must look like http://host:port; nothing was sent")
    proxy = URL.build(scheme=parts.scheme, host=parts.hostname, port=parts.port)
    if parts.username:
        proxy = proxy.with_user(unquote(parts.username))
        proxy = proxy.with_password(unquote(parts.password or ""))
    return proxy


def _trust(file: str) -> ssl.SSLContext:
    """The system's authorities and those in the file."""
    trust = ssl.create_default_context()
    try:
        trust.load_verify_locations(cafile=Path(file).expanduser())
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"cannot read authorities from {file}: {error.strerror or error}; nothing was sent"
        ) from error
    return trust
