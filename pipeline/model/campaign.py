"""What a campaign file describes, checked and resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from pipeline.model.credits import Budget
from pipeline.model.provider import ProfileName
from pipeline.model.request import Background, Quality

Slug = NewType("Slug", str)
"""A campaign's name: `[a-z0-9-]`."""

CellName = NewType("CellName", str)
"""The one stable readable name of a cell: `citrus-330/4x3/en-US`."""


class Stage(StrEnum):
    """Where in the cycle an image stands."""

    DRAFT = "draft"
    FINAL = "final"


class Review(StrEnum):
    """Who gives the verdict on a draft."""

    HUMAN = "human"
    AUTO = "auto"
    NONE = "none"


class FinalMode(StrEnum):
    """How a final is made from an approved draft."""

    REGENERATE = "regenerate"
    REFINE = "refine"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageSettings:
    """How one stage is rendered."""

    quality: Quality
    takes: int = 1
    review: Review = Review.HUMAN
    mode: FinalMode = FinalMode.REGENERATE


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureLimit:
    """When a run gives up: after so many failures, or so large a share of what was due."""

    count: int | None = None
    share: float | None = None
    """Between 0 and 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaceLimits:
    """How fast a campaign may be rendered; `None` leaves it to the settings."""

    concurrency: int | None = None
    images_per_minute: float | None = None
    failures: FailureLimit = field(default_factory=FailureLimit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """One value of the size axis."""

    id: str
    """`4x3`, `instagram-story`, `leaderboard`."""
    ratio: str
    """The ratio that is rendered, as the API writes it: `4:3`."""
    pixels: tuple[int, int] | None = None
    """Exact width and height of a placement; `None` for a bare ratio."""
    kept: float = 1.0
    """Share of the render that survives the cut to `pixels`, 0 to 1."""
    title: str = ""
    """A placement's name for people: `Instagram story`."""
    max_kb: int | None = None
    """Heaviest file that the placement takes, in kilobytes."""
    safe: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Shares (top, right, bottom, left) that the platform covers: no text belongs there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One point of the matrix."""

    name: CellName
    axes: tuple[tuple[str, str], ...]
    """(axis, id) in canonical order: product, size, locale, then by name."""
    size: Size
    values: Mapping[str, object] = field(default_factory=dict, compare=False)
    """What the prompt template may say: axes, tables, vars."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Where to tell somebody how a run ended."""

    when: tuple[str, ...]
    webhook: str


class ImageFormat(StrEnum):
    """File types of renditions."""

    JPG = "jpg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"


@dataclass(frozen=True, kw_only=True, slots=True)
class RenditionSettings:
    """One file to derive from every final, at its placement's pixels."""

    format: ImageFormat
    max_kb: int | None = None
    quality: int | None = None
    """1 to 100; `None` leaves it to the encoder."""


class ContentCredentials(StrEnum):
    """What becomes of C2PA metadata in an original."""

    PRESERVE = "preserve"
    DROP = "drop"
    SIGN = "sign"


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Labels that say how an image was made."""

    iptc: bool = True
    c2pa: ContentCredentials = ContentCredentials.PRESERVE


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderOptions:
    """What the file sets for one provider; texts may hold `{{ env.NAME }}`, filled at use."""

    base_url: str | None = None
    model: str | None = None
    edits: str | None = None
    """Path of the edits endpoint, where there is one."""
    image_hosts: tuple[str, ...] = ()
    """Private hosts from which images may be fetched."""
    balance: str | None = None
    """Path that tells the credits left, where the API has one."""
    trust_env: bool = False
    """Whether the proxies that the environment names are used."""
    ca_file: str | None = None
    """A PEM file with authorities to trust besides the system's."""
    currency: str = ""
    per_credit: Decimal | None = None
    """What one credit costs in the currency."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A whole campaign: everything that a run needs to know, and nothing it has to look up."""

    slug: Slug
    file: str
    sha256: str
    """Of the campaign as it means: resolved, without comments and key order."""
    provider: ProfileName
    stages: Mapping[Stage, StageSettings]
    budget: Budget
    pace: PaceLimits = field(default_factory=PaceLimits)
    background: Background = Background.OPAQUE
    tags: Mapping[str, str] = field(default_factory=dict)
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Path as written → sha256 of the snapshot that was read."""
    notices: tuple[Notice, ...] = ()
    """Webhooks may hold `{{ env.NAME }}`, filled when they are called."""
    renditions: tuple[RenditionSettings, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    providers: Mapping[ProfileName, ProviderOptions] = field(default_factory=dict)
