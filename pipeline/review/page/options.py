"""How a review server is opened."""

import ipaddress
from dataclasses import dataclass, field

from pipeline.errors import UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewOptions:
    """Where the page is served, for whom, and whether it may spend."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    reviewer: str = "you"
    """The name under verdicts until a reviewer gives another one. --as."""
    allow_spend: bool = False
    """Whether whoever has the link may buy images. --allow-spend."""
    token: str | None = field(default=None, repr=False)
    """What the link carries: `None` makes one up, empty asks for none (loopback only)."""
    play_money: bool = False
    """Whether credits are only shown: no budget applies."""
    names: tuple[str, ...] = ()
    """Further host names under which browsers may ask."""

    def __post_init__(self) -> None:
        if self.token == "" and not self.loopback:
            raise UsageError(f"a review on {self.host} needs a token: others can reach it")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK_NAMES or (
            is_address(self.host) and ipaddress.ip_address(self.host).is_loopback
        )


def is_address(host: str) -> bool:
    """Whether a host is an IP address written out."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
