"""Placements, and ad files, which are derived from images for placements."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import NewType

RecipeId = NewType("RecipeId", str)
"""16 hex characters: equal recipes have the same id, on every machine and in every run."""

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


class Framing(StrEnum):
    """What was done to an image to give it the shape of its placement."""

    SCALED = "scaled"
    """Only its size was changed."""
    CROPPED = "cropped"
    EXTENDED = "extended"
    """Its edges were continued."""
    PADDED = "padded"
    """A plain colour was put round it."""


class Flag(StrEnum):
    """Reasons why a person has to look at an ad file before it is delivered."""

    NOT_LOOKED_FOR = "not looked for"
    """It is not known where the image shows copy, since it has no boxes."""
    LONG_EXTENSION = "long extension"
    """More than 35 % of the ad file continues the image."""
    UNSURE = "unsure"
    """The edges are not fit to be continued, so the image was cut or continued anyway."""
    PADDED = "padded"
    CUT = "cut"
    """Copy or product is not whole."""
    OUTSIDE_SAFE_ZONE = "outside the safe zone"
    UPSCALED = "upscaled"
    """The image has fewer pixels than the placement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FitSettings:
    """How the images of some cells are fitted to their placements."""

    fit: Fit = Fit.AUTO
    keep: tuple[Sides, ...] = ()
    """Boxes to keep whole, instead of those that are found."""
    focus: tuple[float, float] | None = None
    """The point to centre on, as shares from left and top."""
    background: str = ""
    """Colour under transparent pixels and of padding; empty: the image's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileSettings:
    """Which ad files a campaign makes of its finals."""

    name: str = "{{ campaign }}_{{ cell }}_{{ placement }}_{{ width }}x{{ height }}"
    """Pattern of file names."""
    formats: Mapping[str, tuple[ImageFormat, ...]] = field(default_factory=dict)
    """Formats by size; `default` for all others."""
    asked: bool = False
    """True if the campaign file asks for ad files; otherwise a placement among the sizes does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileLabels:
    """The metadata of an ad file about its origin."""

    source_type: str
    """IPTC digital source type: `trainedAlgorithmicMedia`."""
    credit: str = ""
    alt_text: str = ""
    prompt_sha256: str = ""


ENLARGED = 1.5
"""Largest enlargement of a final; above 5 %, the ad file is flagged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """All that determines an ad file, apart from `METHOD`."""

    source_sha256: str
    placement: str
    pixels: tuple[int, int] | None
    """Exact width and height; `None`: those of the image."""
    safe: Sides = (0.0, 0.0, 0.0, 0.0)
    """Shares (top, right, bottom, left) to keep free of copy."""
    fit: Fit = Fit.AUTO
    keep: tuple[Sides, ...] = ()
    """Boxes to keep whole, instead of those that are found."""
    focus: tuple[float, float] | None = None
    """The point of the image on which to centre, as shares from left and top."""
    background: str = ""
    """Colour under transparent pixels, and of padding: `#ffffff`; empty: the image's own."""
    format: ImageFormat
    max_kb: int | None = None
    alpha: bool = True
    """True if the placement accepts transparency."""
    enlarge: float = ENLARGED
    """Most by which the image may be enlarged; beyond it the ad file is refused."""
    labels: FileLabels

    @property
    def id(self) -> RecipeId:
        """The address of the ad file, by its content."""
        facts = json.dumps([METHOD, asdict(self)], sort_keys=True, separators=(",", ":"))
        return RecipeId(hashlib.sha256(facts.encode()).hexdigest()[:16])


METHOD = 1
"""Version of the method; if it changes, all ad files are made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFile:
    """One ad file that is on disk."""

    recipe: RecipeId
    path: str
    """Relative to the output folder."""
    sha256: str
    bytes: int
    format: ImageFormat
    width: int
    height: int
    framing: Framing
    kept: float
    """Share of the image that is in the ad file, 0 to 1."""
    extended: float
    """Share of the ad file that is beyond the image, 0 to 1."""
    scale: float
    """Pixels of the ad file for a pixel of the image; above 1 it is enlarged."""
    window: tuple[float, float, float, float]
    """Left, top, width and height of the part that is shown, in pixels of the image."""
    quality: int | None
    """Quality of the encoder; `None` if nothing was lost."""
    flags: tuple[Flag, ...] = ()
