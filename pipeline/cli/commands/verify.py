"""`pipeline verify [FILE]`: compare stored files with their checksums, and decode them."""

import argparse
import json
from pathlib import Path

from pipeline.app.commands.verify import verify_files
from pipeline.cli.flags import add_executor, add_output, settings_of
from pipeline.cli.terminal import counted, say

DAMAGE = 3
"""The exit code if a file is not intact."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "campaign", type=Path, nargs="?", metavar="FILE", help="only this campaign (default: all)"
    )
    add_executor(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print which files are missing, changed or broken; 3 if there are any."""
    report = verify_files(arguments.campaign, settings_of(arguments), tell=say)
    if arguments.json:
        facts = {"files": report.files, "whole": report.whole, "bad": dict(report.bad)}
        if report.ad_files:
            facts |= {"ad_files": report.ad_files, "bad_ad_files": dict(report.bad_ad_files)}
        if report.objects:
            facts |= {"objects": report.objects, "bad_objects": dict(report.bad_objects)}
        print(json.dumps(facts))
    else:
        found = (report.bad, report.bad_ad_files, report.bad_objects)
        for path, condition in (pair for bad in found for pair in bad.items()):
            print(f"{condition}: {path}")
    say(f"{report.whole:,} of {counted(report.files, 'file')} intact")
    if report.bad:
        say(
            "The next run downloads a missing file again without paying; move a changed or broken "
            "one away first."
        )
    if report.ad_files:
        fit = report.ad_files - len(report.bad_ad_files)
        say(f"{fit:,} of {counted(report.ad_files, 'ad file')} ready to be delivered")
    for campaign, reason in report.unplanned.items():
        say(f"{campaign}: its ad files were compared with their record only: {reason}")
    if report.bad_ad_files:
        file = arguments.campaign or "FILE"
        say(
            f"Next  pipeline adfiles {file} makes them again and moves superseded ones away; "
            f"pipeline export {file} --to DIR delivers only what is current."
        )
    if report.objects:
        whole = report.objects - len(report.bad_objects)
        say(f"{whole:,} of {counted(report.objects, 'object')} in the store as uploaded")
    return DAMAGE if report.bad or report.bad_ad_files or report.bad_objects else 0
