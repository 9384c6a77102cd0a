"""A placement: where an ad runs, and what a file for it must be."""

from dataclasses import dataclass
from enum import StrEnum


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
    """Read in independent sheets that agree; the platform's page could not be read."""
    CUSTOM = "custom"
    """A convention, or the campaign's own placement; no platform says it."""
    UNREAD = "unread"
    """General knowledge; no page could be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The requirements of one placement."""

    id: str
    """`leaderboard`, `instagram-story`; of pixels in a campaign file, those: `970x250`."""
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
    """Smallest pixels that the platform accepts."""
    grade: Grade = Grade.CUSTOM
    seen: str = ""
    """Date of the page that the requirements were read on."""
    source: str = ""
    """URL of the platform's specification, or where a convention comes from."""
    note: str = ""
