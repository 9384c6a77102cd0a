"""Proxies and certificate authorities for the requests of a provider.

Proxies are off by default. They are used for https only, through a tunnel whose other end has to
prove its name, so a proxy never sees the key.
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
    """The proxy and the authorities for all connections of one provider."""

    proxy: URL | None = None
    """The proxy for https; not used for hosts that NO_PROXY names."""
    trust: ssl.SSLContext | None = None
    """The trusted certificate authorities; `None` means the system's."""

    def proxy_to(self, url: URL) -> URL | None:
        """Return the proxy for a URL; `None` for a direct connection."""
        if self.proxy is None or url.scheme != "https":
            return None
        port = f":{url.port}" if url.explicit_port else ""
        return None if proxy_bypass(f"{url.host}{port}") else self.proxy

    @property
    def secret(self) -> str:
        """The proxy's password, to be removed from messages."""
        return (self.proxy.password or "") if self.proxy else ""


DIRECT = Route()


def route_of(settings: ProviderSettings) -> Route:
    """Return the route for the settings and environment; raise `UsageError` if not valid."""
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


_OF_THE_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
"""Errors of the file that was named; any other `OSError` is a fault of this machine."""


def _trust(file: str) -> ssl.SSLContext:
    """Return the system's authorities together with those in the file."""
    trust = ssl.create_default_context()
    try:
        trust.load_verify_locations(cafile=Path(file).expanduser())
    except (ssl.SSLError, *_OF_THE_FILE) as error:
        raise UsageError(
            f"cannot read certificates from {file}: {error.strerror or error}; nothing was sent"
        ) from error
    return trust
