"""Printing the result of making ad files."""

import sys
from collections import Counter
from pathlib import Path

from pipeline.app.run.ad_files import AdFileReport
from pipeline.cli.terminal import counted, folded, paint, say
from pipeline.state.output.ad_files import FOLDER

NAMED = 5
"""Most ad files of a kind that are listed by name."""


def tell_ad_files(report: AdFileReport, output: Path) -> None:
    """Print how many ad files there are and where, what failed, and what to look at."""
    current = [row for _, row in report.current]
    places = Counter(row.placement for row in current)
    if current:
        folder = output / report.campaign / FOLDER
        say(
            f"  {folder}/  {counted(len(current), 'ad file')} for "
            f"{counted(len(places), 'placement')}, {report.made:,} made now"
        )
    if report.superseded:
        say(f"  {counted(report.superseded, 'superseded ad file')} moved out of the way")
    flagged = list(report.flagged)
    if flagged:
        say(paint(f"{counted(len(flagged), 'ad file')} to look at", "yellow", stream=sys.stderr))
    for planned, row in flagged[:NAMED]:
        _say_folded(f"  {planned.cell}@{planned.placement}  {', '.join(row.made.flags)}")
    if len(flagged) > NAMED:
        say(f"  and {len(flagged) - NAMED} more")
    if report.failed:
        failed = counted(len(report.failed), "ad file")
        say(paint(f"{failed} could not be made", "red", stream=sys.stderr))
    for one in report.failed[:NAMED]:
        _say_folded(f"  {one.planned.cell}@{one.planned.placement}  {one.reason}")
    if len(report.failed) > NAMED:
        say(f"  and {len(report.failed) - NAMED} more")


def _say_folded(text: str) -> None:
    for line in folded(text, stream=sys.stderr, indent="    "):
        say(line)
