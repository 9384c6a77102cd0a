"""What a pull request shows: findings as annotations, and a plan as a comment in Markdown."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.app.commands.plan import Plan, plan_advice
from pipeline.errors import Finding, Severity
from pipeline.model.names import Stage
from pipeline.state.work_ahead import WorkAhead

MOST_LISTED = 20
"""Most images and warnings that a comment names."""
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~])")


def github_annotation(finding: Finding, *, strict: bool) -> str:
    """Return a finding as a workflow command, which GitHub shows on the line of the file."""
    bad = strict or finding.severity is Severity.ERROR
    fields = {"file": _from_root(finding.file), "line": finding.line, "col": finding.column}
    fields["title"] = finding.code
    shown = ",".join(f"{name}={_property(str(value))}" for name, value in fields.items() if value)
    text = ": ".join(part for part in (finding.path, finding.complaint) if part)
    return f"::{'error' if bad else 'warning'} {shown}::{_escaped(text)}"


def plan_markdown(plan: Plan) -> str:
    """Return a plan as a comment: what changes, why, and what it costs."""
    campaign, money = plan.loaded.campaign, plan.loaded.campaign.money
    lines = [f"### {_plain(campaign.slug)}", ""]
    if not plan.work:
        lines.append("Nothing to render: every image is there.")
    else:
        total = sum(ahead.amount for ahead in plan.preview.stages.values())
        lines.append(f"A run would spend **{money.text(total)}** now (plan `{plan.id}`).")
        if plan.preview.finals.at_most:
            more = money.text(plan.preview.finals.at_most)
            lines.append(f"Finals of approved drafts can cost up to {more} more.")
        lines += ["", "| stage | images | to buy | to download | cost |", "|---|--:|--:|--:|--:|"]
        lines += [
            f"| {stage} | {ahead.jobs:,} | {ahead.buying:,} | {ahead.fetching:,} "
            f"| {money.text(ahead.amount)} |"
            for stage, ahead in plan.preview.stages.items()
        ]
        lines += _due(plan)
    if plan.preview.gone:
        lines += ["", f"{len(plan.preview.gone):,} images are no longer in the campaign."]
    lines += [
        f"\nBudget, {budget.scope}: {money.text(budget.left)} of {money.text(budget.limit)} left"
        for budget in plan.budgets
    ]
    return "\n".join([*lines, *_warnings(plan), "", "Nothing was sent."])


def _due(plan: Plan) -> Iterator[str]:
    for stage, ahead in plan.preview.stages.items():
        yield from _listed(plan, stage, ahead)


def _listed(plan: Plan, stage: Stage, ahead: WorkAhead) -> Iterator[str]:
    if not ahead.buying:
        return
    yield ""
    yield f"<details><summary>{ahead.buying:,} {stage} images to buy</summary>"
    yield ""
    for job in ahead.to_buy[:MOST_LISTED]:
        yield f"- `{job.at.cell}` take {job.at.take}: {plan.preview.known.why(job)}"
    if ahead.buying > MOST_LISTED:
        yield f"- and {ahead.buying - MOST_LISTED:,} more"
    yield ""
    yield "</details>"


def _warnings(plan: Plan) -> list[str]:
    findings = plan_advice(plan)
    if not findings:
        return []
    lines = ["", f"<details><summary>{len(findings):,} warnings</summary>", ""]
    lines += [f"- {_plain(str(finding))}" for finding in findings[:MOST_LISTED]]
    return [*lines, "", "</details>"]


def _plain(text: str) -> str:
    """Return foreign text without any meaning in Markdown."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _from_root(file: str) -> str:
    """Return a path as GitHub needs it: from the root of the checkout, where the job began."""
    try:
        place = (
            Path(file)
            .resolve()
            .relative_to(Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve())
        )
    except (ValueError, OSError):
        return file
    return place.as_posix()


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
