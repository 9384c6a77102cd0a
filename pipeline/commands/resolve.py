"""`pipeline resolve FILE [GLOB]`: settle what is in doubt, or free what is lost."""

import argparse
import asyncio
import json
from collections.abc import Sequence

from pipeline.commands.flags import add_campaign, add_common, settings_of
from pipeline.commands.run import peek_slug
from pipeline.commands.terminal import counted, say
from pipeline.errors import UsageError
from pipeline.ledger.base import Entry, Ledger, Resolution
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Slug
from pipeline.model.outcome import InDoubt, Rendered
from pipeline.reviewing.matching import matching
from pipeline.runs.folder import LEDGER
from pipeline.runs.lock import campaign_lock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    parser.add_argument("cells", nargs="?", default="*", metavar="GLOB", help="cells (all)")
    answer = parser.add_mutually_exclusive_group()
    answer.add_argument("--found", metavar="URL", help="the image of the one cell is at this URL")
    answer.add_argument(
        "--charged", action="store_true", help="it was paid, and no image will come"
    )
    answer.add_argument("--not-charged", action="store_true", help="nothing was taken; due again")
    answer.add_argument(
        "--rebuy", action="store_true", help="buy again; the old price stays counted as in doubt"
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Settle, or list what there is to settle."""
    output = settings_of(arguments).output
    slug = peek_slug(arguments.campaign)
    if slug is None:
        raise UsageError(f"cannot read the campaign's name in {arguments.campaign}")
    if not (output / LEDGER).exists():
        raise UsageError(f"there is no ledger in {output}: nothing was ever asked there")
    with campaign_lock(output, slug):
        return asyncio.run(_resolve(arguments, Slug(slug)))


async def _resolve(arguments: argparse.Namespace, campaign: Slug) -> int:
    ledger = await open_ledger(settings_of(arguments).output / LEDGER)
    try:
        open_ones = [entry for entry in await ledger.campaign_entries(campaign) if _is_open(entry)]
        if not open_ones:
            say("nothing is in doubt or lost")
            return 0
        names = set(matching({entry.at.cell for entry in open_ones}, arguments.cells))
        chosen = [entry for entry in open_ones if entry.at.cell in names]
        if await _settle(arguments, ledger, chosen):
            say(f"{counted(len(chosen), 'image')} settled. Next  pipeline run {arguments.campaign}")
            return 0
    finally:
        await ledger.close()
    _list(arguments, chosen)
    return 6 if any(isinstance(entry.outcome, InDoubt) for entry in chosen) else 3


def _is_open(entry: Entry) -> bool:
    return isinstance(entry.outcome, InDoubt) or (
        isinstance(entry.outcome, Rendered) and entry.outcome.lost
    )


async def _settle(arguments: argparse.Namespace, ledger: Ledger, chosen: Sequence[Entry]) -> bool:
    """Whether an answer was given."""
    if arguments.found:
        if len(chosen) != 1:
            raise UsageError(f"--found is for one image, and {len(chosen)} match; name its cell")
        await ledger.found(chosen[0].key, arguments.found)
        return True
    resolution = _resolution(arguments)
    if resolution is None:
        return False
    doubts = [entry for entry in chosen if isinstance(entry.outcome, InDoubt)]
    for entry in chosen if resolution is Resolution.REBUY else doubts:
        await ledger.resolve(entry.key, resolution)
    return True


def _resolution(arguments: argparse.Namespace) -> Resolution | None:
    if arguments.charged:
        return Resolution.CHARGED
    if arguments.not_charged:
        return Resolution.NOT_CHARGED
    return Resolution.REBUY if arguments.rebuy else None


def _list(arguments: argparse.Namespace, chosen: Sequence[Entry]) -> None:
    rows = [
        {
            "job": entry.key,
            "cell": entry.at.cell,
            "stage": entry.at.stage,
            "take": entry.at.take,
            "status": "in_doubt" if isinstance(entry.outcome, InDoubt) else "paid_lost",
            "credits": entry.spent.upper,
            "reason": getattr(entry.outcome, "reason", ""),
            "asked": entry.purchased,
        }
        for entry in chosen
    ]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        print(
            f"{row['cell']} {row['stage']} take {row['take']}: {row['status']}, "
            f"{row['credits']} credits, asked {row['asked']}: {row['reason']}"
        )
    say(
        "Look them up in the provider's own log, then say which: --found URL, --charged, "
        "--not-charged, or --rebuy"
    )
