"""The values that the modules of this room exchange: a campaign, checked and resolved."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Place
from pipeline.campaign.matrix.axis import Axis
from pipeline.campaign.overlay.parts import Overlay
from pipeline.model.adfiles.placement import FitSettings
from pipeline.model.campaign import StageSettings
from pipeline.model.names import Stage
from pipeline.model.providers.request import Background, OutputFormat, Reference

Point = tuple[int, ...]
"""The position of a cell's value on every axis, axes in canonical order."""


class UnnamedCell(NamedTuple):
    """A cell without its name: positions of its values, joined rows and settings."""

    point: Point
    rows: Point
    """Position of its row in every joined table; -1 for a row of empty texts."""
    variant: int
    """Number of the `Variant` with its settings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellRule:
    """The cells that an exclusion or an override applies to."""

    masks: tuple[tuple[int, bytes], ...]
    """Axis, and one byte for each of its values: 1 if it fits. All masks must fit."""
    condition: str = ""
    """Name of an expression that must be true as well; empty if there is none."""
    place: Place
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A stable random subset of one axis."""

    axis: int
    n: int
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """How a cell finds its row in a table."""

    table: Table
    keys: tuple[tuple[int, str], ...]
    """Axis and column for each key column; an empty column means the id of the value."""
    on_missing: str
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateSource:
    """A template's text and where it is written."""

    text: str
    place: Place
    path: str = ""
    """Dotted path in the campaign file, if it is written there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """The settings of some cells, after all overrides that apply to them."""

    vars: Mapping[str, object]
    packed: str
    """`vars` as sent to the template process."""
    prompt: str
    """Name of a template, as are `texts` and `references`."""
    texts: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    mask: str | None
    """Name of a template."""
    background: Background
    output_format: OutputFormat | None
    compression: int | None
    stages: Mapping[Stage, StageSettings]
    fit: FitSettings
    """How ad files get the shape of their placements."""
    overlay: Overlay
    """What is laid over ad files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Axes and the exceptions to their product."""

    axes: tuple[Axis, ...]
    """In canonical order."""
    zips: tuple[tuple[int, ...], ...] = ()
    """Groups of axes that advance together."""
    samples: tuple[Sample, ...] = ()
    excludes: tuple[CellRule, ...] = ()
    includes: tuple[tuple[Point, Place], ...] = ()


class PromptBatch(NamedTuple):
    """A batch of images and the prompts written for them, in order, both compressed."""

    images: bytes
    """An array of integers: a point, then variant, round, take and page of each image."""
    answer: bytes
    """The answer of the template process."""


@dataclass(frozen=True, slots=True)
class CompressedPrompts:
    """All prompts that were written for one stage, checked and compressed."""

    batches: tuple[PromptBatch, ...]
    doubled: frozenset[int]
    """Hashes of requests that several images have."""


class PromptCache:
    """The last few `CompressedPrompts` of a campaign: a run plans the same stage several times."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, CompressedPrompts] = {}
        self.references: dict[tuple[str, str], Reference | str] = {}
        """Image, or complaint, by template and written path, so that each file is read once."""

    def find(self, key: Hashable) -> CompressedPrompts | None:
        """Return the prompts that were written for this key, or `None`."""
        return self._entries.get(key)

    def keep(self, key: Hashable, compressed: CompressedPrompts) -> None:
        """Add prompts to the cache; drop the oldest if it is full."""
        while len(self._entries) >= _MOST_CACHED:
            self._entries.pop(next(iter(self._entries)), None)
        self._entries[key] = compressed


_MOST_CACHED = 6
