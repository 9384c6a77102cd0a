"""The interface between the server and its painters: an order, a painter, a picture."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PaintQuality(StrEnum):
    """The documented qualities; a higher one has more pixels and a finer finish."""

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
    """Number of the picture within its request, from 0."""
    variation: str = ""
    """The `X-Variation` header; another value gives another scene for the same prompt."""
    references: tuple[bytes, ...] = ()
    """Uploaded images of an edit, as received; the first is the one to edit."""
    mask: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintedPicture:
    """A painted PNG, whole in memory."""

    png: bytes
    width: int
    height: int
    renderer: str
    """The renderer: `proof` or `none`."""
    understood: str = ""
    """What was understood of the prompt, and what was not, as a JSON object; empty if unknown."""


class UnpaintableError(Exception):
    """An order that cannot be painted, with the reason."""

    def __init__(self, reason: str, *, hint: str = "", field: str = "prompt") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.field = field
        """The field of the request that is wrong."""

    def __reduce__(self) -> "tuple[object, tuple[str], dict[str, str]]":
        """Keep hint and field when the error is pickled."""
        return (type(self), (self.reason,), {"hint": self.hint, "field": self.field})


class Painter(Protocol):
    """Paints one order in the calling thread: CPU-bound, deterministic, no files, no network."""

    def __call__(self, order: PaintOrder) -> PaintedPicture:
        """Paint an order; the same order always gives the same bytes. Raises UnpaintableError."""
        ...
