"""Exactly what is asked of a provider, in provider-neutral form."""

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """The provider's price tiers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Background(StrEnum):
    """Whether the image has an alpha channel that means something."""

    OPAQUE = "opaque"
    TRANSPARENT = "transparent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An image handed to the provider; its content is part of the request."""

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderRequest:
    """One image to ask for: what goes over the wire, and nothing else."""

    prompt: str
    model: str
    size: str
    """The aspect ratio as the API writes it, e.g. `4:3`."""
    quality: Quality
    background: Background = Background.OPAQUE
    references: tuple[Reference, ...] = ()
    variation: str = ""
    """Sent as `X-Variation` where the profile does so: takes differ, a final repeats its draft."""
