"""`pipeline log FILE`: show what a run sent, received and stored."""

import argparse
import json
import sys
from collections.abc import Mapping

from pipeline.app.commands.log import LogOptions, read_log
from pipeline.cli.flags import add_campaign, add_output, settings_of
from pipeline.cli.terminal import folded, paint, say

_TOLD = frozenset({"event", "at", "job", "cell", "stage", "round", "take", "attempt", "version"})
"""Fields that are told otherwise: rounds, takes and attempts only if they are not the first."""
COLOURS = {"image": "green", "failed": "red", "refused": "red", "in_doubt": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument("--run", metavar="ID", help="the run to show (default: the newest)")
    parser.add_argument(
        "--all", action="store_true", help="show every run whose folder still exists"
    )
    parser.add_argument(
        "--failed", action="store_true", help="show only failures, retries and doubts"
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the events of a run."""
    options = LogOptions(
        campaign=arguments.campaign,
        run=arguments.run,
        all=arguments.all,
        failed=arguments.failed,
    )
    shown = False
    for event in read_log(options, settings_of(arguments).output):
        lines = [json.dumps(event)] if arguments.json else folded(_words(event), stream=sys.stdout)
        print("\n".join(lines))
        shown = True
    if not shown:
        say("no matching events")
    return 0


def _words(event: Mapping[str, object]) -> str:
    name = str(event.get("event", ""))
    label = paint(name.ljust(10), COLOURS.get(name, "dim"))
    where = " ".join(str(event[key]) for key in ("cell", "stage") if key in event)
    if "cell" in event:
        again = {key: event.get(key) for key in ("round", "take", "attempt")}
        where += "".join(
            f" {key} {value}" for key, value in again.items() if value not in {None, 1}
        )
    rest = [
        f"{key}={value}"
        for key, value in event.items()
        if key not in _TOLD and value not in ("", None)
    ]
    at = str(event.get("at", ""))[:19].replace("T", " ")
    return "  ".join(part for part in (at, label, where, " ".join(rest)) if part)
