"""Which addresses may be connected to: decided at the socket, after every name is resolved."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable

from aiohttp import AddrInfoType
from yarl import URL

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TUNNELS = tuple(
    ipaddress.ip_network(network)
    for network in ("64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
"""IPv6 networks that carry an IPv4 address somewhere, and no image host of our time."""


def is_public(address: str) -> bool:
    """Whether an IP address, in any notation the system resolves to, is on the open internet."""
    ip = _plain(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if any(ip in network for network in _TUNNELS):
            return False
    return ip.is_global and not ip.is_multicast


async def own_addresses(base_url: str, *, patience: float) -> frozenset[str]:
    """The addresses of the API's host where it stands in a private network, else none.

    A name counts only where all its addresses are private. Asked once, before anything is sent:
    a name that points inside later gains nothing.
    """
    host = URL(base_url).host or ""
    try:
        found = {str(_plain(host))}
    except ValueError:
        try:
            async with asyncio.timeout(patience):
                answers = await asyncio.get_running_loop().getaddrinfo(
                    host, None, type=socket.SOCK_STREAM
                )
        except (OSError, UnicodeError):
            return frozenset()
        found = {str(_plain(str(answer[4][0]))) for answer in answers}
    return frozenset() if any(is_public(address) for address in found) else frozenset(found)


async def refuse_inside(host: str, *, own: frozenset[str]) -> None:
    """`PermissionError` where a host that a proxy would connect to is inside a private network.

    Only the proxy sees the socket, so this goes by what the host's name means here. A name that
    means nothing here is the proxy's to resolve, and its other end has to prove the name.
    """
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for answer in answers:
        address = str(_plain(str(answer[4][0])))
        if address not in own and not is_public(address):
            raise PermissionError(errno.EACCES, f"the address {address} is not allowed here")


def image_socket_factory(own: frozenset[str]) -> Callable[[AddrInfoType], socket.socket]:
    """A socket factory for downloads: public addresses, and those of the API's own host."""
    return _socket_factory(lambda address: address in own or is_public(address))


def api_socket_factory(own: frozenset[str]) -> Callable[[AddrInfoType], socket.socket]:
    """A socket factory for the API: a host that was private when it was opened stays private."""
    return _socket_factory(lambda address: not own or not is_public(address))


def _socket_factory(allowed: Callable[[str], bool]) -> Callable[[AddrInfoType], socket.socket]:
    def connect(target: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = target
        host = str(_plain(str(address[0])))
        if not allowed(host):
            raise PermissionError(errno.EACCES, f"the address {host} is not allowed here")
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)  # noqa: FBT003 - the name of the standard library's parameter
        return opened

    return connect


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address without its zone; an IPv4 address in IPv6 clothes undressed."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip
