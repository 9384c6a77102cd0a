"""`pipeline diff FILE [RUN [RUN]]`: show what changed between two runs."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import assert_never

from pipeline.app.commands.diff import DiffOptions, diff_runs
from pipeline.cli.flags import add_campaign, add_output, settings_of
from pipeline.cli.terminal import breadth, counted, paint, say, table, width, wrapped
from pipeline.errors import UsageError
from pipeline.model.names import Stage
from pipeline.reports.diff.comparing import (
    AdFileChange,
    ImageChange,
    Kind,
    RunDiff,
    VerdictChange,
)
from pipeline.reports.diff.diff_page import run_time
from pipeline.reports.diff.shown_run import ShownImage, ShownRun
from pipeline.reports.totals import PAID

MOST_LINES = 4
"""Most lines of cells that are listed for one change."""

_SIGNS = {
    Kind.ADDED: ("+", "green"),
    Kind.GONE: ("-", "red"),
    Kind.CHANGED: ("~", "yellow"),
    Kind.AGAIN: ("~", "yellow"),
    Kind.ARRIVED: ("+", "green"),
    Kind.STATUS: ("!", "yellow"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="ids of runs, latest, or run manifests: the earlier one, then the later one "
        "(default: the newest run and the one before it; one RUN: it and the newest run)",
    )
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE.html",
        help="also write a page with the pictures before and after, to open or mail",
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what changed."""
    if len(arguments.runs) > 2:  # noqa: PLR2004 - before and after
        raise UsageError(f"two runs are compared, and {len(arguments.runs)} are named")
    options = DiffOptions(
        campaign=arguments.campaign, runs=tuple(arguments.runs), page=arguments.html
    )
    diff = diff_runs(options, settings_of(arguments).output)
    if arguments.json:
        print(json.dumps(diff_record(diff), ensure_ascii=False, indent=1))
    else:
        print("\n".join(_page(diff)))
    if options.page is not None:
        say(f"wrote {options.page} ({options.page.stat().st_size / 1024:,.0f} KiB)")
    return 0


def _page(diff: RunDiff) -> list[str]:
    before, after = diff.before, diff.after
    lines = [f"{paint(after.campaign, 'bold')}  {run_time(before)} → {run_time(after)} UTC"]
    facts = [*diff.settings]
    if before.campaign_sha256 != after.campaign_sha256:
        facts.insert(0, "campaign file changed")
    if facts:
        lines += wrapped(f"  {', '.join(facts)}", width() - 2, indent="  ")
    groups: dict[tuple[Kind, str], list[str]] = {}
    for one in diff.images:
        groups.setdefault((one.kind, _what_happened(one)), []).append(_name(one.shown))
    for (kind, what), names in groups.items():
        sign, colour = _SIGNS[kind]
        noun, _, rest = what.partition("|")
        heading = wrapped(f"{sign} {counted(len(names), noun)} {rest}", width() - 2, indent="    ")
        heading[0] = paint(sign, colour) + heading[0].removeprefix(sign)
        lines += ["", *heading, *_listed(names)]
    lines += [*_verdict_lines(diff.verdicts), *_ad_file_lines(diff.ad_files)]
    if not (diff.images or diff.verdicts or diff.ad_files):
        lines += ["", "No image, verdict or ad file differs."]
    return [*lines, "", *_cost_lines(diff)]


def _what_happened(one: ImageChange) -> str:
    """Return the stage of an image, and what happened to it in words that others share."""
    stage, changes = one.shown.stage, ", ".join(map(str, one.changes))
    match one.kind:
        case Kind.ADDED:
            return f"{stage}|added{'' if one.shown.status in PAID else ', not rendered yet'}"
        case Kind.GONE:
            return f"{stage}|gone"
        case Kind.CHANGED:
            return f"{stage}|{_bought(one)}: {changes}"
        case Kind.AGAIN:
            return f"{stage}|bought again for the same request"
        case Kind.ARRIVED:
            return f"{stage}|rendered now that were due before"
        case Kind.STATUS:
            before, after = (
                "" if image is None else image.status.words for image in (one.before, one.after)
            )
            return f"{stage}|{before} → {after}"
        case _:
            assert_never(one.kind)


def _bought(one: ImageChange) -> str:
    if one.bought:
        return "bought anew"
    if one.shown.status not in PAID:
        return "changed, not rendered yet"
    if one.shown.shared_with is not None:
        return "changed, with the image that they share"
    return "changed, with an image that was bought earlier"


def _name(image: ShownImage) -> str:
    return f"{image.cell} take {image.take}" if image.take > 1 else str(image.cell)


