"""Copying a ledger in Postgres as rows: out of a database, or into an empty one, in one piece."""
# ruff: noqa: D102 - dump.LedgerDump documents each method

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from pipeline.errors import LockHeld, UsageError
from pipeline.ledger.dump import LedgerDump, ReplyRow
from pipeline.ledger.postgres.connection import (
    OPENING,
    Address,
    as_pipeline_error,
    connect_patiently,
    read_address,
    transaction,
)
from pipeline.ledger.postgres.rows.columns import (
    Named,
    attempt_columns,
    attempt_from,
    changing_job,
    escaped,
    fixed_job,
    job_from,
    purchase_columns,
    purchase_from,
    run_from,
    ticket_columns,
    ticket_from,
    unescaped,
)
from pipeline.ledger.postgres.rows.row_queries import Connection, RowQueries, verdict_of
from pipeline.ledger.postgres.schema.functions import ATTEMPT, JOB, JOBS, PURCHASE, RUN, TICKET
from pipeline.ledger.postgres.schema.migrating import prepare, refuse_older
from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow, TicketRow
from pipeline.model.names import Slug
from pipeline.model.verdict import Verdict


class PostgresDump(RowQueries):
    """`LedgerDump` of a database, read in pieces."""

    def all_runs(self) -> Iterator[RunRow]:
        return map(run_from, self._streamed(f"select {RUN} from run r order by r.id", {}))

    def all_jobs(self) -> Iterator[JobRow]:
        rows = self._streamed(f"select {JOB} from {JOBS} order by j.id", {})
        return (job_from(row)[0] for row in rows)

    def all_purchases(self) -> Iterator[PurchaseRow]:
        asked = f"select {PURCHASE} from purchase p order by p.job, p.nth"
        return map(purchase_from, self._streamed(asked, {}))

    def all_tickets(self) -> Iterator[TicketRow]:
        return map(ticket_from, self._streamed(f"select {TICKET} from ticket t order by t.id", {}))

    def all_attempts(self) -> Iterator[AttemptRow]:
        asked = f"select {ATTEMPT} from attempt a order by a.job, a.number"
        return map(attempt_from, self._streamed(asked, {}))

    def all_replies(self) -> Iterator[ReplyRow]:
        for job, number, raw in self._streamed(
            "select job, number, raw from reply order by id", {}
        ):
            yield ReplyRow(job=job, number=number, raw=bytes(raw))

    def all_verdicts(self) -> Iterator[tuple[Slug, Verdict]]:
        for row in self._streamed("select * from verdict order by id", {}):
            yield Slug(unescaped(row[1])), verdict_of(row)


@contextmanager
def dumped_database(dsn: str) -> Iterator[LedgerDump]:
    """Open a database to copy its ledger; `LockHeld` while a run is alive in it."""
    address = read_address(dsn)
    mode = "isolation level repeatable read, read only"
    with _connected(address) as connection, transaction(connection, mode):
        connection.execute("set local idle_in_transaction_session_timeout = 0")
        if not refuse_older(connection, address):
            raise UsageError(f"there is no ledger in {address.shown}: nothing was copied")
        _refuse_living(connection)
        yield PostgresDump(connection)


def load_database(dsn: str, dump: LedgerDump) -> int:
    """Write a dump into a database without a ledger, or with an empty one; return its job count."""
    address = read_address(dsn)
    with _connected(address) as connection:
        prepare(connection, address)
        with transaction(connection):
            connection.execute("set local idle_in_transaction_session_timeout = 0")
            connection.execute("select from ledger where one = 1 for update")
            if _count(connection, "select count(*) from run"):
                raise UsageError(
                    f"the ledger in {address.shown} is not empty: nothing was copied. Name a new "
                    "database in PIPELINE_LEDGER."
                )
            return _load(connection, dump)


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    connection = connect_patiently(address, since=time.monotonic(), patience=OPENING)
    try:
        yield connection
    except psycopg.Error as error:
        raise as_pipeline_error(address, error) from error
    finally:
        connection.close()


def _refuse_living(connection: Connection) -> None:
    living = _count(connection, "select count(*) from lease where is_living(renewed, seconds)")
    if living:
        raise LockHeld(f"{living} runs are alive in this ledger: nothing was copied")


