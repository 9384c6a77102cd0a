"""`pipeline init NAME`: write a first campaign file, or one over a product feed."""

import argparse
import shlex
from pathlib import Path

from pipeline.app.commands.init import InitOptions, write_first_campaign
from pipeline.cli.terminal import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="the name of the campaign, e.g. summer-fizz")
    parser.add_argument(
        "--from",
        dest="feed",
        type=Path,
        metavar="FEED",
        help="take the products from a feed, e.g. products.csv",
    )
    parser.add_argument(
        "--in",
        dest="folder",
        type=Path,
        default=Path("campaigns"),
        metavar="DIR",
        help="the folder to write to (default: campaigns)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file; an existing one is never overwritten."""
    options = InitOptions(name=arguments.name, feed=arguments.feed, folder=arguments.folder)
    place = write_first_campaign(options)
    say(f"wrote {place}")
    say(f"Next  {shlex.join(['pipeline', 'plan', str(place)])}")
    say(f"then  {shlex.join(['pipeline', 'run', str(place)])}")
    return 0
