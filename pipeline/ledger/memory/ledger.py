"""A ledger in memory, with the same rules; it is lost when the process ends."""
# ruff: noqa: D102 - RowStore documents each method

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pipeline.ledger.base_ledger import BaseLedger, Clock, utc_now
from pipeline.ledger.row_store import RowStore, SpendScope
from pipeline.ledger.rows import (
    AttemptOutcome,
    AttemptRow,
    JobRow,
    PurchaseRow,
    RunRow,
    TicketRow,
    iso,
    milliseconds,
    month_of,
    sum_of,
)
from pipeline.model.entry import Attempt, AttemptRecord, ImageRecord
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import TicketId, TicketState
from pipeline.model.verdict import Verdict

Result = TypeVar("Result")


class MemoryLedger(BaseLedger):
    """`Ledger` in dictionaries; nothing survives the process."""

    def __init__(self, *, now: Clock = utc_now) -> None:
        self.store = MemoryRowStore()
        self._now = now

    async def close(self) -> None:
        """Do nothing: there is no file."""

    async def _write(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
    ) -> Result:
        self.store.written += 1
        return operation(self.store, milliseconds(self._now()))

    async def _permit(
        self, operation: Callable[[RowStore, int], Attempt], *, jobs: Sequence[JobKey]
    ) -> Attempt:
        return await self._write(operation)

    async def _read(self, query: Callable[[RowStore], Result]) -> Result:
        return query(self.store)


@dataclass(kw_only=True, slots=True)
class _JobRecord:
    """A job with its purchases and attempts."""

    job: JobRow
    purchases: list[PurchaseRow] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)


