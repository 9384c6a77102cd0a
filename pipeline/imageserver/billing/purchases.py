"""What the books hold, as values: purchases, pictures sold, and where the account stands."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchase:
    """What is to be paid for; reserved before anything is painted."""

    route: str
    """Which endpoint sold it: `generate`, `edits`, `generations`, `jobs`."""
    caller: str
    """The id of the key that pays."""
    prompt: str
    size: str
    quality: str
    background: str
    n: int
    credits: int
    """For all n together."""
    variation: str = ""
    idempotency_key: str | None = None
    fingerprint: bytes = b""
    """Of the request as understood; another one under the same key is a mistake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SoldPicture:
    """One picture of a purchase, as the image host finds it."""

    purchase: int
    index: int
    sha256: str
    size: int
    """Bytes."""
    width: int
    height: int
    renderer: str
    expires: int
    """Unix seconds at which its URL ends."""
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Ten digits and more, as in the document's example: `1234567890.png`."""
        return f"{self.purchase:09d}{self.index}.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sold:
    """A purchase that is paid, with its pictures in order."""

    purchase: int
    at: float
    credits: int
    pictures: tuple[SoldPicture, ...]
    replayed: bool = False
    """Not charged now: an earlier request with the same key paid for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """Credits are set aside under this number until they are captured or released."""

    purchase: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """Nothing was painted, the credits were given back."""

    purchase: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountStanding:
    """start = balance + captured + reserved, always; unlimited accounts have no start."""

    start: int | None
    captured: int
    reserved: int

    @property
    def balance(self) -> int | None:
        """What may still be spent; None: unlimited."""
        return None if self.start is None else self.start - self.captured - self.reserved


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """One purchase that was charged, for an auditor."""

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
    pictures: tuple[SoldPicture, ...] = field(default=())
