"""The operations of a ledger, each as one write or one read of a row store."""
# ruff: noqa: D102 - base.Ledger documents each operation

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from pipeline.errors import LocalFault, UsageError
from pipeline.ledger.base import SharedPace
from pipeline.ledger.row_store import RowStore, SpendScope
from pipeline.ledger.rows import RunRow, entry_of, iso, sum_of
from pipeline.ledger.rules import buying, restoring, settling, tickets
from pipeline.ledger.rules.attempts import (
    ReplyRecord,
    list_open_attempts,
    list_ticket_attempts,
)
from pipeline.ledger.rules.verdicts import decide
from pipeline.model.artifact import Artifact
from pipeline.model.coordination import WHOLE, LivingRun, Shard, SharedHalt
from pipeline.model.entry import (
    Attempt,
    AttemptRecord,
    CampaignRecord,
    Entry,
    ImageRecord,
    PurchaseRecord,
    Resolution,
    RestoredRecords,
    RunRecord,
    RunSpending,
)
from pipeline.model.job import Job, JobKey
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.names import Account, CellName, Slug, Stage
from pipeline.model.outcome import Failed, Receipt
from pipeline.model.packed.containers import ColumnMapping, PackedSequence
from pipeline.model.packed.rows import ENTRIES, IMAGES, packed_entries
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import Ticket, TicketId
from pipeline.model.verdict import Verdict

