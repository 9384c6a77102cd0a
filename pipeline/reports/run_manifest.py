"""The run manifest: every URL, file, hash and credit, as JSON and as a table.

Other programs rely on the field names; changing one is a breaking change of the schema.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from textwrap import shorten

from pipeline.model.campaign import Campaign
from pipeline.model.check import CheckOutcome, CheckResult
from pipeline.model.entry import AttemptRecord, RunSpending
from pipeline.model.money import MoneyFormat, Unit
from pipeline.model.outcome import Status
from pipeline.model.providers.request import Reference
from pipeline.model.run import Run, RunPaths
from pipeline.model.ticket import Ticket
from pipeline.reports.image_rows import ImageRows
from pipeline.reports.totals import ImageLine, Totals, percentile
from pipeline.state.checks.rerolls import most_rerolls
from pipeline.state.output.folder import write_file
from pipeline.state.output.run_folders import BESIDE, MOST_LISTED, NAMED_BY

SCHEMA = "campaign-pipeline/run-manifest/2"
SCHEMA_BESIDE = "campaign-pipeline/run-manifest/3"
"""The schema of a run manifest whose images are in a file beside it."""
MOST_VALUES = 1000
"""Most values of an axis that precede the images with their sums; more follow them."""

ALT_TEXT = 200
"""Most characters of the text for people who do not see an image."""

ObjectFields = Callable[[str, str], Mapping[str, str | None]]
"""Path and sha256 of a file → `stored_at` and `public_url`, which are `None` if not uploaded."""


def not_uploaded(_path: str, _sha256: str) -> Mapping[str, str | None]:
    """Return the fields of a file that is on this machine alone."""
    return {"stored_at": None, "public_url": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """Facts about the run, not about its images."""

    run: Run
    campaign: Campaign
    stages: Sequence[str]
    started: str
    finished: str
    exit_code: int | None
    arguments: Sequence[str]
    versions: Mapping[str, str]
    git: str
    number: int = 0
    """Its place among all runs that the ledger counted: orders runs whatever the clock said."""


def manifest_head(facts: RunFacts, totals: Totals) -> dict[str, object]:
    """Return the part of a run manifest that precedes the images, as plain values."""
    beside = totals.jobs > MOST_LISTED
    return {
        "schema": SCHEMA_BESIDE if beside else SCHEMA,
        "run": _run(facts, totals.money),
        "totals": _totals(totals),
        **({NAMED_BY: BESIDE} if beside else {}),
    }


def _run(facts: RunFacts, money: MoneyFormat) -> dict[str, object]:
    price = {"currency": money.currency, "per_credit": str(money.per_credit)}
    account = {"account": facts.run.account, "unit": money.unit}
    return {
        "id": facts.run.id,
        "number": facts.number or None,
        "campaign": facts.run.campaign,
        "stages": list(facts.stages),
        "provider": facts.campaign.provider,
        "account": facts.run.account,
        "unit": money.unit,
        "price": price if money.per_credit is not None else None,
        "batch": facts.campaign.batch,
        "accounts": dict.fromkeys(facts.campaign.stages, account),
        "started": facts.started,
        "finished": facts.finished or None,
        "exit_code": facts.exit_code,
        "arguments": list(facts.arguments),
        "versions": dict(facts.versions),
        "rerolls_after": {
            stage: settings.takes
            for stage, settings in facts.campaign.stages.items()
            if most_rerolls(facts.campaign.checks, stage)
        },
        "campaign_sha256": facts.campaign.sha256,
        "feeds": dict(facts.campaign.feeds),
        "git": facts.git or None,
    }


def manifest_tail(totals: Totals) -> dict[str, object]:
    """Return what a run manifest says after its images: what grows with a campaign's age."""
    return {
        "runs": [_run_sums(sums) for sums in totals.runs],
        "tickets": [_ticket(ticket) for ticket in totals.tickets],
        "earlier_verdicts": [asdict(verdict) for verdict in totals.earlier_verdicts],
        **({"by": _by(totals, many=True)} if totals.jobs > MOST_LISTED else {}),
    }