class MemoryRowStore:
    """`RowStore` in dictionaries; rows are copied in and out, as a database would."""

    def __init__(self) -> None:
        self._runs: dict[RunId, RunRow] = {}
        self._names: dict[int, RunId] = {}
        self._jobs: dict[JobKey, _JobRecord] = {}
        self._by_id: list[_JobRecord] = []
        self._verdicts: list[tuple[Slug, Verdict]] = []
        self._tickets: dict[TicketId, TicketRow] = {}
        self.replies: list[tuple[JobKey, int, bytes]] = []
        """Job, attempt number and body of every kept reply."""
        self.written = 0
        """Number of writing operations applied."""

    def commits(self) -> int:
        return self.written

    def run(self, name: RunId) -> RunRow | None:
        row = self._runs.get(name)
        return replace(row) if row else None

    def run_by_id(self, id_: int) -> RunRow:
        return replace(self._runs[self._names[id_]])

    def add_run(self, run: Run, *, started: int, number: int | None = None) -> None:
        free = number is not None and number not in self._names
        id_ = number if number is not None and free else max(self._names, default=0) + 1
        self._names[id_] = run.id
        self._runs[run.id] = RunRow(id=id_, run=run, started=started)

    def save_run(self, row: RunRow) -> None:
        self._runs[row.run.id] = replace(row)

    def runs(self, campaign: Slug | None) -> Sequence[RunRow]:
        rows = [row for row in self._runs.values() if campaign in {None, row.run.campaign}]
        return sorted(rows, key=lambda row: row.id, reverse=True)

    def buying_runs(self, campaign: Slug) -> Sequence[tuple[RunRow, Spent]]:
        bought: dict[int, list[PurchaseRow]] = {}
        for record in self._by_id:
            for purchase in record.purchases:
                bought.setdefault(purchase.run, []).append(purchase)
        return [
            (replace(row), sum_of(bought[row.id]))
            for row in reversed(self.runs(campaign))
            if row.id in bought
        ]

    def check_lease(self, run: RunRow, *, buying: bool) -> None:
        """Do nothing: the campaign's lock says which run is alive."""

    def job(self, key: JobKey) -> JobRow | None:
        record = self._jobs.get(key)
        return replace(record.job) if record else None

    def add_job(self, key: JobKey, at: Coordinates) -> JobRow:
        record = _JobRecord(job=JobRow(id=len(self._by_id), key=key, at=at))
        self._jobs[key] = record
        self._by_id.append(record)
        return replace(record.job)

    def save_job(self, row: JobRow) -> None:
        self._by_id[row.id].job = replace(row)

    def purchase(self, job: int, number: int) -> PurchaseRow:
        return replace(self._by_id[job].purchases[number - 1])

    def add_purchase(self, row: PurchaseRow) -> None:
        self._by_id[row.job].purchases.append(replace(row))

    def save_purchase(self, row: PurchaseRow) -> None:
        self._by_id[row.job].purchases[row.number - 1] = replace(row)

    def attempt(self, job: int, number: int) -> AttemptRow | None:
        attempts = self._by_id[job].attempts
        return replace(attempts[number - 1]) if 1 <= number <= len(attempts) else None

    def add_attempt(self, row: AttemptRow) -> None:
        self._by_id[row.job].attempts.append(replace(row))

    def save_attempt(self, row: AttemptRow) -> None:
        self._by_id[row.job].attempts[row.number - 1] = replace(row)

    def open_attempts(self, campaign: Slug) -> Sequence[tuple[JobRow, AttemptRow]]:
        return [
            (replace(record.job), replace(attempt))
            for record in self._by_id
            if record.job.at.campaign == campaign
            for attempt in record.attempts
            if attempt.outcome is AttemptOutcome.SUBMITTED and attempt.ticket is None
        ]

    def ticket(self, name: TicketId) -> TicketRow | None:
        row = self._tickets.get(name)
        return replace(row) if row else None

    def add_ticket(self, row: TicketRow) -> int:
        id_ = len(self._tickets) + 1
        self._tickets[row.name] = replace(row, id=id_)
        return id_

    def save_ticket(self, row: TicketRow) -> None:
        self._tickets[row.name] = replace(row)

    def open_tickets(self) -> Sequence[TicketRow]:
        return [
            replace(row) for row in self._tickets.values() if row.state is not TicketState.COLLECTED
        ]

    def ticket_attempts(self, ticket: int) -> Sequence[tuple[JobRow, AttemptRow]]:
        return [
            (replace(record.job), replace(attempt))
            for record in self._by_id
            for attempt in record.attempts
            if attempt.ticket == ticket and attempt.outcome is AttemptOutcome.SUBMITTED
        ]

    def keep_reply(self, attempt: AttemptRow, raw: bytes) -> None:
        self.replies.append((self._by_id[attempt.job].job.key, attempt.number, raw))

    def reply(self, key: JobKey) -> bytes:
        return next((raw for job, _, raw in reversed(self.replies) if job == key), b"")

    def keep_within(self, scope: SpendScope, limit: Amount) -> None:
        """Do nothing: nobody else writes meanwhile."""

    def spent(self, scope: SpendScope) -> Spent:
        within = self._within(scope)
        return sum_of([row for record in self._by_id for row in record.purchases if within(row)])

    def jobs(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        for key in keys:
            if key in self._jobs:
                yield self._jobs[key].job, self._jobs[key].purchases

    def campaign_jobs(self, campaign: Slug) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        for record in self._by_id:
            if record.job.at.campaign == campaign:
                yield record.job, record.purchases

    def images(self) -> Sequence[ImageRecord]:
        return [
            ImageRecord(
                job=record.job.key,
                url=record.job.url,
                sha256=record.job.artifact.sha256 if record.job.artifact else "",
            )
            for record in self._by_id
            if record.job.url and record.job.purchases
        ]

    def attempts(self, keys: Sequence[JobKey]) -> Iterator[tuple[JobKey, AttemptRecord]]:
        tickets = {row.id: name for name, row in self._tickets.items()}
        for record in (self._jobs[key] for key in dict.fromkeys(keys) if key in self._jobs):
            for row in record.attempts:
                attempt_record = AttemptRecord(
                    number=row.number,
                    run=self._names[row.run],
                    purchase=record.purchases[row.purchase - 1].key,
                    purchase_number=row.purchase,
                    started=iso(row.started),
                    ended=iso(row.ended),
                    http=row.http,
                    outcome=row.outcome.value,
                    request_id=row.request_id,
                    error=row.error,
                    ticket=tickets[row.ticket] if row.ticket is not None else None,
                )
                yield record.job.key, attempt_record

    def add_verdict(self, campaign: Slug, verdict: Verdict) -> None:
        self._verdicts.append((campaign, verdict))

    def newest_verdict(self, campaign: Slug, cell: CellName, stage: Stage) -> Verdict | None:
        given = [verdict for verdict in self.verdicts(campaign, cell) if verdict.stage == stage]
        return given[-1] if given else None

    def verdicts(self, campaign: Slug, cell: CellName | None) -> Sequence[Verdict]:
        return [
            verdict
            for slug, verdict in self._verdicts
            if slug == campaign and cell in {None, verdict.cell}
        ]

    def _within(self, scope: SpendScope) -> Callable[[PurchaseRow], bool]:
        runs = {
            row.id
            for row in self._runs.values()
            if scope.account in {None, row.run.account}
            and scope.campaign in {None, row.run.campaign}
            and scope.run in {None, row.run.id}
        }
        return lambda row: row.run in runs and scope.month in {None, month_of(row.opened)}