def _load(connection: Connection, dump: LedgerDump) -> int:
    campaigns: dict[str, int] = {}
    shapes: dict[str, int] = {}
    _copy(connection, "run", _RUN, map(_run, dump.all_runs()))

    def jobs() -> Iterator[list[Any]]:
        for job in dump.all_jobs():
            named = fixed_job(job) | changing_job(job)
            named["campaign"] = campaigns.setdefault(str(named["slug"]), len(campaigns) + 1)
            named["shape"] = shapes.setdefault(str(named["axes"]), len(shapes) + 1)
            for name in ("key", "sha256"):
                named[name] = None if named[name] is None else bytes.fromhex(named[name])
            yield [named[column] for column in _JOB]

    # the tables that jobs refer to are known once all jobs were read
    staged = list(jobs())
    for table, column, ids in (("campaign", "slug", campaigns), ("shape", "axes", shapes)):
        _copy(connection, table, ("id", column), ([id_, text] for text, id_ in ids.items()))
        connection.execute(
            f"select setval(pg_get_serial_sequence('{table}', 'id'), %s)", (len(ids) + 1,)
        )
    _copy(connection, "job", _JOB, staged)
    last = max((row[0] for row in staged), default=0)
    rows = map(_stored_purchase, dump.all_purchases())
    _copy(connection, "purchase", _PURCHASE, _in_order(_PURCHASE, rows))
    rows = map(ticket_columns, dump.all_tickets())
    _copy(connection, "ticket", _TICKET, _in_order(_TICKET, rows))
    rows = map(attempt_columns, dump.all_attempts())
    _copy(connection, "attempt", _ATTEMPT, _in_order(_ATTEMPT, rows))
    replies = ([row.job, row.number, row.raw] for row in dump.all_replies())
    _copy(connection, "reply", ("job", "number", "raw"), replies)
    verdicts = (_verdict(campaign, verdict) for campaign, verdict in dump.all_verdicts())
    _copy(connection, "verdict", _VERDICT, verdicts)
    connection.execute(
        "update ledger set last_job = %s, commits = commits + 1 where one = 1", (last,)
    )
    return len(staged)


_RUN = ("id", "name", "campaign", "account", "started", "finished", "exit_code", "last_paid")
_JOB = (
    *("id", "campaign", "shape", "round", "take", "purchases", "attempts", "width", "height"),
    *("bytes", "key", "cell", "ids", "stage", "state", "url", "reason", "path", "sha256", "kind"),
    "alpha",
)
_PURCHASE = ("job", "nth", "key", "run", "opened", "state", "credits", "in_doubt")
_TICKET = (
    *("id", "name", "run", "profile", "model", "images", "opened", "state", "changed", "file"),
    *("batch", "expires", "misses", "missed", "reason"),
)
_ATTEMPT = (
    *("job", "number", "nth", "run", "started", "ended", "http", "outcome", "request_id"),
    *("error", "ticket"),
)
_VERDICT = (
    *("campaign", "cell", "stage", "revision", "decision", "round", "take", "job", "sha256"),
    *("by", "at", "note"),
)


def _stored_purchase(row: PurchaseRow) -> Named:
    named = purchase_columns(row)
    return named | {"key": bytes.fromhex(named["key"])}


def _run(row: RunRow) -> Sequence[Any]:
    told = (row.id, row.run.id, escaped(row.run.campaign), escaped(row.run.account))
    return [*told, row.started, row.finished, row.exit_code, row.last_paid]


def _verdict(campaign: Slug, verdict: Verdict) -> Sequence[Any]:
    told = (
        *(campaign, verdict.cell, verdict.stage.value, verdict.revision, verdict.decision.value),
        *(verdict.round, verdict.take, verdict.job, verdict.sha256, verdict.by, verdict.at),
        verdict.note,
    )
    return [(escaped(one) or "") if isinstance(one, str) else one for one in told]


def _in_order(columns: Sequence[str], rows: Iterable[Named]) -> Iterator[Sequence[Any]]:
    return ([row[column] for column in columns] for row in rows)


def _copy(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _count(connection: Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
