"""Placements, and how a campaign's images are fitted to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Sides = tuple[float, float, float, float]
"""A box as shares of the picture: left, top, width, height."""


class ImageFormat(StrEnum):
    """File types of ad files."""

    JPG = "jpg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"


class Grade(StrEnum):
    """How well the requirements of a placement are known."""

    PRIMARY = "primary"
    """Read on the platform's own page."""
    SECOND = "second"
    """Read in independent sources that agree; the platform's page could not be read."""
    CUSTOM = "custom"
    """A convention, or the campaign's own placement; no platform says it."""
    UNREAD = "unread"
    """From general knowledge, since no page could be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The requirements of one placement."""

    id: str
    """`leaderboard`, `instagram-story`; for pixels in a campaign file, `970x250`."""
    pixels: tuple[int, int]
    """Exact width and height of a file."""
    title: str = ""
    """Display name: `Instagram story 9:16`."""
    formats: tuple[ImageFormat, ...] = ()
    """Formats that the placement accepts, the preferred one first; empty: any."""
    max_kb: int | None = None
    """Largest file in kilobytes of 1000 bytes."""
    safe: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Shares (top, right, bottom, left) covered by the platform's interface: keep copy out."""
    text: bool = True
    """False if no copy, logo or badge may be on the image."""
    background: str = ""
    """The only colour that the background may have, e.g. `#ffffff`; empty: any."""
    fill: float = 0.0
    """Least share of the frame that the product takes."""
    alpha: bool = False
    """True if transparency is accepted."""
    minimum: tuple[int, int] | None = None
    """Least width and height that the platform accepts."""
    grade: Grade = Grade.CUSTOM
    seen: str = ""
    """Date of the page that the requirements were read on."""
    source: str = ""
    """URL of the platform's specification, or where a convention comes from."""
    note: str = ""


class Fit(StrEnum):
    """The ways to bring an image into the shape of a placement."""

    AUTO = "auto"
    """The way that keeps copy and product whole."""
    CROP = "crop"
    EXTEND = "extend"
    PAD = "pad"


@dataclass(frozen=True, kw_only=True, slots=True)
class FitSettings:
    """How the images of some cells are fitted to their placements."""

    fit: Fit = Fit.AUTO
    keep: tuple[Sides, ...] = ()
    """Boxes to keep whole, instead of those that are found."""
    focus: tuple[float, float] | None = None
    """The point to centre on, as shares from left and top."""
    zoom: float | None = None
    """Width of the window in widths of the largest crop; `None`: the planner chooses it."""
    background: str = ""
    """Colour under transparent pixels and of padding; empty: the image's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileSettings:
    """Which ad files a campaign makes of its finals."""

    name: str = "{{ campaign }}_{{ cell }}_{{ placement }}_{{ width }}x{{ height }}"
    """Pattern of file names."""
    formats: Mapping[str, tuple[ImageFormat, ...]] = field(default_factory=dict)
    """Formats by size; `default` for all others."""
    brand_colors: tuple[str, ...] = ()
    """Colours of the brand, `#rrggbb`, the most important one first."""
    asked: bool = False
    """True if the campaign file asks for ad files; otherwise a placement among the sizes does."""
