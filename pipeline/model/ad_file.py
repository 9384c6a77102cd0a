"""Ad files, which are derived from images for placements, and the recipes that determine them."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import NewType

from pipeline.model.placement import Fit, ImageFormat, Sides

RecipeId = NewType("RecipeId", str)
"""16 hex characters: equal recipes have the same id, on every machine and in every run."""


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
