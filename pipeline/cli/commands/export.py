"""`pipeline export FILE --to DIR|FILE.zip|s3://…`: deliver what can be uploaded."""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from pipeline.app.commands.export import (
    ExportOptions,
    ExportReport,
    export_campaign,
)
from pipeline.app.next_steps import ad_file_steps
from pipeline.app.stores.destinations import check_export
from pipeline.cli.flags import add_campaign, add_common, add_executor, campaign_flags, settings_of
from pipeline.cli.terminal import counted, folded, paint, say, say_steps
from pipeline.errors import UsageError

NAMED = 10
"""Most ad files that are left out and listed by name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument(
        "--to",
        type=_destination,
        metavar="DIR|FILE.zip|URL",
        help="the folder, zip file or object store (s3://bucket/prefix) to write; running again "
        "changes only what is new",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing: read what is there, and compare it with its manifest",
    )
    parser.add_argument(
        "--fill",
        type=Path,
        metavar="TEMPLATE",
        help="an ad account's upload template (CSV): a row with {{ file }} is filled for each file",
    )
    parser.add_argument(
        "--feed",
        action="store_true",
        help="write the product feed back, with columns for status, file, public URL and "
        "alternative text; into the export, or without --to into the campaign's output folder",
    )
    add_executor(parser)
    add_common(parser, quiet="print nothing if everything was delivered")


def _destination(text: str) -> Path | str:
    return text if "://" in text else Path(text)


def run(arguments: argparse.Namespace) -> int:
    """Deliver, and say what was left out; 3 if something was."""
    if arguments.to is None and not arguments.feed:
        raise UsageError("say where to deliver with --to DIR or --to FILE.zip, or use --feed alone")
    if arguments.to is None and arguments.fill is not None:
        raise UsageError("--fill needs --to: the filled template is a part of the export")
    if arguments.check:
        return _check(arguments)
    options = ExportOptions(
        **campaign_flags(arguments), to=arguments.to, fill=arguments.fill, feed=arguments.feed
    )
    report = export_campaign(options, settings_of(arguments), tell=say)
    code = 3 if report.missing else 0
    if arguments.json:
        print(json.dumps(_result(report), indent=1, ensure_ascii=False))
    elif not arguments.quiet or code:
        _tell(report)
        say_steps(ad_file_steps(options, report.to_look_at))
    return code


def _check(arguments: argparse.Namespace) -> int:
    """Print which files are missing or changed; 3 if there are any."""
    checked = check_export(arguments.to)
    if arguments.json:
        print(json.dumps(asdict(checked), indent=1, ensure_ascii=False))
    else:
        for path, condition in checked.bad.items():
            print(f"{condition}: {path}")
    whole = checked.files - len(checked.bad)
    if checked.bad or not arguments.quiet:
        say(f"{checked.to}  {whole:,} of {counted(checked.files, 'file')} intact")
    return 3 if checked.bad else 0


def _tell(report: ExportReport) -> None:
    places = Counter(one.placement for one in report.assets)
    change = f"{counted(report.changed, 'file')} changed" if report.changed else "nothing changed"
    if report.feed:
        rows = "" if report.to is not None or report.changed else " (nothing changed)"
        say(f"{report.feed}  the feed with what became of each row{rows}")
    if report.to is not None:
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
        say(f"  and {len(report.missing) - NAMED} more; --json lists them")


def _result(report: ExportReport) -> dict[str, object]:
    return {
        "to": report.to,
        "feed": report.feed or None,
        "changed": report.changed,
        "assets": [asdict(one) for one in report.assets],
        "missing": dict(report.missing),
        "rejected": list(report.rejected),
        "removed": report.removed,
    }
