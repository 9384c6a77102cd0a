"""Checks of the addresses that may be connected to, made when a socket is opened."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable

from aiohttp import AddrInfoType
from yarl import URL

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""The IPv6 addresses that are assigned for the public internet."""
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a provider
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and where clouds keep secrets
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
"""IANA's special-purpose registries as of November 2026; Python's copy may be older."""
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The upper half of an interface id whose lower half is an IPv4 address (RFC 5214)."""


def is_public(address: str) -> bool:
    """Return True if an IP address, in any notation, is on the public internet.

    An IPv6 address outside of 2000::/3 is not public, except for NAT64, with which networks without
    IPv4 reach others: it is public if the IPv4 address in it is.
    """
    ip = _plain(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inside = str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip in _NAT64:
            return is_public(inside)
        isatap = int(ip) >> 32 & 0xFFFFFFFF in _ISATAP
        if ip not in _UNICAST or (isatap and not is_public(inside)):
            return False
    return ip.is_global and not any(ip in network for network in _NOT_PUBLIC)


async def own_addresses(base_url: str, *, patience: float) -> frozenset[str]:
    """Return the addresses of the API's host if all of them are private, otherwise none.

    The name is resolved once, before anything is sent, so that a name that resolves to a private
    address later is refused.
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
    """Raise `PermissionError` if a proxy would connect to a host in a private network.

    Only the proxy opens the socket, so the name is resolved here. If that fails, the proxy resolves
    it, and the certificate of the host has to match the name.
    """
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for answer in answers:
        address = str(_plain(str(answer[4][0])))
        if address not in own and not is_public(address):
            raise PermissionError(errno.EACCES, f"the address {address} is not allowed")


def image_socket_factory(own: frozenset[str]) -> Callable[[AddrInfoType], socket.socket]:
    """Return a socket factory that allows public addresses and those in `own`."""
    return _socket_factory(lambda address: address in own or is_public(address))


def api_socket_factory(
    own: frozenset[str], *, private: bool = False
) -> Callable[[AddrInfoType], socket.socket]:
    """Return a socket factory for the API that allows only private addresses if it has any.

    With `private`, it allows only those in any case, since the connection is not encrypted.
    """
    return _socket_factory(lambda address: not (own or private) or not is_public(address))


def _socket_factory(allowed: Callable[[str], bool]) -> Callable[[AddrInfoType], socket.socket]:
    def connect(target: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = target
        host = str(_plain(str(address[0])))
        if not allowed(host):
            raise PermissionError(errno.EACCES, f"the address {host} is not allowed")
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)  # noqa: FBT003 - the name of the standard library's parameter
        return opened

    return connect


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address without its zone, and an IPv4-mapped IPv6 address as IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip
