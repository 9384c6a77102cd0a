"""`pipeline export FILE --to DIR|FILE.zip`: deliver what can be uploaded."""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from pipeline.app.commands.export import ExportOptions, ExportReport, export_campaign
from pipeline.app.next_steps import ad_file_steps
from pipeline.cli.flags import add_campaign, add_common, campaign_flags, settings_of
from pipeline.cli.terminal import counted, folded, paint, say, say_steps

NAMED = 10
"""Most ad files that are left out and listed by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="DIR|FILE.zip",
        help="the folder or zip file to write; running again changes only what is new",
    )
    parser.add_argument(
        "--fill",
        type=Path,
        metavar="TEMPLATE",
        help="an ad account's upload template (CSV): a row with {{ file }} is filled for each file",
    )
    add_common(parser, quiet="print nothing if everything was delivered")


def run(arguments: argparse.Namespace) -> int:
    """Deliver, and say what was left out; 3 if something was."""
    options = ExportOptions(**campaign_flags(arguments), to=arguments.to, fill=arguments.fill)
    report = export_campaign(options, settings_of(arguments))
    code = 3 if report.missing else 0
    if arguments.json:
        print(json.dumps(_result(report), indent=1, ensure_ascii=False))
    elif not arguments.quiet or code:
        _tell(report)
        say_steps(ad_file_steps(options, report.to_look_at))
    return code


def _tell(report: ExportReport) -> None:
    places = Counter(one.placement for one in report.assets)
    change = f"{counted(report.changed, 'file')} changed" if report.changed else "nothing changed"
    say(
        f"{report.to}  {counted(len(report.assets), 'ad file')} for "
        f"{counted(len(places), 'placement')}, {change}"
    )
    if report.removed:
        say(f"  removed.csv names {counted(report.removed, 'ad file')} to take down")
    if report.rejected:
        say(f"  {counted(len(report.rejected), 'cell')} left out: rejected")
    if report.missing:
        left = counted(len(report.missing), "ad file or cell", "ad files or cells")
        say(paint(f"{left} left out:", "yellow", stream=sys.stderr))
    for name, reason in list(report.missing.items())[:NAMED]:
        for line in folded(f"  {name}  {reason}", stream=sys.stderr, indent="    "):
            say(line)
    if len(report.missing) > NAMED:
        say(f"  and {len(report.missing) - NAMED} more; manifest.json lists them")


def _result(report: ExportReport) -> dict[str, object]:
    return {
        "to": str(report.to),
        "changed": report.changed,
        "assets": [asdict(one) for one in report.assets],
        "missing": dict(report.missing),
        "rejected": list(report.rejected),
        "removed": report.removed,
    }
