"""`pipeline check FILE…`: report mistakes in campaign files."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pipeline.app.commands.check import CheckOptions, check_files
from pipeline.app.options import FeedReading
from pipeline.cli.flags import add_feeds, add_provider
from pipeline.cli.problems import tell_finding
from pipeline.cli.registry import load_part
from pipeline.cli.terminal import counted, say
from pipeline.errors import CampaignError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("campaigns", type=Path, nargs="+", metavar="FILE", help="campaign files")
    parser.add_argument("--strict", action="store_true", help="treat warnings as errors")
    add_feeds(parser)
    add_provider(parser)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--format",
        choices=["text", "github"],
        default="text",
        help="github: annotations on the lines of a pull request",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only the findings")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 2 if one of them is an error."""
    options = CheckOptions(
        files=tuple(arguments.campaigns),
        provider=arguments.provider,
        strict=arguments.strict,
        feeds=FeedReading(arguments.feeds),
    )
    report = check_files(options)
    if arguments.json:
        rows = [asdict(finding) for finding in report.findings]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    elif arguments.format == "github":
        pull_requests = load_part("integrations.pull_requests")
        for finding in report.findings:
            print(pull_requests.github_annotation(finding, strict=arguments.strict))
    else:
        for finding in report.findings:
            tell_finding(
                finding, stream=sys.stdout, strict=arguments.strict, coded=True, warned=True
            )
    if not arguments.quiet:
        files = counted(len(options.files), "file")
        errors, warnings = counted(report.errors, "error"), counted(report.warnings, "warning")
        say(f"{files} checked: {errors}, {warnings}. Nothing was sent.")
    return CampaignError.exit_code if report.errors else 0
