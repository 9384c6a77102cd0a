"""Signed image paths, which cannot be guessed and which expire."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import Enum, auto

_MAX_DIGITS = 15


class SignedPath(Enum):
    """The result of checking a signed path."""

    GOOD = auto()
    EXPIRED = auto()
    FORGED = auto()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs `/renders/NAME?expires=…&signature=…`, independently of host and port."""

    secret: bytes

    def path(self, name: str, *, expires: int) -> str:
        """Return the signed path of an image, valid until the Unix time `expires`."""
        return f"/renders/{name}?expires={expires}&signature={self._signature(name, expires)}"

    def check(self, name: str, *, expires: str, signature: str, now: float) -> SignedPath:
        """Return whether the parts of a requested path are valid, expired or forged."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= _MAX_DIGITS):
            return SignedPath.FORGED
        expected = self._signature(name, int(expires))
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            return SignedPath.FORGED
        return SignedPath.GOOD if now < int(expires) else SignedPath.EXPIRED

    def _signature(self, name: str, expires: int) -> str:
        return hmac.digest(self.secret, f"{name}\n{expires}".encode(), hashlib.sha256).hex()[:32]
