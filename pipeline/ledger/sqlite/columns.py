"""Conversion between the columns of the SQLite file and rows.

Keys and digests are stored as bytes, values that all cells of a matrix share are stored once, and
every row that affects money has a checksum, so that a flipped bit is detected when the row is
read.
"""

from binascii import crc32
from typing import Any

from pipeline.errors import LedgerUnusable
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
from pipeline.ledger.shared_columns import axes_from
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.entry import AttemptRecord, PurchaseKey
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount
from pipeline.model.names import Account, ProfileName, Slug, Stage
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import TicketId, TicketState

Cell = str | int | bytes | None
"""The values that one column of a row can hold."""

Row = tuple[Any, ...]
"""One row as SQLite returns it, its columns in the order of the schema."""

FIXED_COLUMNS = 9
"""Columns at the front of a job's row that never change, its id among them."""
JOB_COLUMNS = 22
"""Columns of a job's row, its checksum among them."""

_STATES = {state.value: state for state in JobState}
_STAGES = {stage.value: stage for stage in Stage}
_KINDS = {kind.value: kind for kind in ImageKind}
_ALPHAS = {alpha.value: alpha for alpha in Alpha}
_PURCHASE_COLUMNS = 7
"""Columns of a purchase's row of schema 1, without the checksum."""
_TICKET_COLUMNS = 15
"""Columns of a ticket's row, without the checksum."""
_PURCHASE_STATES = {state.value: state for state in PurchaseState}


def artifact_columns(artifact: Artifact | None) -> tuple[Cell, ...]:
    """Return the columns of an artifact in a job's row."""
    if artifact is None:
        return (None,) * 7
    return (
        *(artifact.path, packed(artifact.sha256), artifact.bytes, artifact.kind.value),
        *(artifact.width, artifact.height, artifact.alpha.value),
    )


def artifact_from(columns: Row) -> Artifact | None:
    """Return the artifact in a job's row, if any."""
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
    """Return a job, given its campaign and the names of its axes, which are in other tables."""
    verify_checksum(row, JOB_COLUMNS - 1)
    id_, key, _, cell, _, ids, stage, round_, take = row[:FIXED_COLUMNS]
    state, purchases, attempts, url, reason = row[FIXED_COLUMNS : FIXED_COLUMNS + 5]
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
        artifact=artifact_from(row[FIXED_COLUMNS + 5 : JOB_COLUMNS - 1]),
        purchases=purchases,
        attempts=attempts,
    )


def run_from(row: Row) -> RunRow:
    """Return a run."""
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
    """Return a purchase."""
    *told, seal, in_doubt = row
    verify_checksum((*_sealed(tuple(told), in_doubt), seal), _PURCHASE_COLUMNS + bool(in_doubt))
    job, number, key, run, opened, state, credits_ = told
    return PurchaseRow(
        job=job,
        number=number,
        key=PurchaseKey(unpacked(key)),
        run=run,
        opened=opened,
        state=_PURCHASE_STATES[state],
        amount=Amount(credits_),
        in_doubt=Amount(in_doubt),
    )


def attempt_from(row: Row) -> AttemptRow:
    """Return an attempt."""
    told, ticket = _verified_attempt(row)
    job, number, purchase, run, started, ended, http, outcome, request_id, error = told
    return AttemptRow(
        job=job,
        number=number,
        purchase=purchase,
        run=run,
        started=started,
        ended=ended,
        http=http,
        outcome=AttemptOutcome(outcome),
        request_id=request_id or "",
        error=error or "",
        ticket=ticket,
    )


def _verified_attempt(row: Row) -> tuple[Row, int | None]:
    """Return the columns of an attempt and the ticket that orders it."""
    *told, seal, ticket = row
    checked = _sealed(tuple(told), ticket)
    verify_checksum((*checked, seal), len(checked))
    return tuple(told), ticket


