"""Placements by name: the shipped table, with sources, dates and grades."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.campaign.reading.document import parse
from pipeline.model.adfiles.placement import Grade, ImageFormat, Placement
from pipeline.suggestions import listing, nearest

FILE = Path(__file__).with_name("placements.yaml")

Share = Decimal | int


class PlacementEntry(BaseModel):
    """One entry of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    px: str
    best: str = ""
    """Pixels that the platform recommends, if the source says so."""
    min: str = ""
    ratio_tolerance: str = ""
    """Deviation from the ratio that the platform accepts: `1%`."""
    max_kb: int = Field(ge=1)
    formats: tuple[Literal["jpg", "png", "gif", "webp", "avif"], ...] = Field(min_length=1)
    safe: tuple[Share, Share, Share, Share] = (0, 0, 0, 0)
    text: Literal["none", ""] = ""
    background: str = ""
    fill: Share = 0
    alpha: bool = False
    grade: Grade
    seen: str
    source: str
    """URL of the platform's specification, or where a convention comes from."""
    note: str = ""


class PlacementTable(BaseModel):
    """The shipped table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: str
    """The date on which all entries were last looked up."""
    placements: dict[str, PlacementEntry]
    renamed: dict[str, str]
    """Names that older campaign files use, and the entry of each."""
    aliases: dict[str, tuple[str, ...]]
    """Other names of placements, and the entries that each may mean, the likeliest first."""


@cache
def placement_table() -> PlacementTable:
    """Return the shipped table."""
    document, _ = parse(FILE.read_text("utf-8"), file=FILE.name)
    return PlacementTable.model_validate(document)


@cache
def placements() -> Mapping[str, Placement]:
    """Return every placement that a campaign may name, by its name, older names included."""
    table = placement_table()
    known = {name: _placement(name, entry) for name, entry in table.placements.items()}
    older = {name: _placement(name, table.placements[new]) for name, new in table.renamed.items()}
    return known | older


def _placement(name: str, entry: PlacementEntry) -> Placement:
    top, right, bottom, left = (float(share) for share in entry.safe)
    return Placement(
        id=name,
        pixels=_sides(entry.px),
        title=entry.title,
        formats=tuple(ImageFormat(one) for one in entry.formats if one != "gif"),
        max_kb=entry.max_kb,
        safe=(top, right, bottom, left),
        text=entry.text != "none",
        background=entry.background,
        fill=float(entry.fill),
        alpha=entry.alpha,
        minimum=_sides(entry.min) if entry.min else None,
        grade=entry.grade,
        seen=entry.seen,
        source=entry.source,
        note=entry.note,
    )


def _sides(pixels: str) -> tuple[int, int]:
    width, _, height = pixels.partition("x")
    return int(width), int(height)


_PIXELS_IN_WORD = re.compile(r"(?<![0-9])([1-9][0-9]{1,4})[x×]([1-9][0-9]{1,4})(?![0-9])", re.ASCII)


def find_placements(word: str) -> Sequence[Placement]:
    """Return the placements for a name, alias, ratio, size or title, the likeliest first.

    Part of a name or title finds every placement that contains it; an empty word finds all.
    """
    table, known = placement_table(), placements()
    folded = word.strip().casefold()
    found = [*([folded] if folded in known else []), *table.aliases.get(folded, ())]
    found += [name for name in known if folded in name and name not in table.renamed]
    found += [name for name, entry in table.placements.items() if folded in entry.title.casefold()]
    if not found and (pixels := _PIXELS_IN_WORD.search(folded)):
        found = list(_by_shape((int(pixels[1]), int(pixels[2]))))[:_FEW]
    return [known[name] for name in dict.fromkeys(found)]


_FEW = 3


def _by_shape(pixels: tuple[int, int]) -> Sequence[str]:
    """Return the names in the table, sorted by how near their shape and size are."""
    target = Fraction(*pixels)

    def distance(name: str) -> tuple[float, float]:
        width, height = placements()[name].pixels
        ratio = Fraction(width, height)
        return float(max(ratio / target, target / ratio)), abs(width - pixels[0])

    return sorted(placement_table().placements, key=distance)


def suggest_placement(word: str) -> str:
    """Return ` (did you mean leaderboard?)` for a word that is no placement; by name, then shape.

    A word that may mean several placements (`instagram-feed`) suggests the likeliest ones.
    """
    table = placement_table()
    spoken = table.aliases.get(word.casefold().replace("_", "-").replace(" ", "-"))
    if spoken is None:
        shape = _PIXELS_IN_WORD.search(word)
        by_name = nearest(word, [*table.placements, *table.aliases])
        if shape:
            spoken = tuple(_by_shape((int(shape[1]), int(shape[2])))[:1])
        elif by_name is not None:
            spoken = table.aliases.get(by_name, (by_name,))
        else:
            spoken = _same_platform(word)
    return f" (did you mean {listing(spoken)}?)" if spoken else ""


def _same_platform(word: str) -> tuple[str, ...]:
    """Return the first placements whose name shares its longest part with a word."""
    parts = sorted(re.split(r"[^a-z0-9]+", word.casefold()), key=len, reverse=True)
    for part in (one for one in parts if len(one) >= _FEW):
        found = [name for name in placement_table().placements if part in name.split("-")]
        if found:
            return tuple(found[:_FEW])
    return ()


def placements_of_ratio(word: str) -> Sequence[str]:
    """Return the placements of a ratio like `4:5`, the likeliest first; empty if there is none."""
    return placement_table().aliases.get(word.replace("x", ":"), ())
