"""Conversion between the columns of the Postgres ledger and rows.

Keys and digests travel as hexadecimal digits. Rows are lists in the order of the column lists in
`functions`; what is written is named, as the functions name it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.ledger.rows import (
    AttemptOutcome,
    AttemptRow,
    JobRow,
    JobState,
    PurchaseRow,
    PurchaseState,
    RunRow,
    TicketRow,
    iso,
)
from pipeline.ledger.shared_columns import axes_from, axis_ids, axis_names
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import AttemptRecord, PurchaseKey
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount
from pipeline.model.names import Account, CellName, ProfileName, Slug, Stage
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import TicketId, TicketState

Columns = Sequence[Any]
Named = dict[str, Any]

JOB_COLUMNS = 22
"""Columns of a job, its version among them."""

_DIGITS = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{64})\Z")
_BARE = frozenset({32, 64})
"""Numbers of hexadecimal digits that stand for themselves."""


def digits_of(text: str) -> str:
    """Return a key or digest as hexadecimal digits; other text follows an equals sign."""
    if _DIGITS.match(text):
        return text
    raw = b"=" + text.encode("utf-8", "surrogatepass")
    return (b"=" + raw if len(raw) * 2 in _BARE else raw).hex()


def text_of(digits: str) -> str:
    """Return the text that `digits_of` was given."""
    if len(digits) in _BARE:
        return digits
    raw = bytes.fromhex(digits)
    padded = raw.startswith(b"==") and (len(raw) - 1) * 2 in _BARE
    return raw[2 if padded else 1 :].decode("utf-8", "surrogatepass")


def escaped(text: str) -> str | None:
    """Return text without NUL, which Postgres cannot hold; `None` for no text."""
    if "\0" in text or "␀" in text:
        text = text.replace("␀", "␀␀").replace("\0", "␀0")
    return text or None


def unescaped(text: str | None) -> str:
    """Return the text that `escaped` was given."""
    if not text:
        return ""
    if "␀" in text:
        return re.sub("␀(.)", lambda match: "\0" if match[1] == "0" else "␀", text)
    return text


def job_from(row: Columns) -> tuple[JobRow, int]:
    """Return a job and its version."""
    id_, version, key, slug, axes, cell, ids, stage, round_, take = row[:10]
    state, purchases, attempts, url, reason = row[10:15]
    cell = unescaped(cell)
    job = JobRow(
        id=id_,
        key=JobKey(text_of(key)),
        at=Coordinates(
            campaign=Slug(unescaped(slug)),
            cell=CellName(cell),
            axes=axes_from(unescaped(axes), None if ids is None else unescaped(ids), cell),
            stage=Stage(stage),
            round=round_,
            take=take,
        ),
        state=JobState(state),
        url=unescaped(url),
        reason=unescaped(reason),
        artifact=_artifact_from(row[15:JOB_COLUMNS]),
        purchases=purchases,
        attempts=attempts,
    )
    return job, version


def _artifact_from(columns: Columns) -> Artifact | None:
    path, sha256, size, kind, width, height, alpha = columns
    if path is None:
        return None
    return Artifact(
        path=unescaped(path),
        sha256=text_of(sha256),
        bytes=size,
        kind=ImageKind(kind),
        width=width,
        height=height,
        alpha=Alpha(alpha),
    )


def fixed_job(job: JobRow) -> Named:
    """Return the columns of a job that never change."""
    at = job.at
    ids = axis_ids(at.axes, at.cell)
    return {
        "key": digits_of(job.key),
        "slug": escaped(at.campaign),
        "axes": escaped(axis_names(at.axes)),
        "cell": escaped(at.cell) or "",
        "ids": None if ids is None else escaped(ids),
        "stage": at.stage.value,
        "round": at.round,
        "take": at.take,
    }


def changing_job(job: JobRow) -> Named:
    """Return the id of a job and its columns that change."""
    artifact = job.artifact
    return {
        "id": job.id,
        "state": job.state.value,
        "purchases": job.purchases,
        "attempts": job.attempts,
        "url": escaped(job.url),
        "reason": escaped(job.reason),
        "path": escaped(artifact.path) if artifact else None,
        "sha256": digits_of(artifact.sha256) if artifact else None,
        "bytes": artifact.bytes if artifact else None,
        "kind": artifact.kind.value if artifact else None,
        "width": artifact.width if artifact else None,
        "height": artifact.height if artifact else None,
        "alpha": artifact.alpha.value if artifact else None,
    }


def purchase_from(row: Columns) -> PurchaseRow:
    """Return a purchase."""
    job, number, key, run, opened, state, credits_, in_doubt = row
    return PurchaseRow(
        job=job,
        number=number,
        key=PurchaseKey(text_of(key)),
        run=run,
        opened=opened,
        state=PurchaseState(state),
        amount=Amount(credits_),
        in_doubt=Amount(in_doubt),
    )


def purchase_columns(row: PurchaseRow) -> Named:
    """Return the columns of a purchase."""
    return {
        "job": row.job,
        "nth": row.number,
        "key": digits_of(row.key),
        "run": row.run,
        "opened": row.opened,
        "state": row.state.value,
        "credits": row.amount,
        "in_doubt": row.in_doubt,
    }


def attempt_from(row: Columns) -> AttemptRow:
    """Return an attempt."""
    job, number, purchase, run, started, ended, http, outcome, request_id, error, ticket = row
    return AttemptRow(
        job=job,
        number=number,
        purchase=purchase,
        run=run,
        started=started,
        ended=ended,
        http=http,
        outcome=AttemptOutcome(outcome),
        request_id=unescaped(request_id),
        error=unescaped(error),
        ticket=ticket,
    )


def attempt_columns(row: AttemptRow) -> Named:
    """Return the columns of an attempt."""
    return {
        "job": row.job,
        "number": row.number,
        "nth": row.purchase,
        "run": row.run,
        "started": row.started,
        "ended": row.ended,
        "http": row.http,
        "outcome": row.outcome.value,
        "request_id": escaped(row.request_id),
        "error": escaped(row.error),
        "ticket": row.ticket,
    }


def record_from(row: Columns) -> AttemptRecord:
    """Return an attempt as written in run manifests, behind its run, purchase and ticket."""
    run, purchase, ticket, *told = row
    attempt = attempt_from(told)
    return AttemptRecord(
        number=attempt.number,
        run=RunId(run),
        purchase=PurchaseKey(text_of(purchase)),
        purchase_number=attempt.purchase,
        started=iso(attempt.started),
        ended=iso(attempt.ended),
        http=attempt.http,
        outcome=attempt.outcome.value,
        request_id=attempt.request_id,
        error=attempt.error,
        ticket=TicketId(unescaped(ticket)) if ticket else None,
    )


def ticket_from(row: Columns) -> TicketRow:
    """Return a ticket."""
    id_, name, run, profile, model, images, opened, *progress = row
    state, changed, file, batch, expires, misses, missed, reason = progress
    return TicketRow(
        id=id_,
        name=TicketId(unescaped(name)),
        run=run,
        profile=ProfileName(unescaped(profile)),
        model=unescaped(model),
        images=images,
        opened=opened,
        state=TicketState(state),
        changed=changed,
        file=unescaped(file),
        batch=unescaped(batch),
        expires=expires,
        misses=misses,
        missed=missed,
        reason=unescaped(reason),
    )


def ticket_columns(row: TicketRow) -> Named:
    """Return the columns of a ticket."""
    return {
        "id": row.id,
        "name": escaped(row.name),
        "run": row.run,
        "profile": escaped(row.profile),
        "model": escaped(row.model) or "",
        "images": row.images,
        "opened": row.opened,
        "state": row.state.value,
        "changed": row.changed,
        "file": escaped(row.file),
        "batch": escaped(row.batch),
        "expires": row.expires,
        "misses": row.misses,
        "missed": row.missed,
        "reason": escaped(row.reason),
    }


def run_from(row: Columns) -> RunRow:
    """Return a run."""
    id_, name, campaign, account, started, finished, exit_code, last_paid = row
    return RunRow(
        id=id_,
        run=Run(
            id=RunId(name), campaign=Slug(unescaped(campaign)), account=Account(unescaped(account))
        ),
        started=started,
        finished=finished,
        exit_code=exit_code,
        last_paid=last_paid,
    )


def scope_columns(
    *, account: str | None, campaign: str | None, run: str | None, month: str | None
) -> Mapping[str, str | None]:
    """Return a scope of purchases as `spent_in` takes it."""
    return {
        "account": None if account is None else escaped(account),
        "campaign": None if campaign is None else escaped(campaign),
        "run": run,
        "month": month,
    }
