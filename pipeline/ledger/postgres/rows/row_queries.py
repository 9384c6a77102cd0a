"""Reading rows of the Postgres ledger, inside a transaction that the caller opened."""
# ruff: noqa: D102 - RowStore documents each method

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from pipeline.errors import LedgerUnusable
from pipeline.ledger.postgres.rows.columns import (
    JOB_COLUMNS,
    attempt_from,
    digits_of,
    escaped,
    job_from,
    purchase_from,
    record_from,
    run_from,
    scope_columns,
    text_of,
    ticket_from,
    unescaped,
)
from pipeline.ledger.postgres.schema.functions import ATTEMPT, JOB, JOBS, PURCHASE, RUN, TICKET
from pipeline.ledger.row_store import SpendScope
from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow, TicketRow
from pipeline.ledger.shared_columns import verdict_from
from pipeline.model.entry import AttemptRecord, ImageRecord
from pipeline.model.job import JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.run import RunId
from pipeline.model.ticket import TicketId
from pipeline.model.verdict import Verdict

Connection = psycopg.Connection[tuple[Any, ...]]

_CHUNK = 5000
_KEYS = "array(select decode(k, 'hex') from unnest(%(keys)s::text[]) k)"
_VERDICT = (
    """id, campaign, cell, stage, revision, decision, round, take, job, sha256, by, at, note"""
)
_BOUGHT = f"select {JOB}, {PURCHASE} from {JOBS} left join purchase p on p.job = j.id"
_SPENT = """
select coalesce(sum(confirmed), 0)::bigint, coalesce(sum(doubt + reserved), 0)::bigint
from tally t join run r on r.id = t.run
where (%(account)s::text is null or r.account = %(account)s)
  and (%(campaign)s::text is null or r.campaign = %(campaign)s)
  and (%(run)s::text is null or r.name = %(run)s)
  and (%(month)s::text is null or t.month = %(month)s)
"""


