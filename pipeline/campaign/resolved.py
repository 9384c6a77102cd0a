"""A campaign, checked and resolved: what the other modules of this room hand to each other."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Place
from pipeline.campaign.matrix.axis import Axis
from pipeline.model.campaign import Stage, StageSettings
from pipeline.model.request import Background, Reference

Point = tuple[int, ...]
"""The position of a cell's value on every axis, axes in canonical order."""


class UnnamedCell(NamedTuple):
    """A cell before it has a name: its values, its rows of joined tables, its settings."""

    point: Point
    rows: Point
    """The position of its row in every joined table; -1 for a row of empty texts."""
    variant: int
    """Which settings apply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellRule:
    """Which cells an exclusion or an override is about."""

    masks: tuple[tuple[int, bytes], ...]
    """(axis, one byte for each of its values: 1 where it fits); all must fit."""
    condition: str = ""
    """The name of an expression that must hold as well."""
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
    """(axis, column) for each key column; an empty column is the value's id."""
    on_missing: str
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateSource:
    """A template's text and where it is written."""

    text: str
    place: Place
    path: str = ""
    """Where in the campaign file, where it stands there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """The settings of some cells, after all overrides that fit them."""

    vars: Mapping[str, object]
    packed: str
    """`vars` as the writing process gets them."""
    prompt: str
    """The name of a template, here and below."""
    texts: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    background: Background
    stages: Mapping[Stage, StageSettings]


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Axes and the exceptions to their product."""

    axes: tuple[Axis, ...]
    """In canonical order."""
    zips: tuple[tuple[int, ...], ...] = ()
    """Groups of axes that walk together."""
    samples: tuple[Sample, ...] = ()
    excludes: tuple[CellRule, ...] = ()
    includes: tuple[tuple[Point, Place], ...] = ()


class PromptBatch(NamedTuple):
    """One batch of images and what was written for them, in order, both compressed."""

    images: bytes
    """An array of integers: a point, then variant, round, take and page of each image."""
    answer: bytes
    """The writing process's answer."""


@dataclass(frozen=True, slots=True)
class CompressedPrompts:
    """Everything that was written for one stage, checked and put away small."""

    batches: tuple[PromptBatch, ...]
    doubled: frozenset[int]
    """Hashes of requests that more than one image has."""


class PromptCache:
    """The last few folios of a campaign: a run plans the same stage several times."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, CompressedPrompts] = {}
        self.references: dict[tuple[str, str], Reference | str] = {}
        """(template, what it says) → the image as it was first read, or what is wrong with it."""

    def find(self, key: Hashable) -> CompressedPrompts | None:
        """The folio that was written for exactly this."""
        return self._entries.get(key)

    def keep(self, key: Hashable, compressed: CompressedPrompts) -> None:
        """Put a folio on the shelf, and the oldest off it."""
        while len(self._entries) >= _MOST_CACHED:
            self._entries.pop(next(iter(self._entries)), None)
        self._entries[key] = compressed


_MOST_CACHED = 4