Clock = Callable[[], datetime]
Result = TypeVar("Result")


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class BaseLedger(ABC):
    """The base of ledgers: every operation as a function over a `RowStore`.

    A subclass makes writes durable and reads consistent; the rules are the same for all.
    """

    @abstractmethod
    async def _write(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
    ) -> Result:
        """Apply an operation durably, whole or not at all; it gets the rows and the time in ms.

        An operation that names its jobs reads and changes no others, and of runs and sums only
        those that concern its own purchase, unless it is `alone`. A ledger on another machine reads
        them beforehand. One that names none may read and change anything.
        """

    @abstractmethod
    async def _permit(
        self, operation: Callable[[RowStore, int], Attempt], *, jobs: Sequence[JobKey]
    ) -> Attempt:
        """Write as `_write` does, and release the permit if its caller was cancelled meanwhile."""

    @abstractmethod
    async def _read(self, query: Callable[[RowStore], Result]) -> Result:
        """Apply a query to one consistent state of the durable rows."""

    async def begin(self, run: Run, *, shard: Shard = WHOLE) -> Sequence[Attempt]:
        if shard != WHOLE:
            raise UsageError(
                "--shard needs a ledger that several coordinators share; nothing was sent.\n"
                "Next  export PIPELINE_LEDGER=postgresql://USER:PASSWORD@HOST/DATABASE"
            )
        return await self._write(lambda store, now: buying.begin(store, now, run))

    async def end(self, run: RunId, *, exit_code: int) -> None:
        await self._write(lambda store, now: buying.end(store, now, run, exit_code))

    async def living_runs(self, campaign: Slug) -> Sequence[LivingRun]:
        return ()

    async def halt(self, run: RunId, halt: SharedHalt) -> None:
        return

    def pace_of(self, account: Account) -> SharedPace | None:
        return None

    async def submit(
        self, job: Job, *, run: Run, budget: Budget, same_purchase: bool = False
    ) -> Attempt:
        if same_purchase:
            return await self._permit(
                lambda store, now: buying.resubmit(store, now, job, run=run), jobs=[job.key]
            )
        return await self._permit(
            lambda store, now: buying.submit(store, now, job, run=run, budget=budget),
            jobs=[job.key],
        )

    async def order(
        self, jobs: Sequence[Job], *, run: Run, budget: Budget, ticket: TicketId
    ) -> Sequence[Attempt]:
        return await self._write(
            lambda store, now: buying.order(
                store, now, jobs, run=run, budget=budget, ticket=ticket
            ),
            jobs=[job.key for job in jobs],
            alone=True,
        )

    async def update_ticket(self, ticket: Ticket) -> None:
        await self._write(lambda store, now: tickets.update(store, now, ticket))

    async def close_ticket(self, ticket: TicketId) -> None:
        await self._write(lambda store, now: tickets.close(store, now, ticket))

    async def open_tickets(
        self, *, campaign: Slug | None = None, account: Account | None = None
    ) -> Sequence[Ticket]:
        return await self._read(
            lambda store: tickets.open_tickets(store, campaign=campaign, account=account)
        )

    async def ticket_attempts(self, ticket: TicketId) -> Sequence[Attempt]:
        return await self._read(lambda store: list_ticket_attempts(store, ticket))

    async def paid(self, attempt: Attempt, receipt: Receipt) -> None:
        await self._write(
            lambda store, now: settling.paid(store, now, attempt, receipt), jobs=[attempt.job]
        )

    async def stored(self, job: JobKey, artifact: Artifact) -> None:
        await self._write(lambda store, _: settling.stored(store, job, artifact), jobs=[job])

    async def share(self, jobs: Sequence[Job]) -> int:
        keys = [key for job in jobs for key in (job.key, job.payer) if key is not None]
        return await self._write(lambda store, _: settling.share(store, jobs), jobs=keys)

    async def unfetched(self, job: JobKey, *, reason: str, lost: bool) -> None:
        await self._write(
            lambda store, _: settling.unfetched(store, job, reason=reason, lost=lost), jobs=[job]
        )

    async def fail(
        self, attempt: Attempt, failure: Failed, *, http: int | None = None, request_id: str = ""
    ) -> None:
        reply = ReplyRecord(http=http, request_id=request_id)
        await self._write(
            lambda store, now: settling.fail(store, now, attempt, failure=failure, reply=reply),
            jobs=[attempt.job],
        )

    async def release(
        self, attempt: Attempt, *, reason: str, http: int | None = None, request_id: str = ""
    ) -> None:
        reply = ReplyRecord(http=http, request_id=request_id)
        await self._write(
            lambda store, now: settling.release(store, now, attempt, reason=reason, reply=reply),
            jobs=[attempt.job],
        )

    async def doubt(
        self,
        attempt: Attempt,
        *,
        reason: str,
        http: int | None = None,
        request_id: str = "",
        raw: bytes = b"",
        at_most: Amount | None = None,
    ) -> None:
        reply = ReplyRecord(http=http, request_id=request_id, raw=raw)
        await self._write(
            lambda store, now: settling.doubt(
                store, now, attempt, reason=reason, reply=reply, at_most=at_most
            ),
            jobs=[attempt.job],
        )

    async def abandon(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        await self._write(
            lambda store, _: settling.abandon(store, attempts, reason=reason),
            jobs=[attempt.job for attempt in attempts],
        )

    async def open_attempts(self, campaign: Slug) -> Sequence[Attempt]:
        return await self._read(lambda store: list_open_attempts(store, campaign))

    async def image_found(self, job: JobKey, url: str, *, charged: Amount | None = None) -> None:
        await self._write(
            lambda store, _: settling.image_found(store, job, url, charged=charged), jobs=[job]
        )

    async def resolve(
        self, job: JobKey, resolution: Resolution, *, charged: Amount | None = None
    ) -> None:
        await self._write(
            lambda store, _: settling.resolve(store, job, resolution, charged=charged), jobs=[job]
        )

    async def restore(self, records: RestoredRecords) -> int:
        return await self._write(
            lambda store, now: restoring.restore(store, now, records),
            jobs=[job.key for job in records.jobs],
            alone=True,
        )

    async def entries(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Entry]:
        return await self._read(
            lambda store: {row.key: entry_of(row, bought) for row, bought in store.jobs(keys)}
        )

    async def campaign_entries(self, campaign: Slug) -> Sequence[Entry]:
        return await self._read(
            lambda store: PackedSequence(
                (entry_of(row, bought) for row, bought in store.campaign_jobs(campaign)), ENTRIES
            )
        )

    async def images(self) -> Sequence[ImageRecord]:
        return await self._read(lambda store: PackedSequence(store.images(), IMAGES))

    async def record(self, campaign: Slug) -> CampaignRecord:
        return await self._read(lambda store: _record_of(store, campaign))

    async def purchases(self, campaign: Slug) -> Sequence[PurchaseRecord]:
        return await self._read(lambda store: _purchases_of(store, campaign))

    async def attempts(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Sequence[AttemptRecord]]:
        return await self._read(lambda store: _grouped(store, keys))

    async def reply(self, job: JobKey) -> bytes:
        return await self._read(lambda store: store.reply(job))

    async def spent(
        self,
        *,
        account: Account | None = None,
        campaign: Slug | None = None,
        run: RunId | None = None,
        month: str | None = None,
    ) -> Spent:
        scope = SpendScope(account=account, campaign=campaign, run=run, month=month)
        return await self._read(lambda store: store.spent(scope))

    async def decide(self, verdict: Verdict, *, campaign: Slug, base: int | None = None) -> Verdict:
        return await self._write(lambda store, _: decide(store, verdict, campaign, base))

    async def verdicts(self, campaign: Slug) -> Mapping[tuple[CellName, Stage], Verdict]:
        given = await self._read(lambda store: store.verdicts(campaign, None))
        return {(verdict.cell, verdict.stage): verdict for verdict in given}

    async def verdict_history(self, campaign: Slug, cell: CellName) -> Sequence[Verdict]:
        return await self._read(lambda store: store.verdicts(campaign, cell))

    async def all_verdicts(self, campaign: Slug) -> Sequence[Verdict]:
        return await self._read(lambda store: store.verdicts(campaign, None))

    async def runs(self, campaign: Slug | None = None) -> Sequence[RunRecord]:
        rows = await self._read(lambda store: store.runs(campaign))
        return [_record(row) for row in rows]

    async def known_runs(self, names: Sequence[RunId]) -> Mapping[RunId, RunRecord]:
        return await self._read(
            lambda store: {name: _record(row) for name in names if (row := store.run(name))}
        )

    async def spent_by_run(self, campaign: Slug) -> Sequence[RunSpending]:
        rows = await self._read(lambda store: store.buying_runs(campaign))
        return [RunSpending(run=_record(row), spent=spent) for row, spent in rows]

    async def last_paid(self, account: Account) -> datetime | None:
        rows = await self._read(lambda store: store.runs(None))
        moments = [row.last_paid for row in rows if row.run.account == account and row.last_paid]
        return datetime.fromtimestamp(max(moments) / 1000, UTC) if moments else None

    async def written(self) -> int:
        return await self._read(lambda store: store.commits())


def _record_of(store: RowStore, campaign: Slug) -> CampaignRecord:
    payers = {row.id: row.run.account for row in store.runs(campaign)}
    runs = array("q")

    def read() -> Iterator[Entry]:
        for job, purchases in store.campaign_jobs(campaign):
            runs.append(purchases[-1].run if purchases else 0)
            yield entry_of(job, purchases)

    entries = packed_entries(read())
    return CampaignRecord(
        entries=entries,
        accounts=ColumnMapping(entries, map(payers.get, runs)),
        verdicts=store.verdicts(campaign, None),
    )


def _purchases_of(store: RowStore, campaign: Slug) -> list[PurchaseRecord]:
    payers: dict[int, Account] = {}
    found = []
    for job, purchases in store.campaign_jobs(campaign):
        for row in purchases:
            spent = sum_of([row])
            if not spent.upper:
                continue
            if row.run not in payers:
                payers[row.run] = store.run_by_id(row.run).run.account
            record = PurchaseRecord(
                at=job.at,
                number=row.number,
                account=payers[row.run],
                opened=iso(row.opened),
                spent=spent,
            )
            found.append(record)
    return found


def _grouped(store: RowStore, keys: Sequence[JobKey]) -> dict[JobKey, Sequence[AttemptRecord]]:
    grouped: dict[JobKey, list[AttemptRecord]] = {}
    for key, record in store.attempts(keys):
        grouped.setdefault(key, []).append(record)
    return dict(grouped)


def _record(row: RunRow) -> RunRecord:
    return RunRecord(
        id=row.run.id,
        campaign=row.run.campaign,
        account=row.run.account,
        started=iso(row.started),
        finished=iso(row.finished),
        exit_code=row.exit_code,
        number=row.id,
    )


class Connections(Protocol):
    """Connections that only read; no method waits for anything but the ledger."""

    def query(self, query: Callable[[RowStore], Result]) -> Result:
        """Return the result of a query, which sees one consistent state."""

    def close(self) -> None:
        """Close them; no query may be running."""


class ReadOnlyBase(BaseLedger):
    """A ledger that is only read. No operation waits: each ends in the call that awaits it."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._closed = False

    async def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self._connections.close()

    async def _write(
        self,
        operation: Callable[[RowStore, int], Result],
        *,
        jobs: Sequence[JobKey] = (),
        alone: bool = False,
    ) -> Result:
        raise LocalFault("this ledger is closed, or was opened for reading only")

    async def _permit(
        self, operation: Callable[[RowStore, int], Attempt], *, jobs: Sequence[JobKey]
    ) -> Attempt:
        return await self._write(operation)

    async def _read(self, query: Callable[[RowStore], Result]) -> Result:
        if self._closed:
            raise LocalFault("this ledger is closed")
        return self._connections.query(query)
