"""`pipeline ls FILE`: every image of a campaign, as the ledger has it, in the plan's order."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.campaign.loading import load_campaign
from pipeline.cli.commands.run import peek_slug
from pipeline.cli.flags import settings_of
from pipeline.cli.terminal import breadth, is_terminal, paint, say, table, width
from pipeline.errors import PipelineError, UsageError
from pipeline.images.registry import images_in
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import CellName, Slug
from pipeline.model.entry import Entry
from pipeline.model.outcome import Paid, PaidLost, Status, Stored, status_of
from pipeline.prompts.cells import name_of, unnamed_cells
from pipeline.providers.registry import profiles

WIDEST = 1000
"""Columns beyond which no terminal is asked for its width."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("campaign", type=Path, metavar="FILE", help="a campaign file (YAML)")
    parser.add_argument("--status", choices=[*Status], help="only images of this status")
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """List what was ever asked for; what was never asked is `pipeline plan`'s to tell."""
    output = settings_of(arguments).output
    slug = peek_slug(arguments.campaign)
    if slug is None:
        raise UsageError(f"cannot read the campaign's name in {arguments.campaign}")
    entries = []
    if ledger_exists(output):
        entries = asyncio.run(_read(output, Slug(slug)))
        place = _places(arguments.campaign)
        entries.sort(key=lambda entry: (place.get(entry.at.cell, len(place)), *_spot(entry)))
    chosen = [
        entry for entry in entries if arguments.status in {None, status_of(entry.outcome).value}
    ]
    if arguments.json:
        print(json.dumps([_row(entry, output) for entry in chosen], indent=1))
    elif chosen:
        _tell(chosen, output=output, folder=output / slug)
    else:
        say("no such image yet")
    return 0


async def _read(output: Path, campaign: Slug) -> list[Entry]:
    ledger = await open_ledger(output, read_only=True)
    try:
        return [*await ledger.campaign_entries(campaign)]
    finally:
        await ledger.close()


def _places(file: Path) -> Mapping[CellName, int]:
    """Each cell's place in the plan; none where the file cannot be read now."""
    try:
        loaded = load_campaign(file, profiles=profiles(), provider=None)
        return {name_of(loaded, s.point): at for at, s in enumerate(unnamed_cells(loaded))}
    except PipelineError:
        return {}


def _spot(entry: Entry) -> tuple[str, str, int, int]:
    return entry.at.cell, entry.at.stage, entry.at.round, entry.at.take


def _tell(entries: Sequence[Entry], *, output: Path, folder: Path) -> None:
    """One line an image; on a terminal that is too narrow for it, the file's name is left out."""
    rows: list[tuple[str, ...]] = [("Cell", "Stage", "Take", "Status", "Credits", "File")]
    rows += [_line(entry, output) for entry in entries]
    lines = table(rows, right=frozenset({4}))
    narrow = is_terminal(sys.stdout) and max(map(breadth, lines)) > width(most=WIDEST)
    if narrow:
        lines = table([row[:-1] for row in rows], right=frozenset({4}))
    print(paint(lines[0], "bold"))
    print("\n".join(lines[1:]))
    if narrow:
        say(f"The files are below {folder}/; --json names each.")


def _line(entry: Entry, output: Path) -> tuple[str, ...]:
    gone = ", not on disk" if _is_gone(entry, output) else ""
    again = f" round {entry.at.round}" if entry.at.round > 1 else ""
    return (
        entry.at.cell,
        f"{entry.at.stage}{again}",
        str(entry.at.take),
        f"{status_of(entry.outcome).value}{gone}",
        f"{entry.spent.upper:,}",
        _file(entry) or "–",
    )


def _file(entry: Entry) -> str:
    return entry.outcome.artifact.path if isinstance(entry.outcome, Stored) else ""


def _is_gone(entry: Entry, output: Path) -> bool:
    """Whether a stored file is missing; the next run would fetch it again."""
    name = _file(entry)
    return bool(name) and not images_in(output).stat_many([name])


def _row(entry: Entry, output: Path) -> dict[str, object]:
    outcome = entry.outcome
    return {
        "job": entry.key,
        "cell": entry.at.cell,
        "axes": dict(entry.at.axes),
        "stage": entry.at.stage,
        "round": entry.at.round,
        "take": entry.at.take,
        "status": status_of(outcome).value,
        "url": outcome.url if isinstance(outcome, Stored | Paid | PaidLost) else None,
        "file": _file(entry) or None,
        "missing": _is_gone(entry, output),
        "credits": {"confirmed": entry.spent.confirmed, "in_doubt": entry.spent.in_doubt},
    }
