"""Values of the credit account: purchases, sold pictures, charges and totals."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchase:
    """A purchase to reserve, before anything is painted."""

    route: str
    """The endpoint: `generate`, `edits`, `generations` or `jobs`."""
    caller: str
    """The id of the key that pays."""
    prompt: str
    size: str
    quality: str
    background: str
    n: int
    credits: int
    """Price of all n pictures together, in the account's unit."""
    variation: str = ""
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    """Digest of the request; the same idempotency key with another digest is a mistake."""
    model: str = ""
    request_id: str = ""
    """The id under which the request was answered, in the header `X-Request-Id`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SoldPicture:
    """One picture of a purchase, as the image host serves it."""

    purchase: int
    index: int
    sha256: str
    size: int
    """Bytes."""
    width: int
    height: int
    renderer: str
    expires: int
    """Unix time at which the picture's URL expires."""
    understood: str = ""
    """What was understood of the prompt, as a JSON object; empty if the painter does not say."""

    @property
    def name(self) -> str:
        """File name of ten or more digits, as in the document's example: `1234567890.png`."""
        return f"{self.purchase:09d}{self.index}.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sold:
    """A purchase that is charged, with its pictures in order."""

    purchase: int
    at: float
    credits: int
    pictures: tuple[SoldPicture, ...]
    replayed: bool = False
    """True if nothing was charged now: an earlier request with the same key paid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """A purchase whose credits are reserved until they are captured or released."""

    purchase: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """A purchase whose credits were released: nothing was painted."""

    purchase: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountTotals:
    """start = remaining + charged + reserved, always; an unlimited account has no start."""

    start: int | None
    charged: int
    reserved: int

    @property
    def remaining(self) -> int | None:
        """Credits that may still be spent; None for unlimited."""
        return None if self.start is None else self.start - self.charged - self.reserved


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """One purchase that was charged."""

    purchase: int
    at: float
    credits: int
    route: str
    caller: str
    prompt: str
    size: str
    quality: str
    background: str
    n: int
    variation: str
    idempotency_key: str | None
    model: str
    request_id: str
    pictures: tuple[SoldPicture, ...] = field(default=())
