"""`pipeline log FILE`: what was sent, answered and stored, line by line."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from pipeline.cli.commands.run import peek_slug
from pipeline.cli.flags import settings_of
from pipeline.cli.terminal import paint, say
from pipeline.errors import UsageError

FAILURES = frozenset({"failed", "refused", "in_doubt", "retry", "unrecorded", "budget"})
COLOURS = {"image": "green", "failed": "red", "refused": "red", "in_doubt": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("campaign", type=Path, metavar="FILE", help="a campaign file (YAML)")
    parser.add_argument("--run", metavar="ID", help="that run only (the newest)")
    parser.add_argument("--all", action="store_true", help="every run that is still on disk")
    parser.add_argument("--failed", action="store_true", help="only what did not go well")
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument("--json", action="store_true", help="the lines as they were written")


def run(arguments: argparse.Namespace) -> int:
    """Print the journal of a run."""
    slug = peek_slug(arguments.campaign)
    if slug is None:
        raise UsageError(f"cannot read the campaign's name in {arguments.campaign}")
    folder = settings_of(arguments).output / slug / "runs"
    told = 0
    for place in _journals(folder, arguments):
        for line in _lines(place):
            if arguments.failed and line.get("event") not in FAILURES:
                continue
            print(json.dumps(line) if arguments.json else _words(line))
            told += 1
    if not told:
        say("nothing to tell")
    return 0


def _journals(folder: Path, arguments: argparse.Namespace) -> list[Path]:
    places = sorted(folder.glob("*/log.jsonl"))
    if arguments.run:
        places = [place for place in places if place.parent.name == arguments.run]
        if not places:
            raise UsageError(f"there is no run {arguments.run} in {folder}")
    return places if arguments.all else places[-1:]


def _lines(place: Path) -> Iterator[dict[str, object]]:
    for text in place.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _words(line: dict[str, object]) -> str:
    event = str(line.get("event", ""))
    name = paint(event.ljust(10), COLOURS.get(event, "dim"))
    rest = [
        f"{key}={value}"
        for key, value in line.items()
        if key not in {"event", "at", "job", "cell", "stage"} and value not in ("", None)
    ]
    where = " ".join(str(line[key]) for key in ("cell", "stage") if key in line)
    return f"{line.get('at', '')}  {name}  {where}  {' '.join(rest)}".rstrip()
