"""`pipeline plan FILE`: show what a run would render and cost, and why; sends nothing."""

import argparse
import json
import sys

from pipeline.app.commands.compare import compare_prices, price_record
from pipeline.app.commands.plan import MOST_LINTED, Plan, make_plan, plan_advice, plan_record
from pipeline.app.options import CampaignOptions
from pipeline.cli.flags import (
    add_batch,
    add_campaign,
    add_common,
    add_feeds,
    add_limits,
    add_only,
    campaign_flags,
    settings_of,
)
from pipeline.cli.integrations.pull_requests import plan_markdown
from pipeline.cli.plan_page import plan_ending, plan_page
from pipeline.cli.price_table import price_lines
from pipeline.cli.problems import tell_finding
from pipeline.cli.terminal import counted, folded, say, tell

HAS_WORK = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    add_only(parser)
    add_limits(parser, what="plan a run that spends at most")
    add_batch(parser)
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="exit with 5 instead of 0 if a run would buy or download images",
    )
    parser.add_argument(
        "--markdown", action="store_true", help="print the plan as a comment for a pull request"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="compare what all images cost with each provider, model and quality, and in batches",
    )
    add_feeds(parser)
    add_common(parser, quiet="print only problems; the plan is saved as usual")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan; 5 with `--detailed-exitcode` if there is work."""
    options = CampaignOptions(**campaign_flags(arguments))
    if arguments.compare:
        return _compare(options, arguments)
    plan = make_plan(options, settings_of(arguments))
    if arguments.json:
        print(json.dumps(plan_record(plan), ensure_ascii=False, indent=1))
    elif arguments.markdown:
        print(plan_markdown(plan))
    elif not arguments.quiet:
        lines = [part for line in plan_page(plan) for part in _fitting(line)]
        print("\n".join(lines), flush=True)
        _advise(plan)
        ending = ["", "Nothing was sent."] if plan.lost else plan_ending(plan, options)
        print("\n".join(ending), flush=True)
    if plan.lost:
        tell("warning", plan.lost, colour="red")
    return HAS_WORK if arguments.detailed_exitcode and plan.work else 0


def _compare(options: CampaignOptions, arguments: argparse.Namespace) -> int:
    """Print what the campaign costs at the prices of every model."""
    prices = compare_prices(options, settings_of(arguments))
    if arguments.json:
        print(json.dumps(price_record(prices), ensure_ascii=False, indent=1))
    else:
        print("\n".join(price_lines(prices)), flush=True)
    return 0


def _fitting(line: str) -> list[str]:
    return folded(line, stream=sys.stdout, indent=" " * 11) if line else [line]


def _advise(plan: Plan) -> None:
    """Print warnings on stderr."""
    findings = plan_advice(plan)
    if findings:
        say()
    for finding in findings:
        tell_finding(finding, stream=sys.stderr)
    if plan.preview.grid.cells > MOST_LINTED:
        cells = counted(plan.preview.grid.cells, "cell")
        say(f"For advice on the prompts of {cells}: pipeline check {plan.loaded.campaign.file}")
