"""`pipeline plan FILE`: what a run would make and cost, and why; sends nothing."""

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.commands.accounts import account_of, budget_for
from pipeline.commands.assembly import rules_now
from pipeline.commands.flags import add_campaign, add_common, add_only, credits_number, settings_of
from pipeline.commands.terminal import counted, paint, say, table
from pipeline.errors import Finding
from pipeline.ledger.base import Entry, Ledger
from pipeline.ledger.memory import MemoryLedger
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Review, Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored
from pipeline.model.run import Run, RunId
from pipeline.planning.blueprint import Blueprint, load_blueprint
from pipeline.planning.linting import lint
from pipeline.planning.outline import outline
from pipeline.providers.registry import profiles
from pipeline.runs.accounting import limits_left
from pipeline.runs.folder import LEDGER, open_output
from pipeline.runs.forecast import Forecast, forecast
from pipeline.runs.plans import Why, count_reasons, gone, keep_plan, plan_id, reasons
from pipeline.settings import Settings
from pipeline.workflow import Standing, prove_finals, survey

MOST_ROWS = 40
MOST_COLUMNS = 8
MOST_CROPS = 6
MINUTE = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    add_only(parser)
    parser.add_argument("--max-credits", type=credits_number, metavar="N", help="as for run")
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="5 where the plan has work"
    )
    add_common(parser)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is shown."""

    blueprint: Blueprint
    standing: Standing
    stages: Mapping[Stage, Forecast]
    finals_at_most: Credits
    """What finals of every cell would cost."""
    limits: Mapping[str, tuple[Credits, Credits]]
    why: Mapping[JobKey, Why]
    gone: Sequence[Entry]
    seconds: float | None
    """What an image took in the last run, half of them less; `None` before the first one."""
    concurrency: int

    @property
    def id(self) -> str:
        """Names this very work at this very price."""
        campaign = self.blueprint.campaign
        return plan_id(campaign.sha256, campaign.provider, self.stages.values())

    @property
    def work(self) -> int:
        """Images that a run would buy or fetch."""
        return sum(len(one.to_buy) + len(one.to_fetch) for one in self.stages.values())


def run(arguments: argparse.Namespace) -> int:
    """Show the plan; 5 with `--detailed-exitcode` where there is work."""
    settings = settings_of(arguments)
    blueprint = load_blueprint(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    plan = asyncio.run(_plan(arguments, settings, blueprint))
    if plan.work:
        keep_plan(open_output(settings.output), blueprint.campaign.slug, plan.id, _row(plan))
    if arguments.json:
        print(json.dumps(_row(plan), ensure_ascii=False, indent=1))
    else:
        for line in _page(plan, arguments):
            print(line)
        for finding in (*blueprint.warnings, *lint(blueprint)):
            say(_warning(finding))
    return 5 if arguments.detailed_exitcode and plan.work else 0


async def _plan(arguments: argparse.Namespace, settings: Settings, blueprint: Blueprint) -> Plan:
    campaign = blueprint.campaign
    place = settings.output / LEDGER
    ledger: Ledger = MemoryLedger()
    if place.exists():
        ledger = await open_ledger(place, read_only=True)
    try:
        standing = await survey(ledger, blueprint, only=arguments.only)
        rules = rules_now(blueprint, output=settings.output, retry_failed=False, rebuy_lost=False)
        budget = budget_for(
            campaign,
            blueprint.profile,
            max_credits=arguments.max_credits,
            default_run=settings.rendering.default_run_budget,
        )
        here = Run(
            id=RunId("plan"),
            campaign=campaign.slug,
            account=account_of(campaign, settings),
        )
        known = await ledger.campaign_entries(campaign.slug)
        stages = {
            stage: forecast(standing.of(stage), standing.entries, rules)
            for stage in campaign.stages
        }
        return Plan(
            blueprint=blueprint,
            standing=standing,
            stages=stages,
            why=reasons([job for one in stages.values() for job in one.to_buy], known),
            gone=[] if arguments.only else gone(standing.jobs, known),
            seconds=_last_pace(settings.output, campaign.slug),
            concurrency=campaign.pace.concurrency or settings.rendering.concurrency,
            finals_at_most=prove_finals(blueprint, only=arguments.only),
            limits=await limits_left(ledger, run=here, budget=budget),
        )
    finally:
        await ledger.close()


def _page(plan: Plan, arguments: argparse.Namespace) -> list[str]:
    campaign = plan.blueprint.campaign
    lines = [
        f"{paint(campaign.slug, 'bold')}  {campaign.file}",
        _shape(plan),
        "",
    ]
    first = next(iter(plan.stages), Stage.DRAFT)
    lines += _matrix(plan.standing.of(first), plan.stages[first])
    lines += ["", *_why(plan), *_stages(plan)]
    if plan.blueprint.profile.play_money:
        lines.append(f"  {'Money':<8} play credits of the embedded server")
    for scope, (limit, left) in plan.limits.items():
        lines.append(f"  {'Budget':<8} {left:,} of {limit:,} credits left for the {scope}")
    if plan.seconds and plan.work:
        wait = plan.work * plan.seconds / plan.concurrency
        lines.append(
            f"  {'Time':<8} about {_duration(wait)} at {plan.concurrency} at once, "
            f"{plan.seconds:.1f} s an image in the last run"
        )
    for size in outline(plan.blueprint).crops[:MOST_CROPS]:
        width, height = size.pixels or (0, 0)
        lines.append(
            f"  {'Crop':<8} {size.id} {width}×{height} keeps {size.kept:.1%} of a {size.ratio}"
        )
    saved = f" Saved as plan {plan.id}." if plan.work else ""
    lines += ["", paint(f"Nothing was sent.{saved}", "dim")]
    if plan.work:
        held = f" --plan {plan.id}" if not arguments.only else ""
        lines.append(f"{paint('Next', 'bold')}  pipeline run {arguments.campaign}{held}")
    return lines


def _why(plan: Plan) -> list[str]:
    lines = [f"  + {count:,} {why}" for why, count in count_reasons(plan.why)]
    on_disk = sum(isinstance(entry.outcome, Stored) for entry in plan.standing.entries.values())
    if on_disk:
        lines.append(f"  = {on_disk:,} on disk")
    if plan.gone:
        lines.append(f"  - {len(plan.gone):,} no longer asked for, files kept")
    return [*lines, ""] if lines else []


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < MINUTE else f"{minutes // 60} h {minutes % 60} min"


def _last_pace(output: Path, campaign: str) -> float | None:
    try:
        manifest = json.loads((output / campaign / "latest" / "manifest.json").read_bytes())
        seconds = manifest["totals"]["seconds"]["p50"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(seconds) if isinstance(seconds, int | float) else None


def _shape(plan: Plan) -> str:
    values: dict[str, set[str]] = {}
    jobs = plan.standing.jobs
    for job in jobs:
        for axis, value in job.at.axes:
            values.setdefault(axis, set()).add(value)
    cells = len({job.at.cell for job in jobs})
    sizes = " × ".join(counted(len(ids), axis) for axis, ids in values.items())
    takes = max((job.at.take for job in jobs), default=1)
    each = f", {counted(takes, 'take')} each" if takes > 1 else ""
    return f"{sizes} = {counted(cells, 'cell')}{each}"


def _matrix(jobs: Sequence[Job], ahead: Forecast) -> list[str]:
    """Products down, sizes across: how many images are new; `=` marks what is on disk."""
    if not jobs:
        return []
    buying = {job.key for job in ahead.to_buy}
    sizes = list(dict.fromkeys(dict(job.at.axes).get("size", "") for job in jobs))[:MOST_COLUMNS]
    rows: dict[str, dict[str, list[Job]]] = {}
    for job in jobs:
        axes = dict(job.at.axes)
        row = rows.setdefault(axes.get("product", job.at.cell), {})
        row.setdefault(axes.get("size", ""), []).append(job)
    text = [("product", *sizes, "new", "credits")]
    for product, by_size in list(rows.items())[:MOST_ROWS]:
        all_jobs = [job for group in by_size.values() for job in group]
        new = [job for job in all_jobs if job.key in buying]
        text.append(
            (
                product,
                *(_cell(by_size.get(size, []), buying) for size in sizes),
                f"{len(new)}",
                f"{sum(job.price for job in new):,}",
            )
        )
    head, *body = table(text, right=frozenset(range(1, len(text[0]))))
    shown = [f"  {paint(head, 'dim')}", *(f"  {line}" for line in body)]
    if len(rows) > MOST_ROWS:
        shown.append(f"  … and {counted(len(rows) - MOST_ROWS, 'more product')}")
    return shown


def _cell(jobs: Sequence[Job], buying: AbstractSet[JobKey]) -> str:
    if not jobs:
        return "·"
    new = sum(job.key in buying for job in jobs)
    return str(new) if new else f"={len(jobs)}"


def _stages(plan: Plan) -> list[str]:
    lines = []
    for stage, ahead in plan.stages.items():
        settings = plan.blueprint.campaign.stages[stage]
        price = plan.blueprint.profile.price(settings.quality)
        name = f"{stage.capitalize()}s"
        work = f"{len(ahead.to_buy):,} × {price}"
        lines.append(
            f"  {name:<8} {settings.quality:<7} {work:<12} {ahead.credits:>7,} credits"
            + _also(ahead)
        )
        if stage is Stage.FINAL and plan.finals_at_most > ahead.credits + _paid(plan, ahead):
            lines.append(
                f"  {'':<8} {'':<7} {'':<12} {plan.finals_at_most:>7,} credits"
                f"  at most, {_who_chooses(plan)}"
            )
    return lines


def _paid(plan: Plan, ahead: Forecast) -> Credits:
    settings = plan.blueprint.campaign.stages[Stage.FINAL]
    return Credits(ahead.done * plan.blueprint.profile.price(settings.quality))


def _who_chooses(plan: Plan) -> str:
    draft = plan.blueprint.campaign.stages.get(Stage.DRAFT)
    match draft.review if draft else Review.NONE:
        case Review.HUMAN:
            return "only what review approves"
        case Review.AUTO:
            return "what the checks approve"
        case Review.NONE:
            return "bought unseen"


def _also(ahead: Forecast) -> str:
    facts = []
    if ahead.done:
        facts.append(f"{ahead.done:,} on disk or settled")
    if ahead.to_fetch:
        facts.append(f"{len(ahead.to_fetch):,} to fetch, paid")
    if ahead.shared:
        facts.append(f"{ahead.shared:,} shared")
    return f"  {', '.join(facts)}" if facts else ""


def _warning(finding: Finding) -> str:
    return f"{paint('warning', 'yellow')}: {finding}"


def _row(plan: Plan) -> dict[str, object]:
    return {
        "schema": "campaign-pipeline/plan/1",
        "plan": plan.id,
        "campaign": plan.blueprint.campaign.slug,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "stages": {
            stage: {
                "jobs": ahead.jobs,
                "to_buy": [
                    {"job": job.key, "cell": job.at.cell, "why": plan.why[job.key]}
                    for job in ahead.to_buy
                ],
                "to_fetch": [job.key for job in ahead.to_fetch],
                "credits": ahead.credits,
            }
            for stage, ahead in plan.stages.items()
        },
        "gone": [entry.key for entry in plan.gone],
        "finals_at_most": plan.finals_at_most,
        "limits": {
            scope: {"limit": limit, "left": left} for scope, (limit, left) in plan.limits.items()
        },
        "warnings": [str(finding) for finding in plan.blueprint.warnings],
    }
