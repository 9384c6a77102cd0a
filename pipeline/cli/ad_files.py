"""Printing the result of making ad files."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.app.run.ad_files import AdFileReport
from pipeline.cli.terminal import counted, folded, paint, say, shown_path
from pipeline.state.output.ad_files import FOLDER, PlannedAdFile

NAMED = 5
"""Most ad files of a kind that are listed by name."""


def tell_ad_files(report: AdFileReport, output: Path) -> None:
    """Print how many ad files there are and where, what failed, and what to look at."""
    current = [row for _, row in report.current]
    places = Counter(row.placement for row in current)
    if current:
        folder = output / report.campaign / FOLDER
        _say_folded(
            f"  {shown_path(folder)}/  {counted(len(current), 'ad file')} for "
            f"{counted(len(places), 'placement')}, {report.made:,} made now"
        )
    if report.superseded:
        say(f"  {counted(report.superseded, 'superseded ad file')} moved out of the way")
    _tell_failing(report)
    flagged = [pair for pair in report.flagged if not report.misses(pair[1])]
    if flagged:
        say(paint(f"{counted(len(flagged), 'ad file')} to look at", "yellow", stream=sys.stderr))
    _tell_some([f"{_name(planned)}  {', '.join(report.reasons(row))}" for planned, row in flagged])
    if report.failed:
        failed = counted(len(report.failed), "ad file")
        say(paint(f"{failed} could not be made", "red", stream=sys.stderr))
    _tell_some([f"{_name(one.planned)}  {one.reason}" for one in report.failed])


def _tell_failing(report: AdFileReport) -> None:
    """Print the ad files that miss a check which keeps them from being delivered."""
    failing = [(planned, miss) for planned, row in report.failing for miss in report.misses(row)]
    if not failing:
        return
    count = counted(len({planned.path for planned, _ in failing}), "ad file")
    say(paint(f"{count} failed a check and will not be delivered", "red", stream=sys.stderr))
    _tell_some([f"{_name(planned)}  {miss}" for planned, miss in failing])
    first, miss = failing[0]
    _say_folded(
        f"  pipeline redo FILE {first.cell} --stage final renders it again; with checks: "
        f"{{{miss.check}: flag}} a person decides"
    )


def _name(planned: PlannedAdFile) -> str:
    return f"{planned.cell}@{planned.placement}"


def _tell_some(lines: Sequence[str]) -> None:
    for line in lines[:NAMED]:
        _say_folded(f"  {line}")
    if len(lines) > NAMED:
        say(f"  and {len(lines) - NAMED} more")


def _say_folded(text: str) -> None:
    for line in folded(text, stream=sys.stderr, indent="    "):
        say(line)