def record_from(row: Row) -> AttemptRecord:
    """Return an attempt as written in run manifests, with the keys of job, run and purchase."""
    _, run, purchase, ticket, *attempt = row
    told, _ = _verified_attempt(tuple(attempt))
    _, number, nth, _, started, ended, http, outcome, request_id, error = told
    return AttemptRecord(
        number=number,
        run=RunId(run),
        purchase=PurchaseKey(unpacked(purchase)),
        purchase_number=nth,
        started=iso(started),
        ended=iso(ended),
        http=http,
        outcome=outcome,
        request_id=request_id or "",
        error=error or "",
        ticket=TicketId(ticket) if ticket else None,
    )


def purchase_columns(row: PurchaseRow) -> tuple[Cell, ...]:
    """Return the columns of a purchase, without the checksum."""
    fixed = (row.job, row.number, packed(row.key), row.run, row.opened)
    return (*fixed, row.state.value, row.amount, row.in_doubt)


def purchase_checksum(row: PurchaseRow) -> int:
    """Return the checksum of a purchase."""
    *told, in_doubt = purchase_columns(row)
    return checksum_of(_sealed(tuple(told), in_doubt))


def _sealed(told: Row, added: Cell) -> Row:
    """Return the columns that a checksum covers, without a later one that is empty."""
    return (*told, added) if added else told


def attempt_checksum(row: AttemptRow) -> int:
    """Return the checksum of an attempt."""
    return checksum_of(_sealed(attempt_columns(row), row.ticket))


def ticket_columns(row: TicketRow) -> tuple[Cell, ...]:
    """Return the columns of a ticket, without the checksum: first those that never change."""
    fixed = (row.id, row.name, row.run, row.profile, row.model, row.images, row.opened)
    return (*fixed, *ticket_progress(row))


def ticket_progress(row: TicketRow) -> tuple[Cell, ...]:
    """Return the columns that change while a ticket advances."""
    told = (row.state.value, row.changed, row.file or None, row.batch or None, row.expires)
    return (*told, row.misses, row.missed, row.reason or None)


def ticket_from(row: Row) -> TicketRow:
    """Return a ticket."""
    verify_checksum(row, _TICKET_COLUMNS)
    id_, name, run, profile, model, images, opened, *progress, _ = row
    state, changed, file, batch, expires, misses, missed, reason = progress
    return TicketRow(
        id=id_,
        name=TicketId(name),
        run=run,
        profile=ProfileName(profile),
        model=model,
        images=images,
        opened=opened,
        state=TicketState(state),
        changed=changed,
        file=file or "",
        batch=batch or "",
        expires=expires,
        misses=misses,
        missed=missed,
        reason=reason or "",
    )


def attempt_columns(row: AttemptRow) -> tuple[Cell, ...]:
    """Return the columns of an attempt, without the checksum and the ticket."""
    fixed = (row.job, row.number, row.purchase, row.run, row.started)
    ending = (row.ended, row.http, row.outcome.value, row.request_id or None, row.error or None)
    return (*fixed, *ending)


def packed(text: str) -> str | bytes:
    """Return 32 or 64 hex digits as bytes, half as long; all other text as it is."""
    if len(text) in {32, 64}:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            return text
        if raw.hex() == text:
            return raw
    return text


def unpacked(stored: Cell) -> str:
    """Return the text that `packed` was given."""
    return stored.hex() if isinstance(stored, bytes) else str(stored)


def checksum_of(row: tuple[Any, ...]) -> int:
    """Return the CRC-32 of the columns of a row."""
    return crc32(repr(row).encode("utf-8", "surrogatepass"))


def verify_checksum(row: tuple[Any, ...], width: int) -> None:
    """Raise `LedgerUnusable` if the checksum after the first `width` columns does not match."""
    if checksum_of(row[:width]) != row[width]:
        raise LedgerUnusable(
            f"the ledger is damaged: a row has a wrong checksum, {row[:3]}.\n"
            "Restore ledger.db from a backup, or move it and the files beside it away and rebuild "
            "it with `pipeline ledger import OUTPUT/CAMPAIGN`."
        )
