"""All rows of a ledger, for copying it into a database of another kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow, TicketRow
from pipeline.model.names import Slug
from pipeline.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyRow:
    """The body of a reply that was kept."""

    job: int
    number: int
    raw: bytes


class LedgerDump(Protocol):
    """Every row of one ledger, as of one moment, in the order in which they were added."""

    def all_runs(self) -> Iterable[RunRow]:
        """Return the runs."""
        ...

    def all_jobs(self) -> Iterable[JobRow]:
        """Return the jobs."""
        ...

    def all_purchases(self) -> Iterable[PurchaseRow]:
        """Return the purchases, job by job."""
        ...

    def all_tickets(self) -> Iterable[TicketRow]:
        """Return the tickets."""
        ...

    def all_attempts(self) -> Iterable[AttemptRow]:
        """Return the attempts, job by job."""
        ...

    def all_replies(self) -> Iterable[ReplyRow]:
        """Return the bodies of replies."""
        ...

    def all_verdicts(self) -> Iterable[tuple[Slug, Verdict]]:
        """Return the verdicts with their campaigns."""
        ...


def load(store: RowStore, dump: LedgerDump) -> int:
    """Add every row to an empty ledger, in the transaction of the caller; return the job count.

    Jobs and tickets are counted anew, and runs keep their numbers.
    """
    for run in dump.all_runs():
        store.add_run(run.run, started=run.started, number=run.id)
        store.save_run(run)
    ids = {}
    for job in dump.all_jobs():
        old, job.id = job.id, store.add_job(job.key, job.at).id
        ids[old] = job.id
        store.save_job(job)
    for purchase in dump.all_purchases():
        purchase.job = ids[purchase.job]
        store.add_purchase(purchase)
    tickets: dict[int | None, int | None] = {None: None}
    for ticket in dump.all_tickets():
        tickets[ticket.id] = store.add_ticket(ticket)
    for attempt in dump.all_attempts():
        attempt.job, attempt.ticket = ids[attempt.job], tickets[attempt.ticket]
        store.add_attempt(attempt)
    for reply in dump.all_replies():
        found = store.attempt(ids[reply.job], reply.number)
        if found is not None:
            store.keep_reply(found, reply.raw)
    for campaign, verdict in dump.all_verdicts():
        store.add_verdict(campaign, verdict)
    return len(ids)
