"""`pipeline verify [FILE]`: every stored file against its sha256, every row against the disk."""

import argparse
import asyncio
import json
from collections import Counter
from pathlib import Path

from pipeline.cli.commands.run import peek_slug
from pipeline.cli.flags import settings_of
from pipeline.cli.terminal import counted, say
from pipeline.errors import UsageError
from pipeline.images.reading import Condition, verify
from pipeline.images.registry import images_in
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import Slug
from pipeline.model.entry import Entry
from pipeline.model.outcome import Stored

DAMAGE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("campaign", type=Path, nargs="?", metavar="FILE", help="one campaign only")
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """3 where a file is missing or is not what was stored."""
    output = settings_of(arguments).output
    if not ledger_exists(output):
        raise UsageError(f"there is no ledger in {output}: nothing was ever stored there")
    wanted = None
    if arguments.campaign is not None:
        wanted = peek_slug(arguments.campaign)
        if wanted is None:
            raise UsageError(f"cannot read the campaign's name in {arguments.campaign}")
    found = asyncio.run(_verify(output, Slug(wanted) if wanted else None))
    bad = {path: str(condition) for path, condition in found if condition is not Condition.WHOLE}
    counts = Counter(condition for _, condition in found)
    if arguments.json:
        print(json.dumps({"files": len(found), "whole": counts[Condition.WHOLE], "bad": bad}))
    else:
        for path, condition in bad.items():
            print(f"{condition}: {path}")
    say(f"{counts[Condition.WHOLE]:,} of {counted(len(found), 'file')} whole")
    if bad:
        say(
            "A missing file is downloaded again by the next run, without paying; move a changed "
            "one away first."
        )
    return DAMAGE if bad else 0


async def _verify(output: Path, wanted: Slug | None) -> list[tuple[str, Condition]]:
    ledger = await open_ledger(output, read_only=True)
    try:
        campaigns = {run.campaign for run in await ledger.runs(wanted)}
        entries: list[Entry] = []
        for campaign in sorted(campaigns):
            entries += await ledger.campaign_entries(campaign)
    finally:
        await ledger.close()
    images = images_in(output)
    return [
        (entry.outcome.artifact.path, verify(images, entry.outcome.artifact))
        for entry in entries
        if isinstance(entry.outcome, Stored)
    ]