def _totals(totals: Totals) -> dict[str, object]:
    amounts = {
        "confirmed": totals.spent.confirmed,
        "in_doubt": totals.spent.in_doubt,
        "upper": totals.spent.upper,
        "this_run": totals.this_run,
        "gone": totals.gone,
        "saved_by_reuse": totals.saved_by_reuse,
        "budget": totals.budget,
        "remaining": totals.remaining,
    }
    if totals.ordered:
        amounts["ordered"] = totals.ordered
    counts = {
        status.value: totals.counts.get(status, 0)
        for status in Status
        if status is not Status.RENDERING
    }
    return {
        "cells": totals.cells,
        "jobs": totals.jobs,
        **counts,
        totals.money.unit.field: amounts,
        "text": {
            name: None if amount is None else totals.money.text(amount)
            for name, amount in amounts.items()
        },
        "by": _by(totals) if totals.jobs > MOST_LISTED else totals.by,
        "seconds": {
            "p50": percentile(totals.seconds, 0.50),
            "p95": percentile(totals.seconds, 0.95),
        },
        "retries": totals.retries,
    }


def _by(totals: Totals, *, many: bool = False) -> Mapping[str, object]:
    """Return the sums by axis, of those that have `many` values or of the others."""
    return {
        axis: values for axis, values in totals.by.items() if (len(values) > MOST_VALUES) is many
    }


def image_of(
    line: ImageLine,
    money: MoneyFormat,
    ad_files: Sequence[Mapping[str, object]] = (),
    results: Sequence[CheckResult] = (),
    *,
    objects: ObjectFields = not_uploaded,
) -> dict[str, object]:
    """Return one image as it is written in the run manifest."""
    job, artifact = line.job, line.artifact
    return {
        "job": job.key,
        "cell": job.at.cell,
        "axes": dict(job.at.axes),
        "stage": job.at.stage,
        "round": job.at.round,
        "take": job.at.take,
        "status": line.status,
        "url": line.url or None,
        "file": artifact.path if artifact else None,
        "sha256": artifact.sha256 if artifact else None,
        "bytes": artifact.bytes if artifact else None,
        "width": artifact.width if artifact else None,
        "height": artifact.height if artifact else None,
        "alpha": artifact.alpha if artifact else None,
        **(objects(artifact.path, artifact.sha256) if artifact else not_uploaded("", "")),
        "prompt": job.request.prompt,
        "model": job.request.model,
        "size": job.request.size,
        "quality": job.request.quality,
        "background": job.request.background,
        "output_format": job.request.output_format,
        "references": [*map(_reference, job.request.references)],
        "mask": _reference(job.request.mask) if job.request.mask else None,
        "overlay": list(job.overlay),
        money.unit.field: line.amount,
        "cost": money.text(line.amount),
        "in_doubt": line.in_doubt,
        "at_most": job.price,
        "shared_with": line.shared_with,
        "derived_from": job.derived_from,
        "verdict": _verdict(line),
        "checks": dict(line.checks) | {str(one.check): _checked(one) for one in results},
        "missed": "; ".join(str(one) for one in results if one.is_missed) or None,
        "renditions": [],
        "adfiles": list(ad_files),
        "alt_text": _alt_text(job.request.prompt),
        "error": line.reason or None,
        "attempts": [_attempt(one) for one in line.attempts],
        "runs": [attempt.run for attempt in line.attempts],
        "purchases": [attempt.purchase_number for attempt in line.attempts],
        "half_price": bool(line.attempts and line.attempts[-1].ticket),
        "tickets": [attempt.ticket for attempt in line.attempts],
        "line": _open_line(line),
    }


def _alt_text(prompt: str) -> str:
    """Return the first sentence of a prompt, or as many words as fit in `ALT_TEXT` characters."""
    words = " ".join(prompt.partition(". ")[0].split())
    if len(words) <= ALT_TEXT:  # as it mostly is: `shorten` takes a tenth of a whole rerun
        return words
    return shorten(words, ALT_TEXT, placeholder="…")


def _reference(reference: Reference) -> dict[str, object]:
    """Return an image that was sent along; the path of an approved draft is not known."""
    return {"name": PurePosixPath(reference.path).name or None, "sha256": reference.sha256}


