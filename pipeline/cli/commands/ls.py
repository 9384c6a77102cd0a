"""`pipeline ls FILE`: list the images of a campaign that are in the ledger."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence

from pipeline.app.commands.images import ImageChoice, ImageList, LedgerImage, list_images
from pipeline.cli.flags import add_campaign, add_only, add_output, names_of, settings_of
from pipeline.cli.terminal import (
    breadth,
    counted,
    folded,
    is_terminal,
    paint,
    say,
    shown_path,
    table,
    tell,
    width,
)
from pipeline.model.names import Stage
from pipeline.model.outcome import Paid, PaidLost, Status, Stored

WIDEST = 1000
"""The most columns that a terminal is taken to have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument(
        "--status",
        choices=names_of(Status),
        metavar="STATUS",
        help=f"only images with this status: {', '.join(Status)}",
    )
    parser.add_argument("--stage", choices=names_of(Stage), help="only images of this stage")
    add_only(parser)
    parser.add_argument(
        "--current",
        action="store_true",
        help="leave out images of earlier rounds, prompts and cells, which are marked otherwise",
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print every image that was ever requested; `pipeline plan` shows the others."""
    choice = ImageChoice(
        status=Status(arguments.status) if arguments.status else None,
        stage=Stage(arguments.stage) if arguments.stage else None,
        only=tuple(arguments.only),
        current=arguments.current,
    )
    listed = list_images(arguments.campaign, settings_of(arguments).output, choice=choice)
    if listed.lost:
        tell("warning", listed.lost, colour="yellow")
    if arguments.json:
        print(json.dumps([_row(image) for image in listed.images], indent=1))
    elif listed.images:
        _tell(listed)
    elif not listed.lost:
        say("no matching images")
    return 0


def _tell(listed: ImageList) -> None:
    """Print one line for each image; on a narrow terminal without files, or below its cell."""
    heading = listed.images[0].money.heading
    rows: list[tuple[str, ...]] = [("Cell", "Stage", "Take", "Status", heading, "File")]
    rows += [_line(image) for image in listed.images]
    lines = table(rows, right=frozenset({4}))
    narrow = _is_too_wide(lines)
    if narrow:
        lines = table([row[:-1] for row in rows], right=frozenset({4}))
    by_row = not _is_too_wide(lines)
    if not by_row:
        lines = _below_cells(rows)
    old = {n for n, image in enumerate(listed.images, start=1) if image.earlier}
    shown = [paint(line, "dim") if n in old and by_row else line for n, line in enumerate(lines)]
    print(paint(shown[0], "bold"))
    print("\n".join(shown[1:]))
    statuses = Counter(image.status for image in listed.images)
    counts = ", ".join(f"{n:,} {status.words}" for status, n in statuses.items())
    earlier = sum(image.earlier for image in listed.images)
    left = f"; {earlier:,} of an earlier round, prompt or cell" if earlier else ""
    say(f"{counted(len(listed.images), 'image')}: {counts}{left}")
    for image in listed.images:
        if image.missed:
            _say_missed(image)
    if narrow:
        files = f"The files are in {shown_path(listed.folder)}/; --json shows their names."
        for line in folded(files, stream=sys.stderr):
            say(line)


def _say_missed(image: LedgerImage) -> None:
    at = image.entry.at
    line = f"{at.cell} {at.stage} take {at.take}  {image.missed}"
    for part in folded(line, stream=sys.stderr, indent="  "):
        say(part)


def _is_too_wide(lines: Sequence[str]) -> bool:
    return is_terminal(sys.stdout) and max(map(breadth, lines)) > width(most=WIDEST)


def _below_cells(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a line for each cell, and one below it for each of its images."""
    lines: list[str] = []
    cell = ""
    for row, line in zip(
        rows, table([row[1:-1] for row in rows], right=frozenset({3})), strict=True
    ):
        if row[0] != cell:
            cell = row[0]
            lines.append(cell)
        lines.append(f"  {line}")
    return lines


def _line(image: LedgerImage) -> tuple[str, ...]:
    entry = image.entry
    again = f" round {entry.at.round}" if entry.at.round > 1 else ""
    return (
        entry.at.cell,
        f"{entry.at.stage}{again}",
        str(entry.at.take),
        _status(image),
        image.money.bare(entry.spent.upper),
        _file(image) or "–",
    )


def _status(image: LedgerImage) -> str:
    notes = {"earlier": image.earlier, "not on disk": image.missing}
    return ", ".join([image.status.value, *(words for words, holds in notes.items() if holds)])


def _file(image: LedgerImage) -> str:
    outcome = image.entry.outcome
    return outcome.artifact.path if isinstance(outcome, Stored) else ""


def _row(image: LedgerImage) -> dict[str, object]:
    entry, outcome = image.entry, image.entry.outcome
    return {
        "job": entry.key,
        "cell": entry.at.cell,
        "axes": dict(entry.at.axes),
        "stage": entry.at.stage,
        "round": entry.at.round,
        "take": entry.at.take,
        "status": image.status.value,
        "missed": image.missed or None,
        "url": outcome.url if isinstance(outcome, Stored | Paid | PaidLost) else None,
        "file": _file(image) or None,
        "missing": image.missing,
        "earlier": image.earlier,
        image.money.unit.field: {
            "confirmed": entry.spent.confirmed,
            "in_doubt": entry.spent.in_doubt,
        },
    }
