"""Ad files, which are derived from images for placements, and the recipes that determine them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import NewType, assert_never

from pipeline.model.adfiles.overlay import OverlayBox, OverlayPart, overlay_facts
from pipeline.model.adfiles.placement import Fit, FitSettings, ImageFormat, Sides
from pipeline.model.check import CheckResult

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
    COVERED = "covered"
    """The overlay lies over copy or product, since there was no room beside them."""
    UPSCALED = "upscaled"
    """The image has fewer pixels than the placement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowChoice:
    """The window that a person chose for one cell and placement; it wins over the planner."""

    source_sha256: str
    """The image that it was chosen for; for another image, it does not apply."""
    focus: tuple[float, float] | None = None
    """The middle of the window, as shares from left and top."""
    zoom: float | None = None
    """As in `FitSettings`."""
    keep: tuple[Sides, ...] = ()
    """Boxes to keep whole, instead of those that are found."""
    by: str
    at: str
    """UTC, ISO 8601 with seconds and `Z`."""
    revision: int = 0
    """Number of this choice for its cell and placement, from 1; the record sets it."""

    @property
    def withdrawn(self) -> bool:
        """True if the planner decides again."""
        return self.focus is None and not self.keep

    def fitted(self, fit: FitSettings, source_sha256: str) -> FitSettings:
        """Return the settings of the cell with this choice in them, if it is for this image."""
        if self.withdrawn or self.source_sha256 != source_sha256:
            return fit
        return replace(fit, focus=self.focus, zoom=self.zoom, keep=self.keep)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileApproval:
    """A person's approval of a flagged ad file, or its withdrawal."""

    by: str
    """Who decided."""
    at: str
    approved: bool = True
    """False if the approval was withdrawn."""
    cell: str = ""
    """The cell of the ad file; empty in records of earlier versions."""
    revision: int = 0
    """Number of this decision on its recipe, from 1; the record sets it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileLabels:
    """The metadata of an ad file about its origin."""

    source_type: str
    """IPTC digital source type: `trainedAlgorithmicMedia`."""
    credit: str = ""
    alt_text: str = ""
    prompt_sha256: str = ""


class VisibleLabel(StrEnum):
    """A mark on an ad file that says how it was made."""

    AI = "ai"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """What signs ad files: paths on this machine, no secret."""

    certificate: str
    key: str
    algorithm: str


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
    zoom: float | None = None
    """Width of the window in widths of the largest crop; `None`: the planner chooses it."""
    background: str = ""
    """Colour under transparent pixels, and of padding: `#ffffff`; empty: the image's own."""
    format: ImageFormat
    max_kb: int | None = None
    alpha: bool = True
    """True if the placement accepts transparency."""
    enlarge: float = ENLARGED
    """Most by which the image may be enlarged; beyond it the ad file is refused."""
    labels: FileLabels
    overlay: tuple[OverlayPart, ...] = ()
    """What is laid over the picture, in order."""
    mark: VisibleLabel | None = None
    signed: bool | None = None
    """True if it has signed content credentials."""

    @property
    def id(self) -> RecipeId:
        """The address of the ad file, by its content."""
        fields = {k: v for k, v in asdict(self).items() if v is not None or k not in _LATER}
        del fields["overlay"]
        if self.overlay:  # a file without one has the id that it had before overlays existed
            fields["overlay"] = [OVERLAY_METHOD, *overlay_facts(self.overlay)]
        facts = json.dumps([METHOD, fields], sort_keys=True, separators=(",", ":"))
        return RecipeId(hashlib.sha256(facts.encode()).hexdigest()[:16])


_LATER = frozenset({"zoom", "mark", "signed"})
"""Fields that are newer than ad files that exist: if `None`, they do not change the id."""

METHOD = 1
"""Version of the method; if it changes, all ad files are made again."""
OVERLAY_METHOD = 2
"""Version of how overlays are laid out and drawn; changes only ad files that have one."""


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
    overlay: tuple[OverlayBox, ...] = ()
    """Where the parts of the overlay lie."""
    source: str = ""
    """SHA-256 of the image that it was made of; empty if an older version made the file."""
    checks: tuple[CheckResult, ...] = ()
    """What was measured, before the campaign's rules; empty if an older version made the file."""


def flag_in_words(flag: Flag, *, extended: float, scale: float) -> str:
    """Return what a flag says about an ad file; shares and scale as in `AdFile`."""
    share = f"{extended:.0%}".replace("%", " %")
    match flag:
        case Flag.NOT_LOOKED_FOR:
            return "the copy may be cut: nobody knows where the image shows any"
        case Flag.LONG_EXTENSION:
            return f"extended {share}: that much of the file continues the image"
        case Flag.UNSURE:
            return "the edges of the image are not fit to be continued"
        case Flag.PADDED:
            return f"padded {share} with a plain colour"
        case Flag.CUT:
            return "copy or product is cut"
        case Flag.OUTSIDE_SAFE_ZONE:
            return "copy lies outside the safe zone"
        case Flag.COVERED:
            return "the overlay covers a part of the product or of the copy"
        case Flag.UPSCALED:
            return f"enlarged {scale:.2f} times: the image has too few pixels"
        case _:
            assert_never(flag)


def flags_in_words(flags: Sequence[Flag], *, extended: float, scale: float) -> list[str]:
    """Return what each flag says, in the same order."""
    return [flag_in_words(flag, extended=extended, scale=scale) for flag in flags]
