"""Planning: what a run would buy, what it would cost, and why; sends nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.app.campaign import account_of, budget_for, load, signing_for
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import hold_to_file
from pipeline.app.open import ledger_in
from pipeline.app.options import CampaignOptions, next_step
from pipeline.app.stores.campaign_store import refuse_unusable_store
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import Finding
from pipeline.files.unwritable import refuse_unwritable
from pipeline.images.registry import images_in
from pipeline.ledger.base import Ledger
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.place import ledger_exists
from pipeline.model.campaign import Review
from pipeline.model.job import Job
from pipeline.model.names import Account, Slug, Stage
from pipeline.model.run import Run, RunId
from pipeline.prompts.cells import check_only
from pipeline.prompts.lint import lint
from pipeline.purchasing.downloading import path_of
from pipeline.reports.diff.planned_changes import PlannedChange, planned_changes
from pipeline.settings import Settings
from pipeline.state.budgets import BudgetLeft, budgets_left
from pipeline.state.checks.results import open_checks
from pipeline.state.due import rules_now
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import is_alive
from pipeline.state.output.lost_runs import lost_runs, lost_runs_message
from pipeline.state.output.run_folders import pace_of
from pipeline.state.preview import MOST_LISTED, Preview, preview_run
from pipeline.state.saved_plans import plan_id, save_plan

MOST_LINTED = 20_000
"""Most cells whose prompts a plan lints; `check` lints any number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run would do."""

    loaded: LoadedCampaign
    preview: Preview
    budgets: Sequence[BudgetLeft]
    seconds: float | None
    """Median time of an image in the last run on this account; `None` before the first one."""
    concurrency: int
    changes: Sequence[PlannedChange] = ()
    """What changed in the images that are bought because they changed."""
    lost: str = ""
    """A warning if the campaign has spent credits that the ledger does not know; else empty."""

    @property
    def id(self) -> str:
        """The id of this work at this price."""
        campaign = self.loaded.campaign
        return plan_id(campaign.sha256, campaign.provider, self.preview.stages.values())

    @property
    def work(self) -> int:
        """Number of images that a run would buy or download."""
        return sum(one.buying + one.fetching for one in self.preview.stages.values())

    @property
    def is_auto_reviewed(self) -> bool:
        """True if automatic checks approve the drafts, not a person."""
        draft = self.loaded.campaign.stages.get(Stage.DRAFT)
        return draft is not None and draft.review is Review.AUTO


def make_plan(options: CampaignOptions, settings: Settings) -> Plan:
    """Plan a run, and save the plan for `run --plan`."""
    loaded = load(options, settings)
    signing_for(loaded, settings)
    refuse_unusable_store(loaded)
    check_only(loaded, options.only)
    hold_to_file(settings.output, loaded.campaign.slug, options.campaign)
    plan = run_in_loop(_plan(loaded, options, settings))
    if plan.work:
        output = open_output(settings.output)
        listed = [job for one in plan.preview.stages.values() for job in one.to_buy]
        refuse_unwritable(output, [path_of(job) for job in listed])
        save_plan(output, loaded.campaign.slug, plan.id, plan_record(plan))
    return plan


async def _plan(loaded: LoadedCampaign, options: CampaignOptions, settings: Settings) -> Plan:
    if not ledger_exists(settings.output):
        return await _plan_with(MemoryLedger(), loaded, options, settings)
    async with ledger_in(settings.output, read_only=True) as ledger:
        return await _plan_with(ledger, loaded, options, settings)


async def _plan_with(
    ledger: Ledger, loaded: LoadedCampaign, options: CampaignOptions, settings: Settings
) -> Plan:
    campaign, output = loaded.campaign, settings.output
    rules = rules_now(loaded.profile.caps, images=images_in(output))
    budget = budget_for(campaign, loaded.profile, options, settings)
    account = account_of(campaign, settings)
    here = Run(id=RunId("plan"), campaign=campaign.slug, account=account)
    lost = await lost_runs(ledger, output, campaign.slug)
    preview = await preview_run(
        ledger,
        loaded,
        rules=rules,
        only=options.only,
        alive=await is_alive(ledger, output, campaign.slug),
        checks=open_checks(loaded, output),
    )
    return Plan(
        loaded=loaded,
        preview=preview,
        changes=await asyncio.to_thread(planned_changes, loaded, preview, output),
        budgets=await budgets_left(ledger, run=here, budget=budget, now=rules.now),
        seconds=_last_pace(output, campaign.slug, account),
        concurrency=campaign.pace.concurrency or settings.rendering.concurrency,
        lost=lost_runs_message(output, campaign.slug, lost) if lost else "",
    )


def plan_advice(plan: Plan) -> tuple[Finding, ...]:
    """Return the warnings about the campaign file and, up to `MOST_LINTED` cells, its prompts."""
    findings = [*plan.loaded.warnings]
    if plan.preview.grid.cells <= MOST_LINTED:
        findings += lint(plan.loaded)
    return tuple(dict.fromkeys(findings))


def plan_steps(plan: Plan, options: CampaignOptions) -> list[str]:
    """Return the next commands; `run` gets `--plan` if the plan covers all cells."""
    steps = []
    if any(ahead.in_doubt for ahead in plan.preview.stages.values()):
        steps.append(next_step(options, "resolve"))
    if plan.work:
        held = () if options.only else ("--plan", plan.id)
        steps.append(next_step(options, "run", *held))
    if plan.preview.waiting and not plan.is_auto_reviewed:
        steps.append(next_step(options, "review"))
    elif plan.preview.waiting and not steps:
        steps.append(next_step(options, "run"))
    return steps


def plan_record(plan: Plan) -> dict[str, object]:
    """Return a plan as JSON; of long lists of images, the rest is only counted."""
    gone, money = plan.preview.gone, plan.loaded.campaign.money
    return {
        "schema": "campaign-pipeline/plan/1",
        "plan": plan.id,
        "campaign": plan.loaded.campaign.slug,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "feeds": dict(plan.loaded.campaign.feeds),
        "stages": {
            stage: {
                "jobs": ahead.jobs,
                "to_buy": [_listed(plan, job) for job in ahead.to_buy],
                "to_buy_more": ahead.buying - len(ahead.to_buy),
                "to_fetch": [job.key for job in ahead.to_fetch],
                "to_fetch_more": ahead.fetching - len(ahead.to_fetch),
                money.unit.field: ahead.amount,
            }
            for stage, ahead in plan.preview.stages.items()
        },
        "changes": [asdict(one) for one in plan.changes],
        "lapsed": [asdict(one) for one in plan.preview.stale[:MOST_LISTED]],
        "shared_redos": [asdict(one) for one in plan.preview.shared_redos[:MOST_LISTED]],
        "gone": [entry.key for entry in gone[:MOST_LISTED]],
        "costs": {stage: money.text(ahead.amount) for stage, ahead in plan.preview.stages.items()},
        "gone_more": max(0, len(gone) - MOST_LISTED),
        "finals_at_most": plan.preview.finals.at_most,
        "finals_likely": plan.preview.finals.likely,
        "rerolls_at_most": plan.preview.rerolls_at_most,
        "limits": {one.scope: {"limit": one.limit, "left": one.left} for one in plan.budgets},
        "warnings": [str(finding) for finding in plan.loaded.warnings],
    }


def _listed(plan: Plan, job: Job) -> dict[str, object]:
    return {"job": job.key, "cell": job.at.cell, "why": plan.preview.known.why(job)}


def _last_pace(output: Path, campaign: Slug, account: Account) -> float | None:
    """Return the median seconds per image in the last run; `None` if it used another account.

    The embedded server paints in a fraction of the time that an API takes.
    """
    pace = pace_of(output, campaign)
    return pace[1] if pace is not None and pace[0] == account else None
