"""What is laid over an ad file: logos, exact words, buttons; and where it came to lie."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class OverlayKind(StrEnum):
    """The kinds of parts of an overlay."""

    LOGO = "logo"
    HEADLINE = "headline"
    TEXT = "text"
    PRICE = "price"
    BUTTON = "button"
    LEGAL = "legal"


class Anchor(StrEnum):
    """Places in an ad file, inside its safe zone."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"
    COPY = "copy"
    """The largest free box beside the product and everything else."""


class PlateShape(StrEnum):
    """The ways to put a plain ground under a text."""

    AUTO = "auto"
    """A panel, if the text would have less contrast than it needs."""
    NONE = "none"
    """Never; the ad file is refused if the contrast is too low."""
    PANEL = "panel"
    """A rounded rectangle."""
    BAND = "band"
    """From the left edge of the ad file to the right one."""
    SHADE = "shade"
    """A soft shadow that fades into the picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandFile:
    """A logo or font: where it is, and its content."""

    shown: str
    """Name in messages."""
    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OverlayFont:
    """A font of a text; `weight` is that of a variable font."""

    file: BrandFile
    weight: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plate:
    """The ground under a text."""

    shape: PlateShape = PlateShape.AUTO
    color: str = ""
    """Empty: one of the picture's own colours, as dark or light as the text needs."""
    opacity: float | None = None
    """Least opacity; `None`: as little as the contrast needs."""
    radius: float = 0.5
    """Radius of the corners, in type sizes."""
    padding: tuple[float, float] = (0.55, 0.8)
    """Space round the text, down and across, in type sizes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogoPart:
    """A logo; its shape is kept."""

    at: Anchor
    file: BrandFile
    width: float
    """Share of the ad file's width, or of its height if that is smaller."""
    clear: float
    """Space round it, as a share of the ad file's shorter side."""
    plate: Plate


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPart:
    """Words: a headline, a text, a price, a button's label or a legal line."""

    kind: OverlayKind
    at: Anchor
    text: str
    """As written; a line break starts a new line."""
    fonts: tuple[OverlayFont, ...]
    """In order; empty: the packaged ones that have the letters."""
    weight: int
    size: float
    """Type size, as a share of the side of a square with the ad file's area."""
    width: float
    """Share of the ad file's width that lines may have."""
    color: str
    """Empty: white or near-black, whichever is read better."""
    plate: Plate
    language: str = ""
    """BCP 47 tag, for fonts with letter forms of their own for it."""


OverlayPart = LogoPart | TextPart


def overlay_facts(parts: tuple[OverlayPart, ...]) -> list[Mapping[str, object]]:
    """Return what determines how an overlay looks, for hashing: contents, not paths of files."""
    return [_without_paths(asdict(part)) for part in parts]


def _without_paths(facts: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in facts.items():
        if key in ("path", "shown"):
            continue
        if isinstance(value, dict):
            found[key] = _without_paths(value)
        elif isinstance(value, list | tuple):
            found[key] = [_without_paths(one) if isinstance(one, dict) else one for one in value]
        else:
            found[key] = value
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class OverlayBox:
    """Where a part of an overlay lies in an ad file."""

    kind: OverlayKind
    box: tuple[int, int, int, int]
    """Left, top, width and height in pixels of the ad file."""
    text: str = ""
    size: float | None = None
    """Type size in pixels."""
    contrast: float | None = None
    """Least contrast of the words with the pixels under them, 1 to 21."""
    covers: bool = False
    """True if it lies over what the picture shows."""
