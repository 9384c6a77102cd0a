"""A campaign as values: checked, and with every reference in its file resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from pipeline.model.adfiles.ad_file import VisibleLabel
from pipeline.model.adfiles.placement import AdFileSettings, Placement
from pipeline.model.check import CheckRules
from pipeline.model.money import Budget, MoneyFormat
from pipeline.model.names import CellName, ProfileName, Slug, Stage
from pipeline.model.providers.request import Background, Quality


class Review(StrEnum):
    """The source of the verdict on a draft: a person, the checks, or no verdict."""

    HUMAN = "human"
    AUTO = "auto"
    NONE = "none"


class FinalMode(StrEnum):
    """The ways to make a final from an approved draft."""

    REGENERATE = "regenerate"
    REFINE = "refine"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageSettings:
    """The settings with which one stage is rendered."""

    quality: Quality
    takes: int = 1
    model: str = ""
    """Empty for the default model of the provider."""
    review: Review = Review.HUMAN
    mode: FinalMode = FinalMode.REGENERATE


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureLimit:
    """The failures, as a number or a share of the due images, after which a run stops."""

    count: int | None = None
    share: float | None = None
    """Between 0 and 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaceLimits:
    """Limits on the speed of rendering; `None` means the value in `Settings`."""

    concurrency: int | None = None
    images_per_minute: float | None = None
    failures: FailureLimit = field(default_factory=FailureLimit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """One value of the size axis."""

    id: str
    """`4x3`, `instagram-story`, `leaderboard`."""
    ratio: str
    """The aspect ratio to render, in the API's notation: `4:3`."""
    placement: Placement | None = None
    """Where the image runs, with its exact pixels; `None` for a bare ratio."""
    kept: float = 1.0
    """Share of an ad file that the rendered image fills uncut, 0 to 1; the rest is extended."""

    @property
    def pixels(self) -> tuple[int, int] | None:
        """Exact width and height of the placement; `None` for a bare ratio."""
        return self.placement.pixels if self.placement is not None else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One point of the matrix."""

    name: CellName
    axes: tuple[tuple[str, str], ...]
    """(axis, id) in canonical order: product, size, locale, then by name."""
    size: Size
    values: Mapping[str, object] = field(default_factory=dict, compare=False)
    """Variables available to the prompt template: axes, tables and vars, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Who is told when a run ends in one of some ways; URLs may hold `{{ env.NAME }}`."""

    when: tuple[str, ...]
    webhook: str | None = None
    """A URL to which JSON is posted."""
    to: tuple[str, ...] = ()
    """URLs of services that apprise knows."""
    ping: str | None = None
    """URL of a health check, called at the start and end of every run, whatever `when` says."""


class ContentCredentials(StrEnum):
    """The C2PA metadata of ad files; originals are never changed."""

    NONE = "none"
    SIGN = "sign"


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Labels that say how an image was made."""

    credit: str = ""
    """Who is named as the source of the ad files."""
    label: VisibleLabel | None = None
    """A mark that is drawn on every ad file."""
    c2pa: ContentCredentials = ContentCredentials.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderOptions:
    """A provider's settings in the file; texts may contain `{{ env.NAME }}`, filled at use."""

    base_url: str | None = None
    model: str | None = None
    edits: str | None = None
    """Path of the edits endpoint, if the API has one."""
    image_hosts: tuple[str, ...] = ()
    """Private hosts from which images may be fetched."""
    dialect: str = ""
    """The kind of a compatible server."""
    balance: str | None = None
    """Path of the endpoint that returns the credits left, if the API has one."""
    timeout: float | None = None
    """Seconds to wait for an image; `None`: by the model."""
    trust_env: bool = False
    """Use the proxies named in the environment."""
    ca_file: str | None = None
    """A PEM file with authorities to trust besides the system's."""
    currency: str = ""
    per_credit: Decimal | None = None
    """Price of one credit in the currency."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A whole campaign: everything that a run needs to know about it."""

    slug: Slug
    file: str
    sha256: str
    """Digest of the resolved campaign; comments and the order of keys do not count."""
    provider: ProfileName
    stages: Mapping[Stage, StageSettings]
    budget: Budget
    money: MoneyFormat = field(default_factory=MoneyFormat)
    """How amounts of its account are written."""
    pace: PaceLimits = field(default_factory=PaceLimits)
    batch: bool = False
    """Images are ordered in batches, at half the price, and collected by a later run."""
    background: Background = Background.OPAQUE
    tags: Mapping[str, str] = field(default_factory=dict)
    feeds: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each feed as it was read, by its path as written in the file."""
    notices: tuple[Notice, ...] = ()
    """Webhooks may contain `{{ env.NAME }}`, filled when they are called."""
    ad_files: AdFileSettings = field(default_factory=AdFileSettings)
    checks: CheckRules = field(default_factory=dict)
    """The checks of images and ad files that it asks for."""
    provenance: Provenance = field(default_factory=Provenance)
    store: str = ""
    """Where files are uploaded; may contain `{{ env.NAME }}`, filled at use."""
    public_url: str = ""
    """Template of the public URL of an uploaded file; may contain `{{ env.NAME }}`."""
    providers: Mapping[ProfileName, ProviderOptions] = field(default_factory=dict)
