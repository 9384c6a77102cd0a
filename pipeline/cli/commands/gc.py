"""`pipeline gc [FILE]`: list what an output folder does not need any more, or remove it."""

import argparse
import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.app.commands.gc import GcOptions, GcReport, collect_garbage
from pipeline.cli.flags import add_output, settings_of, whole_number
from pipeline.cli.terminal import counted, say, say_steps, table
from pipeline.model.money import FREE, IN_CREDITS, MoneyFormat
from pipeline.state.upkeep.removable import Removable, Removal

KEPT_RUNS = GcOptions().keep_runs
_MANY = {
    Removal.RUN: ("old run", "old runs"),
    Removal.PLAN: ("old plan", "old plans"),
    Removal.THUMB: ("thumb without image", "thumbs without image"),
    Removal.SNAPSHOT: ("feed snapshot that nothing names", "feed snapshots that nothing names"),
    Removal.OBJECT: ("object that nothing names", "objects that nothing names"),
    Removal.IMAGE: ("image", "images"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "campaign", type=Path, nargs="?", metavar="FILE", help="only this campaign (default: all)"
    )
    parser.add_argument(
        "--keep-runs",
        type=whole_number,
        default=KEPT_RUNS,
        metavar="N",
        help=f"keep the newest N runs and plans of a campaign (default: {KEPT_RUNS})",
    )
    parser.add_argument(
        "--images",
        choices=["gone"],
        help="also images of campaigns whose file is gone; they were paid for",
    )
    parser.add_argument("--yes", action="store_true", help="remove what is listed")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what may be removed, by campaign."""
    options = GcOptions(
        file=arguments.campaign,
        keep_runs=arguments.keep_runs,
        images_gone=arguments.images == "gone",
        yes=arguments.yes,
    )
    report = collect_garbage(options, settings_of(arguments))
    if arguments.json:
        print(json.dumps(_facts(report, removed=options.yes), ensure_ascii=False, indent=1))
    elif report.items:
        print("\n".join(_rows(report.items)))
    _tell(report, options, arguments)
    return 0


def _rows(items: Sequence[Removable]) -> list[str]:
    groups: dict[tuple[str, Removal], list[Removable]] = defaultdict(list)
    for item in items:
        groups[item.path.parts[0], item.why].append(item)
    rows = []
    for (campaign, why), found in sorted(groups.items()):
        cost = _cost(found)
        note = f"{cost} were paid for them" if cost else ""
        size = _bytes(sum(item.size for item in found))
        rows.append((campaign, counted(len(found), *_MANY[why]), size, note))
    return table(rows, right=frozenset({2}))


def _cost(items: Iterable[Removable]) -> str:
    """Return what images cost, account by account; empty if they cost nothing."""
    sums: Counter[MoneyFormat] = Counter()
    for item in items:
        sums[item.money] += item.amount
    return " and ".join(money.text(amount) for money, amount in sums.items() if amount)


def _tell(report: GcReport, options: GcOptions, arguments: argparse.Namespace) -> None:
    for campaign in report.busy:
        say(f"{campaign}: a run is alive, so it was left out")
    if report.images:
        gone = sorted({item.path.parts[0] for item in report.images})
        images = counted(len(report.images), "image")
        cost = _cost(report.images) or IN_CREDITS.text(FREE)
        say(f"{', '.join(gone)}: the campaign file is gone. {images}, which cost {cost}: kept.")
        say("--images gone removes them too.")
    size = _bytes(sum(item.size for item in report.items))
    if not report.items:
        say("Nothing to remove.")
    elif options.yes:
        say(f"{counted(len(report.items), 'item')} removed, {size}.")
    else:
        say(f"Nothing was removed: {counted(len(report.items), 'item')}, {size}.")
        say_steps([("Next", _removing(options, arguments))])


def _removing(options: GcOptions, arguments: argparse.Namespace) -> str:
    """Return the command line that removes what was listed."""
    words = ["pipeline", "gc", *([str(options.file)] if options.file else [])]
    if options.keep_runs != KEPT_RUNS:
        words += ["--keep-runs", str(options.keep_runs)]
    if options.images_gone:
        words += ["--images", "gone"]
    if arguments.output is not None:
        words += ["--output", str(arguments.output)]
    return shlex.join([*words, "--yes"])


def _facts(report: GcReport, *, removed: bool) -> dict[str, object]:
    return {
        "removed": removed,
        "items": [_fields_of(item) for item in report.items],
        "images_of_gone_campaigns": [_fields_of(item) for item in report.images],
        "busy": list(report.busy),
    }


def _fields_of(item: Removable) -> dict[str, object]:
    facts: dict[str, object] = {"why": item.why, "path": str(item.path), "bytes": item.size}
    return facts | ({"amount": item.amount} if item.why is Removal.IMAGE else {})


def _bytes(size: int) -> str:
    if size >= 1024**3:
        return f"{size / 1024**3:,.1f} GiB"
    return f"{size / 1024**2:,.1f} MiB" if size >= 1024**2 else f"{size / 1024:,.1f} KiB"
