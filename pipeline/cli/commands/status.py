"""`pipeline status [FILE]`: show the status of campaigns."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.app.commands.status import CampaignSummary, read_status
from pipeline.app.options import CampaignOptions, next_step
from pipeline.cli.flags import add_output, settings_of
from pipeline.cli.terminal import (
    breadth,
    counted,
    folded,
    is_terminal,
    paint,
    say,
    say_steps,
    table,
    tell,
    width,
)
from pipeline.model.money import Spent, Unit
from pipeline.model.names import Account
from pipeline.model.outcome import Status
from pipeline.model.ticket import Ticket

PROVIDED = frozenset({"run", "review"})
"""Commands that concern one account, which is that of the newest run."""
MOST_STEPS = 5
"""Most campaigns whose next command is printed."""
WIDEST = 1000
"""The most columns that a terminal is taken to have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "campaign", type=Path, nargs="?", metavar="FILE", help="only this campaign (default: all)"
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the status of campaigns."""
    output = settings_of(arguments).output
    report = read_status(arguments.campaign, output)
    for warning in report.lost:
        tell("warning", warning, colour="yellow")
    if arguments.json:
        print(json.dumps([_row(one) for one in report.campaigns], indent=1))
    if not report.ledger:
        if not report.lost:
            say(f"nothing has been rendered in {output} yet")
            say_steps([("Next", "pipeline run FILE")])
    elif not report.campaigns:
        say("no run of that campaign yet")
    elif not arguments.json:
        print("\n".join(_lines(report.campaigns)))
        for line in [line for one in report.campaigns for line in _tickets(one)]:
            print("\n".join(folded(line, stream=sys.stdout, indent="    ")))
        _say_next(report.campaigns, arguments.output)
        for one in report.campaigns:
            if one.missed:
                say(f"{one.run.campaign}: {counted(one.missed, 'image')} missed a check; see ls")
    return 0


def _lines(campaigns: Sequence[CampaignSummary]) -> list[str]:
    """Return a table with a row for each campaign and account."""
    units = {money.unit for one in campaigns for money in one.money.values()}
    alone = units == {Unit.CREDITS}
    heading = "Credits" if alone else "Spent"
    rows = [("Campaign", "Last run", "Ended", "To do", "Decided", "Account", "Images", heading)]
    for one in campaigns:
        for account, spent in one.spent.items():
            first = account == one.run.account
            money = _money(one, account, spent, bare=alone)
            rows.append((*(_head(one) if first else ("",) * 5), *money))
    head, *rest = table(rows, right=frozenset({7}))
    if is_terminal(sys.stdout) and max(map(breadth, (head, *rest))) > width(most=WIDEST):
        return _narrow_lines(campaigns)
    return [paint(head, "bold"), *rest]


def _narrow_lines(campaigns: Sequence[CampaignSummary]) -> list[str]:
    """Return a line for each campaign, and one below it for each of its accounts."""
    heads = table([_head(one)[:4] for one in campaigns])
    lines = []
    for head, one in zip(heads, campaigns, strict=True):
        lines += [paint(line, "bold") for line in folded(head, stream=sys.stdout)]
        for known in one.spent.items():
            account, images, money = _money(one, *known)
            lines += folded(f"  {account}  {images}  {money}", stream=sys.stdout, indent="    ")
    return lines


def _say_next(campaigns: Sequence[CampaignSummary], output: Path | None) -> None:
    """Say which command does the next step of each campaign, as long as they are few."""
    steps = []
    for one in campaigns[:MOST_STEPS]:
        if one.to_do and one.file is not None:
            words, command = one.to_do[0]
            file = Path(os.path.relpath(one.file))
            name, *flags = command.split()
            options = CampaignOptions(campaign=file, output=output, provider=one.provider)
            options = options if name in PROVIDED else replace(options, provider=None)
            step = next_step(options, name, *flags)
            steps.append(("Next", step) if len(campaigns) == 1 else (words, step))
    say_steps(steps)


def _head(one: CampaignSummary) -> tuple[str, str, str, str, str]:
    figures = one.figures
    return (
        one.run.campaign,
        one.run.started[:16].replace("T", " "),
        _ending(one),
        ", ".join(words for words, _ in one.to_do) or ("" if one.alive else "nothing"),
        f"{figures.decided} of {counted(figures.drafted, 'cell')}" if figures.drafted else "–",
    )


def _money(
    one: CampaignSummary, account: Account, spent: Spent, *, bare: bool = False
) -> tuple[str, str, str]:
    money = one.money[account]
    confirmed = money.bare(spent.confirmed) if bare else money.text(spent.confirmed)
    ordered = one.ordered[account]
    doubt = f" + {money.bare(ordered)} ordered" if ordered else ""
    if spent.in_doubt > ordered:
        doubt += f" + {money.bare(spent.in_doubt - ordered)} in doubt"
    figures = one.figures
    images = _images(figures.images.get(account, {}), figures.earlier.get(account, 0))
    return account, images, f"{confirmed}{doubt}"


def _tickets(one: CampaignSummary) -> list[str]:
    """Return a line for each open ticket of a campaign."""
    return [
        f"{one.run.campaign}: {ticket.id}  {counted(ticket.images, 'image')}, {_told(ticket)}"
        for ticket in one.tickets
    ]


def _told(ticket: Ticket) -> str:
    """Return how far a ticket is, since when, until when, and what a person has to do."""
    since = ticket.packed[:16].replace("T", " ")
    until = f", by {ticket.expires[:16].replace('T', ' ')} at the latest" if ticket.expires else ""
    if ticket.waits_for_person:
        return f"ordered {since} UTC, {ticket.reason}: pipeline resolve"
    return f"{ticket.state.words} since {since} UTC{until}; a run collects it"


def _ending(one: CampaignSummary) -> str:
    if one.run.exit_code is None:
        return "running" if one.alive else "killed"
    return "done" if one.run.exit_code == 0 else f"exit {one.run.exit_code}"


def _images(images: Mapping[Status, int], earlier: int) -> str:
    stored = counted(images.get(Status.STORED, 0), "stored", "stored")
    others = [
        f"{count} {status.words}"
        for status, count in images.items()
        if count and status not in {Status.STORED, Status.PLANNED}
    ]
    left = [f"{earlier:,} earlier"] if earlier else []
    return ", ".join([stored, *others, *left])


def _row(one: CampaignSummary) -> dict[str, object]:
    """Return one campaign as JSON; `images` and `credits` are of the newest run's account."""
    accounts = [
        {"account": account, **_account(one, account, spent)}
        for account, spent in one.spent.items()
    ]
    return {
        "campaign": one.run.campaign,
        "run": one.run.id,
        "started": one.run.started,
        "finished": one.run.finished or None,
        "exit_code": one.run.exit_code,
        "alive": one.alive,
        "missed": one.missed,
        "tickets": [
            {
                "id": ticket.id,
                "account": ticket.account,
                "images": ticket.images,
                "state": ticket.state,
                "batch": ticket.batch or None,
                "ordered": ticket.packed,
                "expires": ticket.expires or None,
                "reason": ticket.reason or None,
                "waits_for_person": ticket.waits_for_person,
            }
            for ticket in one.tickets
        ],
        "to_do": [words for words, _ in one.to_do],
        "review": {
            "drafted": one.figures.drafted,
            "decided": one.figures.decided,
            "to_review": one.figures.to_review,
            "approved": one.figures.approved,
        },
        **accounts[0],
        "accounts": accounts,
    }


def _account(one: CampaignSummary, account: Account, spent: Spent) -> dict[str, object]:
    images, money = one.figures.images.get(account, {}), one.money[account]
    return {
        "images": {status.value: count for status, count in images.items()},
        "earlier_images": one.figures.earlier.get(account, 0),
        money.unit.field: {
            "confirmed": spent.confirmed,
            "in_doubt": spent.in_doubt,
            "upper": spent.upper,
        },
        "spent": money.text(spent.confirmed),
    }