class RowQueries:
    """What `RowStore` reads, each with one statement."""

    job_by_key = f"select {JOB} from {JOBS} where j.key = any({_KEYS})"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def commits(self) -> int:
        return int(self._must("select commits from ledger")[0])

    def run(self, name: RunId) -> RunRow | None:
        row = self._one(f"select {RUN} from run r where r.name = %(name)s", {"name": name})
        return run_from(row) if row else None

    def run_by_id(self, id_: int) -> RunRow:
        return run_from(self._must(f"select {RUN} from run r where r.id = %(id)s", {"id": id_}))

    def runs(self, campaign: Slug | None) -> Sequence[RunRow]:
        rows = self._all(
            f"select {RUN} from run r where %(campaign)s::text is null "
            "or r.campaign = %(campaign)s order by r.id desc",
            {"campaign": None if campaign is None else escaped(campaign)},
        )
        return [run_from(row) for row in rows]

    def buying_runs(self, campaign: Slug) -> Sequence[tuple[RunRow, Spent]]:
        rows = self._all(
            f"select {RUN}, sum(t.confirmed)::bigint, sum(t.doubt + t.reserved)::bigint "
            "from run r join tally t on t.run = r.id where r.campaign = %(campaign)s "
            "group by r.id order by r.id",
            {"campaign": escaped(campaign)},
        )
        return [(run_from(row), _interval(confirmed, held)) for *row, confirmed, held in rows]

    def job(self, key: JobKey) -> JobRow | None:
        row = self._one(self.job_by_key, {"keys": [digits_of(key)]})
        return job_from(row)[0] if row else None

    def purchase(self, job: int, number: int) -> PurchaseRow:
        found = f"select {PURCHASE} from purchase p where p.job = %(job)s and p.nth = %(number)s"
        return purchase_from(self._must(found, {"job": job, "number": number}))

    def attempt(self, job: int, number: int) -> AttemptRow | None:
        found = f"select {ATTEMPT} from attempt a where a.job = %(job)s and a.number = %(number)s"
        row = self._one(found, {"job": job, "number": number})
        return attempt_from(row) if row else None

    def open_attempts(self, campaign: Slug) -> Sequence[tuple[JobRow, AttemptRow]]:
        rows = self._all(
            f"select {JOB}, {ATTEMPT} from {JOBS} join attempt a on a.job = j.id "
            "where a.outcome = 'submitted' and a.ticket is null and c.slug = %(campaign)s and not "
            "exists (select from lease l where l.run = a.run and is_living(renewed, seconds)) "
            "order by a.job, a.number",
            {"campaign": escaped(campaign)},
        )
        return [(job_from(row)[0], attempt_from(row[JOB_COLUMNS:])) for row in rows]

    def ticket(self, name: TicketId) -> TicketRow | None:
        asked = f"select {TICKET} from ticket t where t.name = %(name)s"
        row = self._one(asked, {"name": escaped(name)})
        return ticket_from(row) if row else None

    def open_tickets(self) -> Sequence[TicketRow]:
        rows = self._all(
            f"select {TICKET} from ticket t where t.state <> 'collected' order by t.id"
        )
        return [ticket_from(row) for row in rows]

    def ticket_attempts(self, ticket: int) -> Sequence[tuple[JobRow, AttemptRow]]:
        rows = self._all(
            f"select {JOB}, {ATTEMPT} from {JOBS} join attempt a on a.job = j.id "
            "where a.outcome = 'submitted' and a.ticket = %(ticket)s order by a.job, a.number",
            {"ticket": ticket},
        )
        return [(job_from(row)[0], attempt_from(row[JOB_COLUMNS:])) for row in rows]

    def reply(self, key: JobKey) -> bytes:
        row = self._one(
            "select raw from reply where job = (select id from job where key = any("
            f"{_KEYS})) order by id desc limit 1",
            {"keys": [digits_of(key)]},
        )
        return bytes(row[0]) if row else b""

    def spent(self, scope: SpendScope) -> Spent:
        row = self._must(_SPENT, columns_of(scope))
        return _interval(row[0], row[1])

    def jobs(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        asked = f"{_BOUGHT} where j.key = any({_KEYS}) order by j.id, p.nth"
        for start in range(0, len(keys), _CHUNK):
            chunk = [digits_of(key) for key in keys[start : start + _CHUNK]]
            yield from _grouped(self._all(asked, {"keys": chunk}))

    def campaign_jobs(self, campaign: Slug) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        asked = f"{_BOUGHT} where c.slug = %(campaign)s order by j.id, p.nth"
        yield from _grouped(self._streamed(asked, {"campaign": escaped(campaign)}))

    def images(self) -> Sequence[ImageRecord]:
        rows = self._streamed(
            "select encode(key, 'hex'), url, encode(sha256, 'hex') from job "
            "where url is not null and purchases > 0 order by id",
            {},
        )
        return [
            ImageRecord(
                job=JobKey(text_of(key)),
                url=unescaped(url),
                sha256=text_of(sha256) if sha256 else "",
            )
            for key, url, sha256 in rows
        ]

    def attempts(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobKey, AttemptRecord]]:
        asked = (
            f"select encode(j.key, 'hex'), r.name, encode(p.key, 'hex'), t.name, {ATTEMPT} "
            "from job j join attempt a on a.job = j.id "
            "join purchase p on p.job = a.job and p.nth = a.nth join run r on r.id = a.run "
            "left join ticket t on t.id = a.ticket "
            f"where j.key = any({_KEYS}) order by a.job, a.number"
        )
        for start in range(0, len(keys), _CHUNK):
            chunk = [digits_of(key) for key in keys[start : start + _CHUNK]]
            for key, *record in self._all(asked, {"keys": chunk}):
                yield JobKey(text_of(key)), record_from(record)

    def newest_verdict(self, campaign: Slug, cell: CellName, stage: Stage) -> Verdict | None:
        row = self._one(
            f"select {_VERDICT} from verdict where campaign = %(campaign)s and cell = %(cell)s "
            "and stage = %(stage)s order by revision desc limit 1",
            {"campaign": escaped(campaign), "cell": escaped(cell), "stage": stage.value},
        )
        return verdict_of(row) if row else None

    def verdicts(self, campaign: Slug, cell: CellName | None) -> Sequence[Verdict]:
        rows = self._all(
            f"select {_VERDICT} from verdict where campaign = %(campaign)s "
            "and (%(cell)s::text is null or cell = %(cell)s) order by id",
            {"campaign": escaped(campaign), "cell": None if cell is None else escaped(cell)},
        )
        return [verdict_of(row) for row in rows]

    def _all(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        return self._connection.execute(sql, values).fetchone()

    def _must(self, sql: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        row = self._one(sql, values)
        if row is None:
            raise LedgerUnusable(f"the ledger is damaged: it lost a row ({sql.strip()}, {values})")
        return row

    def _streamed(self, sql: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Read a large result in pieces, from a cursor on the server."""
        with self._connection.cursor("streamed") as cursor:
            cursor.itersize = _CHUNK
            yield from cursor.execute(sql, values)


def columns_of(scope: SpendScope) -> Mapping[str, str | None]:
    """Return a scope as the statements take it."""
    return scope_columns(
        account=scope.account, campaign=scope.campaign, run=scope.run, month=scope.month
    )


def _interval(confirmed: int, held: int) -> Spent:
    return Spent(confirmed=Amount(confirmed), in_doubt=Amount(held))


def verdict_of(row: Sequence[Any]) -> Verdict:
    """Return a verdict; its texts are escaped."""
    return verdict_from([unescaped(cell) if isinstance(cell, str) else cell for cell in row])


def _grouped(
    rows: Iterable[tuple[Any, ...]],
) -> Iterator[tuple[JobRow, Sequence[PurchaseRow]]]:
    """Group rows of a job and one of its purchases by job."""
    job: JobRow | None = None
    purchases: list[PurchaseRow] = []
    for row in rows:
        if job is None or job.id != row[0]:
            if job is not None:
                yield job, purchases
            job, purchases = job_from(row)[0], []
        bought = row[JOB_COLUMNS:]
        if bought[0] is not None:
            purchases.append(purchase_from(bought))
    if job is not None:
        yield job, purchases
