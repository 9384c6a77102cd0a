"""Verdicts from the shell, through the same code as the page's."""

import argparse
import asyncio
import getpass
import json
import os
from datetime import UTC, datetime
from typing import assert_never

from pipeline.app.next_command import next_step
from pipeline.campaign.loading import load_campaign
from pipeline.cli.flags import campaign_options, settings_of
from pipeline.cli.terminal import counted, say
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.providers.registry import profiles
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import run_is_alive
from pipeline.state.survey import survey


def run_decision(arguments: argparse.Namespace, decision: Decision) -> int:
    """Record one decision on every cell that the glob names; all of them or none."""
    verdicts = asyncio.run(_decide(arguments, decision))
    if arguments.json:
        rows = [
            {"cell": verdict.cell, "decision": verdict.decision, "take": verdict.take}
            for verdict in verdicts
        ]
        print(json.dumps(rows, ensure_ascii=False))
    if not arguments.quiet:
        _tell(arguments, decision, verdicts)
    return 0


async def _decide(arguments: argparse.Namespace, decision: Decision) -> tuple[Verdict, ...]:
    settings = settings_of(arguments)
    loaded = load_campaign(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    ledger = await open_ledger(open_output(settings.output))
    try:
        alive = run_is_alive(settings.output, loaded.campaign.slug)
        state = await survey(ledger, loaded, shown=True, alive=alive)
        return await decide_cells(
            ledger,
            loaded.campaign.slug,
            state.of(Stage(getattr(arguments, "stage", None) or Stage.DRAFT)),
            glob=arguments.cells,
            opinion=UnboundVerdict(
                decision=decision,
                by=arguments.by or who(),
                at=datetime.now(UTC),
                take=getattr(arguments, "take", None),
                note=getattr(arguments, "note", None) or "",
            ),
        )
    finally:
        await ledger.close()


def who() -> str:
    """Who gives the verdict, where nobody is named."""
    try:
        return os.environ.get("PIPELINE_REVIEWER") or getpass.getuser()
    except (OSError, KeyError):
        return "shell"


def _tell(arguments: argparse.Namespace, decision: Decision, verdicts: tuple[Verdict, ...]) -> None:
    done = counted(len(verdicts), "cell")
    for verdict in verdicts[:20]:
        take = f"  take {verdict.take}" if decision is Decision.APPROVED else ""
        say(f"  {verdict.cell}{take}")
    if len(verdicts) > len(verdicts[:20]):
        say(f"  and {len(verdicts) - 20} more")
    options = campaign_options(arguments)
    match decision:
        case Decision.APPROVED:
            say(f"{done} approved. Next  {next_step(options, 'run')}")
        case Decision.REDO:
            say(f"{done} to draw anew. Next  {next_step(options, 'run', '--stage', 'draft')}")
        case Decision.REJECTED:
            say(f"{done} rejected: no finals of them.")
        case Decision.UNDECIDED:
            say(f"{done} undecided again.")
        case _:
            assert_never(decision)


def add_cells(parser: argparse.ArgumentParser) -> None:
    """Which cells are meant, and who decides."""
    parser.add_argument("cells", metavar="GLOB", help="cell names, e.g. 'citrus/*'; * crosses /")
    parser.add_argument("--as", dest="by", metavar="NAME", help="who decides (the user's name)")
    parser.add_argument("--stage", choices=[*Stage], help="of which stage (draft)")
