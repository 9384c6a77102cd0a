"""`pipeline plan FILE`: what a run would make and cost, and why; sends nothing."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from pipeline.app.accounts import account_of, budget_for
from pipeline.app.assembly import rules_now
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.cli.findings import tell_finding
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    add_only,
    campaign_options,
    credits_number,
    settings_of,
)
from pipeline.cli.plan_page import Plan, plan_ending, plan_page, plan_record
from pipeline.cli.terminal import counted, paint, say
from pipeline.images.registry import images_in
from pipeline.ledger.base import Ledger
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.run import Run, RunId
from pipeline.prompts.cells import check_only
from pipeline.prompts.lint import lint
from pipeline.providers.registry import profiles
from pipeline.reports.run_report import limits_left
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.missing_ledger import unknown_to_ledger
from pipeline.state.preview import preview_run
from pipeline.state.saved_plans import keep_plan

MOST_LINTED = 20_000
"""Cells whose words are read for advice; beyond it that is left to `check`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    add_only(parser)
    parser.add_argument(
        "--max-credits",
        type=credits_number,
        metavar="N",
        help="plan for a run that may spend no more than this",
    )
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="end with 5 where a run would buy or fetch images, not with 0",
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the plan; 5 with `--detailed-exitcode` where there is work."""
    settings = settings_of(arguments)
    loaded = load_campaign(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    check_only(loaded, arguments.only)
    plan, lost = asyncio.run(_plan(arguments, settings, loaded))
    record = plan_record(plan)
    if plan.work:
        keep_plan(open_output(settings.output), loaded.campaign.slug, plan.id, record)
    if arguments.json:
        print(json.dumps(record, ensure_ascii=False, indent=1))
    else:
        print("\n".join(plan_page(plan)), flush=True)
        _advise(plan)
        ending = (
            ["", "Nothing was sent."] if lost else plan_ending(plan, campaign_options(arguments))
        )
        print("\n".join(ending), flush=True)
    if lost:
        say(f"{paint('warning', 'red', 'bold', stream=sys.stderr)}: {lost}")
    return 5 if arguments.detailed_exitcode and plan.work else 0


async def _plan(
    arguments: argparse.Namespace, settings: Settings, loaded: LoadedCampaign
) -> tuple[Plan, str]:
    """The plan, and what to say where the ledger has forgotten the campaign."""
    campaign = loaded.campaign
    ledger: Ledger = MemoryLedger()
    if ledger_exists(settings.output):
        ledger = await open_ledger(settings.output, read_only=True)
    try:
        rules = rules_now(
            loaded, images=images_in(settings.output), retry_failed=False, rebuy_lost=False
        )
        budget = budget_for(
            campaign,
            loaded.profile,
            max_credits=arguments.max_credits,
            default_run=settings.rendering.default_run_budget,
        )
        account = account_of(campaign, settings)
        here = Run(id=RunId("plan"), campaign=campaign.slug, account=account)
        known = {one.account for one in await ledger.runs(campaign.slug)}
        lost = account not in known and unknown_to_ledger(
            settings.output, campaign.slug, known=known
        )
        plan = Plan(
            loaded=loaded,
            preview=await preview_run(ledger, loaded, rules=rules, only=arguments.only),
            limits=await limits_left(ledger, run=here, budget=budget),
            seconds=_last_pace(settings.output, campaign.slug),
            concurrency=campaign.pace.concurrency or settings.rendering.concurrency,
        )
        return plan, lost or ""
    finally:
        await ledger.close()


def _advise(plan: Plan) -> None:
    """Warnings on stderr: what the file says, and how its prompts are worded."""
    loaded = plan.loaded
    findings = [*loaded.warnings]
    if plan.preview.grid.cells <= MOST_LINTED:
        findings += lint(loaded)
    if findings:
        say()
    for finding in dict.fromkeys(findings):
        tell_finding(finding, stream=sys.stderr)
    if plan.preview.grid.cells > MOST_LINTED:
        cells = counted(plan.preview.grid.cells, "cell")
        say(f"For advice on the words of {cells}: pipeline check {loaded.campaign.file}")


def _last_pace(output: Path, campaign: str) -> float | None:
    try:
        manifest = json.loads((output / campaign / "latest" / "manifest.json").read_bytes())
        seconds = manifest["totals"]["seconds"]["p50"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(seconds) if isinstance(seconds, int | float) else None
