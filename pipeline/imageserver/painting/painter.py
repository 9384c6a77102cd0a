"""The seam between the server and its painters: an order for one picture, and the picture."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PaintQuality(StrEnum):
    """The documented tiers; a higher one has more pixels and a finer finish."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintOrder:
    """One picture to paint; picklable, since painters work in processes of their own."""

    prompt: str
    ratio: tuple[int, int]
    quality: PaintQuality
    transparent: bool = False
    index: int = 0
    """Which of the `n` pictures of one request this is, from 0."""
    variation: str = ""
    """The `X-Variation` header: another value, another scene of the same words."""
    references: tuple[bytes, ...] = ()
    """Images handed in with an edit, as received; the first is the one to be edited."""
    mask: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintedPicture:
    """A painted PNG, whole in memory."""

    png: bytes
    width: int
    height: int
    renderer: str
    """Which renderer painted it: `proof`, `studio`, `none`."""
    notes: tuple[str, ...] = ()
    """What the reader of the picture should know, e.g. why another renderer stepped in."""


class UnpaintableError(Exception):
    """The words cannot be painted, and why; nothing was painted."""

    def __init__(self, reason: str, *, hint: str = "", field: str = "prompt") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.field = field
        """The field of the request that is to blame."""

    def __reduce__(self) -> "tuple[object, tuple[str], dict[str, str]]":
        """Survive the way back from a painter's process, hint and all."""
        return (type(self), (self.reason,), {"hint": self.hint, "field": self.field})


class Painter(Protocol):
    """Paints one order in the calling thread; CPU-bound, deterministic, no files, no network."""

    def __call__(self, order: PaintOrder) -> PaintedPicture:
        """Paint; the same order gives the same bytes on every run."""
        ...
