"""`pipeline check FILE…`: find every mistake in campaign files; spends nothing, sends nothing."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pipeline.campaign.loading import load_campaign
from pipeline.cli.findings import tell_finding
from pipeline.cli.terminal import counted, say
from pipeline.errors import CampaignError, Finding, Severity
from pipeline.prompts.finals_check import prove_finals
from pipeline.prompts.jobs import plan_drafts
from pipeline.prompts.lint import lint
from pipeline.providers.registry import profiles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("campaigns", type=Path, nargs="+", metavar="FILE", help="campaign files")
    parser.add_argument("--strict", action="store_true", help="warnings are errors")
    parser.add_argument("--provider", metavar="NAME", help="instead of the file's")
    parser.add_argument("--json", action="store_true", help="the findings as JSON on stdout")
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what is wrong")


def run(arguments: argparse.Namespace) -> int:
    """2 where a finding is an error, else 0."""
    findings = [
        finding for file in arguments.campaigns for finding in check(file, arguments.provider)
    ]
    bad = [one for one in findings if arguments.strict or one.severity is Severity.ERROR]
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            tell_finding(finding, stream=sys.stdout, strict=arguments.strict, coded=True)
    if not arguments.quiet:
        files = counted(len(arguments.campaigns), "file")
        warnings = counted(len(findings) - len(bad), "warning")
        say(f"{files} checked: {counted(len(bad), 'error')}, {warnings}. Nothing was sent.")
    return CampaignError.exit_code if bad else 0


def check(file: Path, provider: str | None) -> tuple[Finding, ...]:
    """Every finding of one campaign file, with every prompt of both stages written."""
    try:
        loaded = load_campaign(file, profiles=profiles(), provider=provider)
        plan_drafts(loaded)
        prove_finals(loaded)
        return (*loaded.warnings, *lint(loaded))
    except CampaignError as error:
        return error.findings
