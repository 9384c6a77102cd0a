"""`pipeline resolve FILE [GLOB]`: settle images that are in doubt or lost."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.app.commands.resolve import resolve
from pipeline.app.commands.resolve_options import (
    Answer,
    OpenImage,
    ResolveOptions,
    ResolveReport,
)
from pipeline.app.commands.resolve_tickets import OpenTicket, settle_ticket, tickets_in_doubt
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    campaign_flags,
    credits_number,
    dollars,
    names_of,
    settings_of,
    whole_number,
)
from pipeline.cli.terminal import counted, folded, say, say_steps
from pipeline.model.money import Amount, Unit
from pipeline.model.names import Stage
from pipeline.model.outcome import status_of

ANSWERS = {
    "--found URL": "it was charged, and the image is at this URL, or in a kept reply (reply:...)",
    "--charged": "it was charged; an image that is not there counts as lost",
    "--not-charged": "nothing was charged; the next run buys an image that is not there",
    "--balance": "compare the account's balance with the ledger; settles only what that proves",
    "--rebuy": "buy the image again; the old price stays counted as in doubt",
    "--extract FOLDER": "write the pictures of kept replies into a folder; settles nothing",
}
MOST_IMAGES = 10
"""Most listed images that are shown with their commands."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument(
        "cells",
        nargs="?",
        default="*",
        metavar="GLOB",
        help="names of cells, such as 'citrus/*'; * also matches / (default: all cells)",
    )
    parser.add_argument("--stage", choices=names_of(Stage), help="only images of this stage")
    parser.add_argument("--take", type=whole_number, metavar="N", help="only this take")
    parser.add_argument(
        "--ticket",
        default="",
        metavar="ID",
        help="a whole batch, of which nobody knows whether it was ordered; --found then takes the "
        "provider's id of it",
    )
    parser.usage = "%(prog)s FILE [GLOB] [ANSWER] [OPTIONS]"
    group = parser.add_argument_group("answer", "At most one; without any, images are listed.")
    answers = group.add_mutually_exclusive_group()
    for option, text in ANSWERS.items():
        name, *value = option.split()
        if value:
            answers.add_argument(name, metavar=value[0], help=text)
        else:
            answers.add_argument(name, action="store_true", help=text)
    charges = parser.add_mutually_exclusive_group()
    charges.add_argument(
        "--credits",
        type=credits_number,
        metavar="N",
        help="with --found or --charged: the charge in the provider's log (default: the price)",
    )
    charges.add_argument(
        "--cost",
        type=dollars,
        metavar="0.05",
        help="the same in dollars, for an account in dollars",
    )
    parser.add_argument(
        "--as", dest="by", metavar="NAME", help="who answers (default: your login name)"
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Settle images, or list those that can be settled."""
    options = ResolveOptions(
        **campaign_flags(arguments),
        cells=arguments.cells,
        ticket=arguments.ticket,
        stage=Stage(arguments.stage) if arguments.stage else None,
        take=arguments.take,
        answer=_answer(arguments),
        url=arguments.found or "",
        folder=Path(arguments.extract or ""),
        charged=arguments.cost if arguments.credits is None else Amount(arguments.credits),
        charged_in=Unit.CREDITS if arguments.cost is None else Unit.DOLLARS,
        by=arguments.by,
    )
    settings = settings_of(arguments)
    report = settle_ticket(options, settings) if options.ticket else resolve(options, settings)
    listing = options.answer is None and options.cells == "*" and not options.ticket
    tickets = tickets_in_doubt(options, settings) if listing else ()
    if report.pictures:
        print("\n".join(map(str, report.pictures)))
        say(f"{counted(len(report.pictures), 'picture')} written, and nothing settled")
        say_steps([("Next", f"{report.next}  # names the commands that take one")])
        return report.exit_code
    if arguments.json and not report.settled and not report.ground:
        rows = [*map(_row, report.open), *map(_ticket_row, tickets)]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _tell_tickets(tickets)
        if report.open:
            _tell_open(report)
    if report.ground:
        say(report.ground)
    if report.settled and report.lost:
        count = counted(report.settled, "image")
        say(f"{count} settled as paid and lost")
        say_steps([("Next", f"{report.next}  # pays for another one")])
    elif report.settled:
        say(f"{counted(report.settled, 'image')} settled")
        say_steps([("Next", report.next)])
    elif not (report.open or report.ground or tickets):
        say("nothing is in doubt or lost")
    return 6 if tickets else report.exit_code


def _answer(arguments: argparse.Namespace) -> Answer | None:
    given = {
        Answer.FOUND: arguments.found,
        Answer.CHARGED: arguments.charged,
        Answer.NOT_CHARGED: arguments.not_charged,
        Answer.BALANCE: arguments.balance,
        Answer.REBUY: arguments.rebuy,
        Answer.EXTRACT: arguments.extract,
    }
    return next((answer for answer, value in given.items() if value), None)


def _status(image: OpenImage) -> str:
    return str(status_of(image.entry.outcome))


def _tell_tickets(tickets: Sequence[OpenTicket]) -> None:
    for one in tickets:
        ticket = one.ticket
        facts = (
            f"{ticket.id}: a batch of {counted(ticket.images, 'image')} of {ticket.model}, "
            f"ordered {ticket.packed[:16].replace('T', ' ')} UTC: {ticket.reason}"
        )
        print("\n".join(folded(facts, stream=sys.stdout, indent="    ")))
        print("\n".join(f"  {command}" for command in one.commands))
    if tickets:
        say("Look for it in the provider's list of batches: its metadata has this id as the label.")


def _ticket_row(one: OpenTicket) -> dict[str, object]:
    ticket = one.ticket
    return {
        "ticket": ticket.id,
        "images": ticket.images,
        "status": ticket.state,
        "reason": ticket.reason,
        "asked": ticket.packed,
        "commands": list(one.commands),
    }


def _tell_open(report: ResolveReport) -> None:
    """Print the images with the commands that settle them, and on stderr what these mean."""
    few = len(report.open) <= MOST_IMAGES
    for image in report.open:
        entry = image.entry
        facts = (
            f"{entry.at.cell} {entry.at.stage} take {entry.at.take}: {_status(image)}, "
            f"{image.money.text(entry.spent.upper)}, requested {entry.purchased}: "
            f"{image.reason}"
        )
        print("\n".join(folded(facts, stream=sys.stdout, indent="    ")))
        if image.shown:
            print(f"  the reply contained {counted(len(image.shown), 'image')}")
        if few or image.shown:
            print("\n".join(f"  {command}" for command in image.commands))
    for images, commands in report.for_all.items():
        print("\n".join([images, *(f"  {command}" for command in commands)]))
    if not few:
        say("To see the commands of an image, name its cell.")
    say("Look each image up in the provider's log, then run one of its commands:")
    width = max(map(len, ANSWERS))
    for option, text in ANSWERS.items():
        row = f"  {option:<{width}}  {text}"
        for line in folded(row, stream=sys.stderr, indent=" " * (width + 4)):
            say(line)


def _row(image: OpenImage) -> dict[str, object]:
    entry = image.entry
    return {
        "job": entry.key,
        "cell": entry.at.cell,
        "stage": entry.at.stage,
        "take": entry.at.take,
        "status": _status(image),
        image.money.unit.field: entry.spent.upper,
        "reason": image.reason,
        "asked": entry.purchased,
        "shown": list(image.shown),
        "commands": list(image.commands),
    }
