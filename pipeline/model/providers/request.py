"""The request for one image, independent of the provider."""

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """The provider's price tiers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class Background(StrEnum):
    """The background of an image: opaque, or transparent with an alpha channel."""

    OPAQUE = "opaque"
    TRANSPARENT = "transparent"


class OutputFormat(StrEnum):
    """The kind of file that is asked for."""

    PNG = "png"
    WEBP = "webp"
    JPEG = "jpeg"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An image that is sent to the provider; its content is part of the request."""

    path: str
    """Empty for an approved draft, whose place is known only to the ledger."""
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderRequest:
    """The request for one image: what is sent, and nothing else."""

    prompt: str
    model: str
    size: str
    """As the API takes it: an aspect ratio such as `4:3`, or pixels such as `1024x768`."""
    quality: Quality
    background: Background = Background.OPAQUE
    references: tuple[Reference, ...] = ()
    mask: Reference | None = None
    """A PNG of the first reference's size: what is transparent in it is painted anew."""
    output_format: OutputFormat | None = None
    """`None`: PNG if the API has a choice."""
    compression: int | None = None
    """Quality of a WebP or JPEG from 0 to 100; `None`: as the provider makes it."""
    variation: str = ""
    """Value of the header `X-Variation`: different for each take; a final has its draft's."""