def _listed(names: Sequence[str]) -> list[str]:
    """Return names as a few indented lines; the rest is counted."""
    lines = [""]
    for number, name in enumerate(names):
        more = ", " if number < len(names) - 1 else ""
        if breadth(f"{lines[-1]}{name}{more}") > width() - 6 and lines[-1]:
            if len(lines) == MOST_LINES:
                lines.append(f"and {len(names) - number:,} more; --json lists them")
                break
            lines.append("")
        lines[-1] += f"{name}{more}"
    return [f"    {paint(line.rstrip(), 'dim')}" for line in lines]


def _verdict_lines(verdicts: Sequence[VerdictChange]) -> Iterator[str]:
    if not verdicts:
        return
    yield ""
    yield paint(f"{counted(len(verdicts), 'verdict')} changed", "bold")
    groups: dict[str, list[str]] = {}
    for one in verdicts:
        note = f': "{" ".join(one.note.split())}"' if one.note else ""
        what = f"{one.before} → {one.after}{note}"
        final = " final" if one.stage is Stage.FINAL else ""
        groups.setdefault(what, []).append(f"{one.cell}{final}")
    for what, names in groups.items():
        yield from wrapped(f"  {what}", width() - 2, indent="    ")
        yield from _listed(names)


def _ad_file_lines(ad_files: Sequence[AdFileChange]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for one in ad_files:
        verb = "made anew of the same image" if one.kind is Kind.CHANGED else one.kind.value
        words = ", ".join(map(str, one.words))
        groups.setdefault(f"{verb}{': ' if words else ''}{words}", []).append(
            f"{one.cell}@{one.name}"
        )
    for what, names in groups.items():
        yield ""
        yield from wrapped(f"~ {counted(len(names), 'ad file')} {what}", width() - 2, indent="    ")
        yield from _listed(names)


def _cost_lines(diff: RunDiff) -> Iterator[str]:
    money = diff.after.money
    doubt = f", {money.text(diff.in_doubt)} more in doubt" if diff.in_doubt > 0 else ""
    if diff.in_doubt < 0:
        doubt = f", {money.text(-diff.in_doubt)} less in doubt"
    if not diff.costs:
        yield f"Nothing was spent on {diff.after.account} between the two{doubt}."
        return
    yield f"{paint('Spent', 'bold')} on {diff.after.account}{doubt}"
    rows = [
        (one.cause, counted(one.images, "image") if one.images else "", money.text(one.amount))
        for one in diff.costs
    ]
    rows.append(("Total", "", money.text(diff.total)))
    lines = table(rows, right=frozenset({1, 2}))
    yield from (f"  {line}" for line in lines[:-1])
    yield paint(f"  {lines[-1]}", "bold")


def diff_record(diff: RunDiff) -> dict[str, object]:
    """Return a comparison as JSON; other programs rely on the names."""
    field = diff.after.money.unit.field
    return {
        "schema": "campaign-pipeline/diff/1",
        "campaign": diff.after.campaign,
        "before": _run_row(diff.before),
        "after": _run_row(diff.after),
        "settings": list(diff.settings),
        "images": [_image_row(one, field) for one in diff.images],
        "verdicts": [asdict(one) for one in diff.verdicts],
        "adfiles": [asdict(one) for one in diff.ad_files],
        "cost": {
            "account": diff.after.account,
            "causes": [
                {"cause": one.cause, "images": one.images, field: one.amount} for one in diff.costs
            ],
            field: diff.total,
            "text": diff.after.money.text(diff.total),
            "in_doubt": diff.in_doubt,
        },
    }


def _run_row(run: ShownRun) -> dict[str, object]:
    return {
        "id": run.id,
        "number": run.number or None,
        "started": run.started,
        "exit_code": run.exit_code,
        "account": run.account,
        "campaign_sha256": run.campaign_sha256,
        "manifest": str(run.file),
    }


def _image_row(one: ImageChange, field: str) -> dict[str, object]:
    shown = one.shown
    return {
        "cell": shown.cell,
        "stage": shown.stage,
        "take": shown.take,
        "kind": one.kind,
        "changes": [
            {
                "aspect": change.aspect,
                "before": change.before or None,
                "after": change.after or None,
                "words": [{"before": word.before, "after": word.after} for word in change.words],
            }
            for change in one.changes
        ],
        "cause": one.cause or None,
        "bought": one.bought,
        field: one.cost,
        "before": _side_row(one.before),
        "after": _side_row(one.after),
    }


def _side_row(image: ShownImage | None) -> dict[str, object] | None:
    if image is None:
        return None
    return {
        "job": image.job,
        "round": image.round,
        "status": image.status,
        "sha256": image.sha256 or None,
        "file": image.file or None,
    }
