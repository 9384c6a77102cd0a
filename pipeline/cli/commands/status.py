"""`pipeline status [FILE]`: where campaigns stand, from the ledger alone; light and quick."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.commands.run import peek_slug
from pipeline.cli.flags import settings_of
from pipeline.cli.terminal import counted, paint, say, table
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import Slug
from pipeline.model.credits import Spent
from pipeline.model.entry import RunRecord
from pipeline.model.outcome import Status
from pipeline.model.provider import Account
from pipeline.state.ledger_figures import LedgerFigures, ledger_figures, spent_by_account
from pipeline.state.output.lock import run_is_alive
from pipeline.state.output.missing_ledger import campaigns_unknown_to_ledger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("campaign", type=Path, nargs="?", metavar="FILE", help="one campaign only")
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignLine:
    """One campaign as its ledger has it."""

    run: RunRecord
    """The newest one."""
    alive: bool
    """Whether a run is at work."""
    figures: LedgerFigures
    spent: Mapping[Account, Spent]
    """By account, that of the newest run first."""


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
        return [await _line(ledger, record, output) for record in newest.values()]
    finally:
        await ledger.close()


async def _line(ledger: Ledger, record: RunRecord, output: Path) -> CampaignLine:
    alive = run_is_alive(output, record.campaign)
    return CampaignLine(
        run=record,
        alive=alive,
        figures=ledger_figures(await ledger.record(record.campaign), alive=alive),
        spent=await spent_by_account(ledger, record.campaign),
    )


def _tell(lines: Sequence[CampaignLine]) -> None:
    if not lines:
        say("no run of that campaign yet")
        return
    rows = [("Campaign", "Last run", "Ended", "Decided", "Account", "Images", "Credits")]
    for line in lines:
        for account, spent in line.spent.items():
            first = account == line.run.account
            rows.append((*(_head(line) if first else ("",) * 4), *_money(line, account, spent)))
    head, *rest = table(rows, right=frozenset({6}))
    print(paint(head, "bold"))
    for text in rest:
        print(text)


def _head(line: CampaignLine) -> tuple[str, str, str, str]:
    figures = line.figures
    return (
        line.run.campaign,
        line.run.started[:16].replace("T", " "),
        _ending(line),
        f"{figures.decided} of {counted(figures.drafted, 'cell')}" if figures.drafted else "–",
    )


def _money(line: CampaignLine, account: Account, spent: Spent) -> tuple[str, str, str]:
    doubt = f" + {spent.in_doubt:,} in doubt" if spent.in_doubt else ""
    images = line.figures.images.get(account, {})
    return account, _images(images), f"{spent.confirmed:,}{doubt}"


def _ending(line: CampaignLine) -> str:
    if line.run.exit_code is None:
        return "running" if line.alive else "killed"
    return "done" if line.run.exit_code == 0 else f"exit {line.run.exit_code}"


def _images(images: Mapping[Status, int]) -> str:
    stored = counted(images.get(Status.STORED, 0), "stored", "stored")
    others = [
        f"{count} {status.value.replace('_', ' ')}"
        for status, count in images.items()
        if count and status not in {Status.STORED, Status.PLANNED}
    ]
    return ", ".join([stored, *others])


def _row(line: CampaignLine) -> dict[str, object]:
    """One campaign as JSON; `images` and `credits` are those of the newest run's account."""
    accounts = [
        {"account": account, **_account(line.figures.images.get(account, {}), spent)}
        for account, spent in line.spent.items()
    ]
    return {
        "campaign": line.run.campaign,
        "run": line.run.id,
        "started": line.run.started,
        "finished": line.run.finished or None,
        "exit_code": line.run.exit_code,
        "alive": line.alive,
        "review": {
            "drafted": line.figures.drafted,
            "decided": line.figures.decided,
            "approved": line.figures.approved,
        },
        **accounts[0],
        "accounts": accounts,
    }


def _account(images: Mapping[Status, int], spent: Spent) -> dict[str, object]:
    return {
        "images": {status.value: count for status, count in images.items()},
        "credits": {
            "confirmed": spent.confirmed,
            "in_doubt": spent.in_doubt,
            "upper": spent.upper,
        },
    }
