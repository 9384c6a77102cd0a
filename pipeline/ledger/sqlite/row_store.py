"""The rows of a SQLite file, in the open transaction of one connection."""
# ruff: noqa: D102 - RowStore documents each method

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import apsw

from pipeline.errors import LedgerUnusable
from pipeline.ledger.row_store import SpendScope
from pipeline.ledger.rows import AttemptRow, JobRow, JobState, PurchaseRow, RunRow, TicketRow
from pipeline.ledger.shared_columns import axis_ids, axis_names, verdict_from
from pipeline.ledger.sqlite import statements
from pipeline.ledger.sqlite.columns import (
    FIXED_COLUMNS,
    JOB_COLUMNS,
    Cell,
    Row,
    artifact_columns,
    attempt_checksum,
    attempt_columns,
    attempt_from,
    checksum_of,
    job_from,
    packed,
    purchase_checksum,
    purchase_columns,
    purchase_from,
    record_from,
    run_from,
    ticket_columns,
    ticket_from,
    ticket_progress,
    unpacked,
)
from pipeline.model.entry import AttemptRecord, ImageRecord
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import TicketId
from pipeline.model.verdict import Verdict

_CHUNK = 500


class SqliteRowStore:
    """`RowStore` on one connection; statements are compiled once and cached by apsw."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._slugs: dict[int, Slug] = {}
        self._axes: dict[int, str] = {}

    def forget(self) -> None:
        """Drop cached rows, which a rollback may have removed."""
        self._slugs.clear()
        self._axes.clear()

    def commits(self) -> int:
        row = self._one(statements.LEDGER)
        return int(row[1] or 0) if row else 0

    def run(self, name: RunId) -> RunRow | None:
        row = self._one(statements.RUN, name)
        return run_from(row) if row else None

    def run_by_id(self, id_: int) -> RunRow:
        return run_from(self._must(statements.RUN_BY_ID, id_))

    def add_run(self, run: Run, *, started: int, number: int | None = None) -> None:
        if number is not None and self._one(statements.RUN_BY_ID, number):
            number = None
        self._do(statements.ADD_RUN, number, run.id, run.campaign, run.account, started)

    def save_run(self, row: RunRow) -> None:
        self._do(statements.SAVE_RUN, row.finished, row.exit_code, row.last_paid, row.id)

    def runs(self, campaign: Slug | None) -> Sequence[RunRow]:
        return [run_from(row) for row in self._connection.execute(statements.RUNS, (campaign,))]

    def buying_runs(self, campaign: Slug) -> Sequence[tuple[RunRow, Spent]]:
        return [
            (run_from(run), Spent(confirmed=Amount(confirmed), in_doubt=Amount(in_doubt)))
            for *run, confirmed, in_doubt in self._connection.execute(
                statements.BUYING_RUNS, (campaign,)
            )
        ]

    def check_lease(self, run: RunRow, *, buying: bool) -> None:
        """Do nothing: the campaign's lock says which run is alive."""

    def job(self, key: JobKey) -> JobRow | None:
        row = self._one(statements.JOB, packed(key))
        return self._job(row) if row else None

    def add_job(self, key: JobKey, at: Coordinates) -> JobRow:
        campaign = self._one(statements.CAMPAIGN, at.campaign)
        campaign = campaign or self._added(statements.ADD_CAMPAIGN, at.campaign)
        names = axis_names(at.axes)
        shape = self._one(statements.SHAPE, names) or self._added(statements.ADD_SHAPE, names)
        columns = (
            *(packed(key), campaign[0], at.cell, shape[0], axis_ids(at.axes, at.cell)),
            *(at.stage.value, at.round, at.take, JobState.PLANNED.value, 0, 0, None, None),
            *artifact_columns(None),
        )
        (id_,) = self._one(statements.NEXT_JOB) or (0,)
        self._do(statements.ADD_JOB, id_, *columns, checksum_of((id_, *columns)))
        return JobRow(id=id_, key=key, at=at)

    def save_job(self, row: JobRow) -> None:
        fixed = self._must(statements.JOB_BY_ID, row.id)[:FIXED_COLUMNS]
        changing = (
            *(row.state.value, row.purchases, row.attempts, row.url or None, row.reason or None),
            *artifact_columns(row.artifact),
        )
        self._do(statements.SAVE_JOB, *changing, checksum_of((*fixed, *changing)), row.id)

    def purchase(self, job: int, number: int) -> PurchaseRow:
        return purchase_from(self._must(statements.PURCHASE, job, number))

    def add_purchase(self, row: PurchaseRow) -> None:
        self._do(statements.ADD_PURCHASE, *purchase_columns(row), purchase_checksum(row))

    def save_purchase(self, row: PurchaseRow) -> None:
        moved = (row.state.value, row.amount, row.in_doubt, purchase_checksum(row))
        self._do(statements.SAVE_PURCHASE, *moved, row.job, row.number)

    def attempt(self, job: int, number: int) -> AttemptRow | None:
        row = self._one(statements.ATTEMPT, job, number)
        return attempt_from(row) if row else None

    def add_attempt(self, row: AttemptRow) -> None:
        columns = attempt_columns(row)
        self._do(statements.ADD_ATTEMPT, *columns, attempt_checksum(row), row.ticket)

    def save_attempt(self, row: AttemptRow) -> None:
        ending = attempt_columns(row)[5:]
        self._do(statements.SAVE_ATTEMPT, *ending, attempt_checksum(row), row.job, row.number)

    def open_attempts(self, campaign: Slug) -> Sequence[tuple[JobRow, AttemptRow]]:
        opened = self._with_jobs(statements.OPEN_ATTEMPTS)
        return [(job, row) for job, row in opened if job.at.campaign == campaign]

    def ticket(self, name: TicketId) -> TicketRow | None:
        row = self._one(statements.TICKET, name)
        return ticket_from(row) if row else None

    def add_ticket(self, row: TicketRow) -> int:
        (id_,) = self._one(statements.NEXT_TICKET) or (1,)
        columns = ticket_columns(replace(row, id=id_))
        self._do(statements.ADD_TICKET, *columns, checksum_of(columns))
        return int(id_)

    def save_ticket(self, row: TicketRow) -> None:
        checksum = checksum_of(ticket_columns(row))
        self._do(statements.SAVE_TICKET, *ticket_progress(row), checksum, row.id)

    def open_tickets(self) -> Sequence[TicketRow]:
        return [ticket_from(row) for row in self._connection.execute(statements.OPEN_TICKETS)]

    def ticket_attempts(self, ticket: int) -> Sequence[tuple[JobRow, AttemptRow]]:
        return self._with_jobs(statements.TICKET_ATTEMPTS, ticket)

    def keep_reply(self, attempt: AttemptRow, raw: bytes) -> None:
        self._do(statements.ADD_REPLY, attempt.job, attempt.number, raw)

    def reply(self, key: JobKey) -> bytes:
        row = self._one(statements.REPLY, packed(key))
        return bytes(row[0]) if row else b""

    def keep_within(self, scope: SpendScope, limit: Amount) -> None:
        """Do nothing: the transaction has locked the file."""

    def spent(self, scope: SpendScope) -> Spent:
        match scope:
            case SpendScope(account=None, campaign=None, run=str(run), month=None):
                row = self._must(statements.SPENT_BY_RUN, run)
            case SpendScope(account=str(account), campaign=str(campaign), run=None, month=None):
                row = self._must(statements.SPENT_BY_ACCOUNT, account, campaign, "")
            case SpendScope(account=str(account), campaign=None, run=None, month=str(month)):
                row = self._must(statements.SPENT_BY_ACCOUNT, account, "", month)
            case _:
                dimensions = (scope.account, scope.campaign, scope.run, scope.month)
                row = self._must(statements.SPENT, *dimensions)
        return Spent(confirmed=Amount(row[0]), in_doubt=Amount(row[1]))

    def jobs(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        for rows in self._by_keys(statements.JOBS, keys):
            yield from self._bought(rows)

    def campaign_jobs(self, campaign: Slug) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        return self._bought(self._connection.execute(statements.CAMPAIGN_JOBS, (campaign,)))

    def images(self) -> Iterator[ImageRecord]:
        for key, url, sha256 in self._connection.execute(statements.IMAGES):
            yield ImageRecord(job=JobKey(unpacked(key)), url=url, sha256=unpacked(sha256 or ""))

    def attempts(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobKey, AttemptRecord]]:
        for rows in self._by_keys(statements.ATTEMPTS, keys):
            for row in rows:
                yield JobKey(unpacked(row[0])), record_from(row)

    def add_verdict(self, campaign: Slug, verdict: Verdict) -> None:
        self._do(
            statements.ADD_VERDICT,
            *(campaign, verdict.cell, verdict.stage.value, verdict.revision),
            *(verdict.decision.value, verdict.round, verdict.take, verdict.job, verdict.sha256),
            *(verdict.by, verdict.at, verdict.note),
        )

    def newest_verdict(self, campaign: Slug, cell: CellName, stage: Stage) -> Verdict | None:
        row = self._one(statements.NEWEST_VERDICT, campaign, cell, stage.value)
        return verdict_from(row) if row else None

    def verdicts(self, campaign: Slug, cell: CellName | None) -> Sequence[Verdict]:
        rows = self._connection.execute(statements.VERDICTS, (campaign, cell))
        return [verdict_from(row) for row in rows]

    def _with_jobs(self, sql: str, *values: Cell) -> list[tuple[JobRow, AttemptRow]]:
        """Return attempts, each with its job."""
        attempts = [attempt_from(row) for row in self._connection.execute(sql, values).fetchall()]
        return [(self._job(self._must(statements.JOB_BY_ID, row.job)), row) for row in attempts]

    def _do(self, sql: str, *values: Cell) -> None:
        self._connection.execute(sql, values)

    def _added(self, sql: str, *values: Cell) -> tuple[int]:
        self._connection.execute(sql, values)
        return (self._connection.last_insert_rowid(),)

    def _one(self, sql: str, *values: Cell) -> Row | None:
        return self._connection.execute(sql, values).fetchone()

    def _must(self, sql: str, *values: Cell) -> Row:
        row = self._one(sql, *values)
        if row is None:
            raise LedgerUnusable(f"the ledger is damaged: it lost a row ({sql.strip()}, {values})")
        return row

    def _by_keys(self, sql: str, keys: Sequence[JobKey]) -> Iterator[Iterable[Row]]:
        for start in range(0, len(keys), _CHUNK):
            chunk = [packed(key) for key in keys[start : start + _CHUNK]]
            placeholders = ", ".join("?" * len(chunk))
            yield self._connection.execute(sql.replace(":keys", placeholders), chunk)

    def _bought(self, rows: Iterable[Row]) -> Iterator[tuple[JobRow, Sequence[PurchaseRow]]]:
        """Group rows of a job and one of its purchases by job."""
        job: JobRow | None = None
        purchases: list[PurchaseRow] = []
        for row in rows:
            if job is None or job.id != row[0]:
                if job is not None:
                    yield job, purchases
                job, purchases = self._job(row), []
            bought = row[JOB_COLUMNS:]
            if bought[0] is not None:
                purchases.append(purchase_from(bought))
        if job is not None:
            yield job, purchases

    def _job(self, row: Row) -> JobRow:
        campaign, shape = row[2], row[4]
        if campaign not in self._slugs:
            self._slugs[campaign] = Slug(self._must(statements.SLUG, campaign)[0])
        if shape not in self._axes:
            self._axes[shape] = self._must(statements.AXES, shape)[0]
        return job_from(row, campaign=self._slugs[campaign], names=self._axes[shape])
