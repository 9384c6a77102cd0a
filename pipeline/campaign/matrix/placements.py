"""Placements by name: the shipped list, with sources and a date."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipeline.campaign.matrix.sizes import parse_pixels
from pipeline.campaign.reading.document import parse
from pipeline.model.campaign import Size

FILE = Path(__file__).with_name("placements.yaml")


class PlacementEntry(BaseModel):
    """One entry of the list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    px: str
    max_kb: int
    source: str
    """URL of the platform's specification."""
    safe: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class PlacementList(BaseModel):
    """The shipped list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: str
    """The date on which the sources were last checked."""
    placements: dict[str, PlacementEntry]


@cache
def listing() -> PlacementList:
    """Return the shipped list."""
    document, _ = parse(FILE.read_text("utf-8"), file=FILE.name)
    return PlacementList.model_validate(document)


@cache
def placements() -> Mapping[str, Size]:
    """Return every known placement by id; its ratio is chosen later, for a provider."""
    return {
        name: Size(
            id=name,
            ratio="",
            pixels=parse_pixels(entry.px),
            title=entry.title,
            max_kb=entry.max_kb,
            safe=entry.safe,
        )
        for name, entry in listing().placements.items()
    }
