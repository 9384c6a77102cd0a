"""Writing files for a new user: a first campaign, and the schema of campaign files."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.campaign.first_campaign import campaign_from_feed, first_campaign
from pipeline.campaign.grammar.schema import schema_text
from pipeline.campaign.naming import slug_of
from pipeline.errors import UsageError
from pipeline.providers.registry import profile_named
from pipeline.system_errors import not_written

REAL_PROVIDER = "gptimage"
"""The provider whose prices a new budget is made for; the embedded one costs nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InitOptions:
    """The name, feed and folder of a new campaign file."""

    name: str
    feed: Path | None
    """The feed whose rows become products; `None`: two example products."""
    folder: Path


def write_first_campaign(options: InitOptions) -> Path:
    """Write a first campaign and return its path; an existing file is never overwritten."""
    place = options.folder / f"{slug_of(options.name)}.yaml"
    prices = profile_named(REAL_PROVIDER).prices
    if options.feed is None:
        text = first_campaign(options.name, prices=prices)
    else:
        source = os.path.relpath(options.feed, options.folder)
        text = campaign_from_feed(options.name, options.feed, source=source, prices=prices)
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{place} exists already; it was not changed") from None
    except OSError as error:
        raise not_written(place, error) from error
    return place


def write_schema(place: Path) -> None:
    """Write the JSON Schema of campaign files."""
    try:
        place.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise not_written(place, error) from error
