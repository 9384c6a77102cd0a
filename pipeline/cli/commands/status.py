"""`pipeline status [FILE]`: where campaigns stand, from the ledger alone; light and quick."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.commands.run import peek_slug
from pipeline.cli.flags import settings_of
from pipeline.cli.terminal import counted, paint, say, table
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Spent
from pipeline.model.entry import Entry, RunRecord
from pipeline.model.outcome import Status
from pipeline.model.verdict import Decision, Verdict
from pipeline.state.output.missing_ledger import campaigns_unknown_to_ledger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("campaign", type=Path, nargs="?", metavar="FILE", help="one campaign only")
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignLine:
    """One campaign in one line."""

    campaign: Slug
    run: RunRecord
    images: Mapping[Status, int]
    drafted: int
    """Cells with a stored draft."""
    approved: int
    decided: int
    spent: Spent


def run(arguments: argparse.Namespace) -> int:
    """Tell where things stand."""
    output = settings_of(arguments).output
    if not ledger_exists(output):
        lost = campaigns_unknown_to_ledger(output)
        for words in lost:
            say(f"{paint('warning', 'yellow', stream=sys.stderr)}: {words}")
        if not lost:
            say(f"nothing has been rendered in {output} yet. Next  pipeline run FILE")
        if arguments.json:
            print("[]")
        return 0
    wanted = None
    if arguments.campaign is not None:
        wanted = peek_slug(arguments.campaign)
        if wanted is None:
            raise UsageError(f"cannot read the campaign's name in {arguments.campaign}")
    lines = asyncio.run(_read(output, wanted))
    if arguments.json:
        print(json.dumps([_row(line) for line in lines], indent=1))
    else:
        _tell(lines)
    return 0


async def _read(output: Path, wanted: str | None) -> list[CampaignLine]:
    ledger = await open_ledger(output, read_only=True)
    try:
        newest: dict[Slug, RunRecord] = {}
        for record in await ledger.runs(Slug(wanted) if wanted else None):
            newest.setdefault(record.campaign, record)
        return [await _line(ledger, record) for record in newest.values()]
    finally:
        await ledger.close()


async def _line(ledger: Ledger, record: RunRecord) -> CampaignLine:
    entries = await ledger.campaign_entries(record.campaign)
    verdicts = await ledger.verdicts(record.campaign)
    return CampaignLine(
        campaign=record.campaign,
        run=record,
        images=Counter(entry.status for entry in entries),
        drafted=len(_drafted(entries)),
        approved=sum(verdict.decision is Decision.APPROVED for verdict in _drafts(verdicts)),
        decided=sum(verdict.decision is not Decision.UNDECIDED for verdict in _drafts(verdicts)),
        spent=await ledger.spent(campaign=record.campaign),
    )


def _drafted(entries: Sequence[Entry]) -> set[CellName]:
    return {
        entry.at.cell
        for entry in entries
        if entry.at.stage is Stage.DRAFT and entry.status is Status.STORED
    }


def _drafts(verdicts: Mapping[tuple[CellName, Stage], Verdict]) -> list[Verdict]:
    return [verdict for (_, stage), verdict in verdicts.items() if stage is Stage.DRAFT]


def _tell(lines: Sequence[CampaignLine]) -> None:
    if not lines:
        say("no run of that campaign yet")
        return
    rows = [("Campaign", "Last run", "Ended", "Images", "Review", "Credits")]
    rows += [
        (
            line.campaign,
            line.run.started[:16].replace("T", " "),
            _ending(line.run),
            _images(line.images),
            f"{line.decided}/{line.drafted}" if line.drafted else "–",
            f"{line.spent.confirmed:,}"
            + (f" + {line.spent.in_doubt:,} in doubt" if line.spent.in_doubt else ""),
        )
        for line in lines
    ]
    head, *rest = table(rows, right=frozenset({5}))
    print(paint(head, "bold"))
    for text in rest:
        print(text)


def _ending(run: RunRecord) -> str:
    if run.exit_code is None:
        return "running or killed"
    return "done" if run.exit_code == 0 else f"exit {run.exit_code}"


def _images(images: Mapping[Status, int]) -> str:
    stored = counted(images.get(Status.STORED, 0), "stored", "stored")
    others = [
        f"{count} {status.value.replace('_', ' ')}"
        for status, count in images.items()
        if count and status not in {Status.STORED, Status.PLANNED}
    ]
    return ", ".join([stored, *others])


def _row(line: CampaignLine) -> dict[str, object]:
    return {
        "campaign": line.campaign,
        "run": line.run.id,
        "started": line.run.started,
        "finished": line.run.finished or None,
        "exit_code": line.run.exit_code,
        "images": {status.value: count for status, count in line.images.items()},
        "review": {
            "drafted": line.drafted,
            "decided": line.decided,
            "approved": line.approved,
        },
        "credits": {
            "confirmed": line.spent.confirmed,
            "in_doubt": line.spent.in_doubt,
            "upper": line.spent.upper,
        },
    }
