"""`pipeline init NAME`: a first campaign that runs as it is; with `--from`, over a product feed."""

import argparse
import os
from pathlib import Path

from pipeline.campaign.first_campaign import campaign_from_feed, first_campaign
from pipeline.campaign.naming import slug_of
from pipeline.cli.terminal import say
from pipeline.errors import LocalFault, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("name", help="what the campaign is called, e.g. summer-fizz")
    parser.add_argument(
        "--from", dest="feed", type=Path, metavar="FEED", help="a product feed, e.g. products.csv"
    )
    parser.add_argument(
        "--in",
        dest="folder",
        type=Path,
        default=Path("campaigns"),
        metavar="DIR",
        help="where it is written (campaigns)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file; an existing one is never overwritten."""
    place = arguments.folder / f"{slug_of(arguments.name)}.yaml"
    if arguments.feed is None:
        text = first_campaign(arguments.name)
    else:
        source = os.path.relpath(arguments.feed, arguments.folder)
        text = campaign_from_feed(arguments.name, arguments.feed, source=source)
    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{place} exists already; it was not changed") from None
    except OSError as error:
        raise LocalFault(f"cannot write {place}: {error.strerror}") from error
    say(f"wrote {place}")
    say(f"Next  pipeline plan {place}")
    say(f"      pipeline run {place}")
    return 0