def _attempt(attempt: AttemptRecord) -> dict[str, object]:
    return {
        "n": attempt.number,
        "started": attempt.started,
        "ended": attempt.ended or None,
        "http": attempt.http,
        "outcome": attempt.outcome,
        "request_id": attempt.request_id or None,
        "error": attempt.error or None,
    }


def _open_line(line: ImageLine) -> str | None:
    """Return the name of this image in an open order, by which a rebuilt ledger collects it."""
    if line.status is not Status.ORDERED or not line.attempts:
        return None
    return f"{line.attempts[-1].purchase}-{line.attempts[-1].number}"


def _checked(result: CheckResult) -> dict[str, object]:
    """Return a result of the campaign's checks, in the form that all checks have."""
    return {
        "passed": result.result is CheckOutcome.PASS,
        "score": result.score,
        "threshold": result.threshold,
        "said": result.seen,
        "result": result.result,
    }


def _verdict(line: ImageLine) -> dict[str, object] | None:
    if line.verdict is None:
        return None
    kept = ("decision", "round", "take", "sha256", "by", "at", "note")
    fields = asdict(line.verdict)
    return {name: fields[name] for name in kept}


def _ticket(ticket: Ticket) -> dict[str, object]:
    return {
        "id": ticket.id,
        "account": ticket.account,
        "run": ticket.run,
        "model": ticket.model,
        "images": ticket.images,
        "state": ticket.state,
        "batch": ticket.batch or None,
        "file": ticket.file or None,
        "ordered": ticket.packed,
        "expires": ticket.expires or None,
        "reason": ticket.reason or None,
    }


def _run_sums(sums: RunSpending) -> dict[str, object]:
    run, spent = sums.run, sums.spent
    return {
        "id": run.id,
        "number": run.number,
        "account": run.account,
        "started": run.started,
        "finished": run.finished or None,
        "exit_code": run.exit_code,
        "confirmed": spent.confirmed,
        "in_doubt": spent.in_doubt,
    }


def table_columns(unit: Unit) -> Sequence[str]:
    """Return the columns of a run's table; the amount is named by its unit."""
    return [unit.field if name == AMOUNT else name for name in TABLE_COLUMNS]


AMOUNT = "amount"
TABLE_COLUMNS = (
    "job",
    "cell",
    "stage",
    "round",
    "take",
    "status",
    "url",
    "file",
    "sha256",
    "bytes",
    "width",
    "height",
    "alpha",
    "size",
    "quality",
    "background",
    AMOUNT,
    "cost",
    "in_doubt",
    "shared_with",
    "derived_from",
    "error",
    "prompt",
    "missed",
    "stored_at",
    "public_url",
)


def write_manifest(
    root: Path, paths: RunPaths, *, facts: RunFacts, totals: Totals, rows: ImageRows
) -> None:
    """Write all forms, each whole or not at all; the images before the manifest that names them."""
    if totals.jobs > MOST_LISTED:
        write_file(root, paths.images, rows.images())
    write_file(root, paths.manifest, manifest_text(facts, totals, rows))
    write_file(root, paths.table, rows.table())


def manifest_text(facts: RunFacts, totals: Totals, rows: ImageRows) -> Iterator[bytes]:
    """Yield the run manifest as UTF-8 JSON: indented, with each image on a line of its own."""
    head = json.dumps(manifest_head(facts, totals) | {"images": []}, indent=1, ensure_ascii=False)
    start, _, end = head.rpartition("]")
    yield start.encode("utf-8", "surrogatepass")
    before = b"\n  "
    for image in rows.images() if totals.jobs <= MOST_LISTED else ():
        yield before
        yield image.rstrip(b"\n")
        before = b",\n  "
    yield b"]" if before == b"\n  " else b"\n ]"
    for name, values in manifest_tail(totals).items():
        if isinstance(values, list):
            yield from _lines(name, values)
        else:
            yield f',\n "{name}": {json.dumps(values, ensure_ascii=False)}'.encode()
    yield end.encode() + b"\n"


def _lines(name: str, rows: Sequence[Mapping[str, object]]) -> Iterator[bytes]:
    """Yield a list of objects as a field, each on a line that is indented more than an image's."""
    lines = ",\n   ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    yield f',\n "{name}": ['.encode()
    yield (f"\n   {lines}\n ]" if lines else "]").encode("utf-8", "surrogatepass")
