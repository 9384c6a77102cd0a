"""From the columns of the SQLite shelf to rows and back."""

from typing import Any

from pipeline.ledger.rows import (
    AttemptRow,
    Ending,
    JobRow,
    JobState,
    Money,
    PurchaseRow,
    RunRow,
    iso,
)
from pipeline.ledger.sqlite.sealing import Cell, axes_from, packed, unpacked, unsealed
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Credits
from pipeline.model.entry import AttemptRecord, PurchaseKey
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.provider import Account
from pipeline.model.run import Run, RunId
from pipeline.model.verdict import Decision, Verdict

Row = tuple[Any, ...]
"""One row as SQLite hands it back, its columns in the order of the schema."""

FIXED = 9
"""Columns at the front of a job's row that never change, its id among them."""
JOB = 22
"""Columns of a job's row, its seal among them."""

_STATES = {state.value: state for state in JobState}
_STAGES = {stage.value: stage for stage in Stage}
_KINDS = {kind.value: kind for kind in ImageKind}
_ALPHAS = {alpha.value: alpha for alpha in Alpha}
_PURCHASE = 7
_ATTEMPT = 10
_MONEY = {money.value: money for money in Money}


def artifact_columns(artifact: Artifact | None) -> tuple[Cell, ...]:
    """What an artifact takes up in a job's row."""
    if artifact is None:
        return (None,) * 7
    return (
        *(artifact.path, packed(artifact.sha256), artifact.bytes, artifact.kind.value),
        *(artifact.width, artifact.height, artifact.alpha.value),
    )


def artifact_from(columns: Row) -> Artifact | None:
    """The artifact in a job's row, if any."""
    path, sha256, size, kind, width, height, alpha = columns
    if path is None:
        return None
    return Artifact(
        path=path,
        sha256=unpacked(sha256),
        bytes=size,
        kind=_KINDS[kind],
        width=width,
        height=height,
        alpha=_ALPHAS[alpha],
    )


def job_from(row: Row, *, campaign: Slug, names: str) -> JobRow:
    """A job; its campaign and the names of its axes stand in rows of their own."""
    unsealed(row, JOB - 1)
    id_, key, _, cell, _, ids, stage, round_, take = row[:FIXED]
    state, purchases, attempts, url, reason = row[FIXED : FIXED + 5]
    return JobRow(
        id=id_,
        key=JobKey(unpacked(key)),
        at=Coordinates(
            campaign=campaign,
            cell=cell,
            axes=axes_from(names, ids, cell),
            stage=_STAGES[stage],
            round=round_,
            take=take,
        ),
        state=_STATES[state],
        url=url or "",
        reason=reason or "",
        artifact=artifact_from(row[FIXED + 5 : JOB - 1]),
        purchases=purchases,
        attempts=attempts,
    )


def run_from(row: Row) -> RunRow:
    """A run."""
    id_, name, campaign, account, started, finished, exit_code, last_paid = row
    return RunRow(
        id=id_,
        run=Run(id=RunId(name), campaign=Slug(campaign), account=Account(account)),
        started=started,
        finished=finished,
        exit_code=exit_code,
        last_paid=last_paid,
    )


def purchase_from(row: Row) -> PurchaseRow:
    """A purchase."""
    unsealed(row, _PURCHASE)
    job, nth, key, run, opened, state, credits_, _ = row
    return PurchaseRow(
        job=job,
        nth=nth,
        key=PurchaseKey(unpacked(key)),
        run=run,
        opened=opened,
        state=_MONEY[state],
        credits=Credits(credits_),
    )


def attempt_from(row: Row) -> AttemptRow:
    """A POST."""
    unsealed(row, _ATTEMPT)
    job, number, nth, run, started, ended, http, outcome, request_id, error, _ = row
    return AttemptRow(
        job=job,
        number=number,
        nth=nth,
        run=run,
        started=started,
        ended=ended,
        http=http,
        outcome=Ending(outcome),
        request_id=request_id or "",
        error=error or "",
    )


def record_from(row: Row) -> AttemptRecord:
    """A POST as the run manifest tells it, from the keys of job, run and purchase, and its row."""
    _, run, purchase, *attempt = row
    unsealed(tuple(attempt), _ATTEMPT)
    _, number, _, _, started, ended, http, outcome, request_id, error, _ = attempt
    return AttemptRecord(
        number=number,
        run=RunId(run),
        purchase=PurchaseKey(unpacked(purchase)),
        started=iso(started),
        ended=iso(ended),
        http=http,
        outcome=outcome,
        request_id=request_id or "",
        error=error or "",
    )


def purchase_columns(row: PurchaseRow) -> tuple[Cell, ...]:
    """What a purchase takes up, without its seal."""
    fixed = (row.job, row.nth, packed(row.key), row.run, row.opened)
    return (*fixed, row.state.value, row.credits)


def attempt_columns(row: AttemptRow) -> tuple[Cell, ...]:
    """What a POST takes up, without its seal."""
    fixed = (row.job, row.number, row.nth, row.run, row.started)
    ending = (row.ended, row.http, row.outcome.value, row.request_id or None, row.error or None)
    return (*fixed, *ending)


def verdict_from(row: Row) -> Verdict:
    """A verdict."""
    _, _, cell, stage, revision, decision, round_, take, job, sha256, by, at, note = row
    return Verdict(
        cell=CellName(cell),
        stage=Stage(stage),
        decision=Decision(decision),
        round=round_,
        take=take,
        job=JobKey(job),
        sha256=sha256,
        by=by,
        at=at,
        note=note,
        revision=revision,
    )
