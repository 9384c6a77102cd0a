"""`pipeline resolve FILE [GLOB]`: settle images that are in doubt or lost."""

import argparse
import json
import shlex

from pipeline.app.commands.resolve import Answer, OpenImage, ResolveOptions, resolve
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    campaign_flags,
    credits_number,
    names_of,
    settings_of,
    whole_number,
)
from pipeline.cli.terminal import counted, say
from pipeline.model.campaign import Stage
from pipeline.model.credits import Credits
from pipeline.model.outcome import InDoubt

ANSWERS = "--found URL, --charged, --not-charged, --balance or --rebuy"


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
    parser.usage = "%(prog)s FILE [GLOB] [ANSWER] [OPTIONS]"
    group = parser.add_argument_group("answer", "At most one; without any, images are listed.")
    answers = group.add_mutually_exclusive_group()
    answers.add_argument(
        "--found", metavar="URL", help="it was charged, and the image is at this URL"
    )
    answers.add_argument(
        "--charged", action="store_true", help="it was charged, and there is no image"
    )
    answers.add_argument(
        "--not-charged",
        action="store_true",
        help="nothing was charged; the next run buys the image",
    )
    answers.add_argument(
        "--balance",
        action="store_true",
        help="compare the account's balance with the ledger; settles only what that proves",
    )
    answers.add_argument(
        "--rebuy",
        action="store_true",
        help="buy the image again; the old price stays counted as in doubt",
    )
    parser.add_argument(
        "--credits",
        type=credits_number,
        metavar="N",
        help="with --found or --charged: the charge in the provider's log (default: the price)",
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
        stage=Stage(arguments.stage) if arguments.stage else None,
        take=arguments.take,
        answer=_answer(arguments),
        url=arguments.found or "",
        charged=None if arguments.credits is None else Credits(arguments.credits),
        by=arguments.by,
    )
    report = resolve(options, settings_of(arguments))
    if arguments.json and not report.settled and not report.ground:
        print(json.dumps([_row(image) for image in report.open], ensure_ascii=False, indent=1))
    elif report.open:
        for image in report.open:
            _tell(image)
        say(f"Look them up in the provider's own log, then answer with one of {ANSWERS}")
    if report.ground:
        say(report.ground)
    if report.settled and report.lost:
        count = counted(report.settled, "image")
        say(f"{count} settled as paid and lost. To pay for another one  {report.next}")
    elif report.settled:
        say(f"{counted(report.settled, 'image')} settled. Next  {report.next}")
    elif not report.open and not report.ground:
        say("nothing is in doubt or lost")
    return report.exit_code


def _answer(arguments: argparse.Namespace) -> Answer | None:
    given = {
        Answer.FOUND: arguments.found,
        Answer.CHARGED: arguments.charged,
        Answer.NOT_CHARGED: arguments.not_charged,
        Answer.BALANCE: arguments.balance,
        Answer.REBUY: arguments.rebuy,
    }
    return next((answer for answer, value in given.items() if value), None)


def _status(image: OpenImage) -> str:
    return "in_doubt" if isinstance(image.entry.outcome, InDoubt) else "paid_lost"


def _tell(image: OpenImage) -> None:
    entry = image.entry
    print(
        f"{entry.at.cell} {entry.at.stage} take {entry.at.take}: {_status(image)}, "
        f"{entry.spent.upper} credits, asked {entry.purchased}: "
        f"{getattr(entry.outcome, 'reason', '')}"
    )
    price = " --credits N" if len(image.shown) > 1 else ""
    for url in image.shown:
        found = f"{image.settle} --found {shlex.quote(url)}{price}"
        print(f"  the reply contained an image: {found}")


def _row(image: OpenImage) -> dict[str, object]:
    entry = image.entry
    return {
        "job": entry.key,
        "cell": entry.at.cell,
        "stage": entry.at.stage,
        "take": entry.at.take,
        "status": _status(image),
        "credits": entry.spent.upper,
        "reason": getattr(entry.outcome, "reason", ""),
        "asked": entry.purchased,
        "shown": list(image.shown),
    }
