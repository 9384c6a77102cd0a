"""Signed paths of images: what they show cannot be guessed, and they end."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import Enum, auto

_LONGEST_TIME = 15


class SignedPath(Enum):
    """What a signed path is worth."""

    GOOD = auto()
    EXPIRED = auto()
    FORGED = auto()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs `/renders/NAME?expires=…&signature=…`; whatever host and port come before it."""

    secret: bytes

    def path(self, name: str, *, expires: int) -> str:
        """The path of this image, good until that Unix second."""
        return f"/renders/{name}?expires={expires}&signature={self._signature(name, expires)}"

    def check(self, name: str, *, expires: str, signature: str, now: float) -> SignedPath:
        """What the path that came in is worth now."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= _LONGEST_TIME):
            return SignedPath.FORGED
        expected = self._signature(name, int(expires))
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            return SignedPath.FORGED
        return SignedPath.GOOD if now < int(expires) else SignedPath.EXPIRED

    def _signature(self, name: str, expires: int) -> str:
        return hmac.digest(self.secret, f"{name}\n{expires}".encode(), hashlib.sha256).hex()[:32]
