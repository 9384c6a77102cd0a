"""The Protocol of row stores, which read and write rows of a ledger without any rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow, TicketRow
from pipeline.model.entry import AttemptRecord, ImageRecord
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Account, CellName, Slug, Stage
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import TicketId
from pipeline.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendScope:
    """The purchases to sum; `None` selects all."""

    account: Account | None = None
    campaign: Slug | None = None
    run: RunId | None = None
    month: str | None = None


class RowStore(Protocol):
    """The rows of one ledger, inside a transaction that the caller opened.

    A returned row is a copy; changes have no effect until it is saved. Ids of runs and jobs are
    internal to the store. Later calls in the same transaction see what was added or saved.
    """

    def commits(self) -> int:
        """Return how many transactions have written to the ledger."""
        ...

    def run(self, name: RunId) -> RunRow | None:
        """Return a run by its public name."""
        ...

    def add_run(self, run: Run, *, started: int, number: int | None = None) -> None:
        """Add a run; its id is `number` if that is free, else one more than the greatest."""
        ...

    def save_run(self, row: RunRow) -> None:
        """Save the ending of a run, and when it last paid."""
        ...

    def runs(self, campaign: Slug | None) -> Sequence[RunRow]:
        """Return the runs of a campaign, or all, newest first: by their ids."""
        ...

    def buying_runs(self, campaign: Slug) -> Sequence[tuple[RunRow, Spent]]:
        """Return every run of a campaign that opened a purchase, oldest first, with the sum."""
        ...

    def run_by_id(self, id_: int) -> RunRow:
        """Return a run that other rows refer to."""
        ...

    def check_lease(self, run: RunRow, *, buying: bool) -> None:
        """Raise `LeaseLost` if another run has taken its place.

        If it is `buying`, also raise the error that halts every run of its account. Only ledgers
        that several machines share know of either.
        """
        ...

    def job(self, key: JobKey) -> JobRow | None:
        """Return a job by its key."""
        ...

    def add_job(self, key: JobKey, at: Coordinates) -> JobRow:
        """Add a job that was not known; its state is `planned`."""
        ...

    def save_job(self, row: JobRow) -> None:
        """Save the state, counts, URL, reason and artifact of a job."""
        ...

    def purchase(self, job: int, number: int) -> PurchaseRow:
        """Return a purchase that exists."""
        ...

    def add_purchase(self, row: PurchaseRow) -> None:
        """Add a purchase; `spent` includes it at once in every scope."""
        ...

    def save_purchase(self, row: PurchaseRow) -> None:
        """Save the state and credits of a purchase; `spent` includes the change at once."""
        ...

    def attempt(self, job: int, number: int) -> AttemptRow | None:
        """Return an attempt of a job."""
        ...

    def add_attempt(self, row: AttemptRow) -> None:
        """Add an attempt."""
        ...

    def save_attempt(self, row: AttemptRow) -> None:
        """Save how an attempt ended."""
        ...

    def open_attempts(self, campaign: Slug) -> Sequence[tuple[JobRow, AttemptRow]]:
        """Return every attempt of a campaign that has no ending, and that no ticket orders."""
        ...

    def ticket(self, name: TicketId) -> TicketRow | None:
        """Return a ticket by its public name."""
        ...

    def add_ticket(self, row: TicketRow) -> int:
        """Add a ticket; return its id, which is one more than the greatest, whatever `row.id`."""
        ...

    def save_ticket(self, row: TicketRow) -> None:
        """Save how far a ticket has come: all but id, name, run, profile, model, images, opened."""
        ...

    def open_tickets(self) -> Sequence[TicketRow]:
        """Return every ticket that is not collected, over all campaigns, oldest first."""
        ...

    def ticket_attempts(self, ticket: int) -> Sequence[tuple[JobRow, AttemptRow]]:
        """Return the attempts that a ticket orders and that have no ending, oldest job first."""
        ...

    def keep_reply(self, attempt: AttemptRow, raw: bytes) -> None:
        """Add the body of a reply, as proof of what the provider said."""
        ...

    def reply(self, key: JobKey) -> bytes:
        """Return the newest body of a reply to a job that was kept; empty if there is none."""
        ...

    def spent(self, scope: SpendScope) -> Spent:
        """Return the confirmed credits of a scope, and those in doubt or reserved."""
        ...

    def keep_within(self, scope: SpendScope, limit: Amount) -> None:
        """Let the transaction fail, and be tried again, if it brings a sum above a limit.

        For stores whose rows were read before the transaction: others may have spent meanwhile.
        """
        ...

    def jobs(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        """Return the known ones among these jobs, each with its purchases in order."""
        ...

    def campaign_jobs(self, campaign: Slug) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        """Return every job of a campaign in the order of submission, with its purchases."""
        ...

    def images(self) -> Iterable[ImageRecord]:
        """Return the URL of every job that bought one, with the sha256 of its stored file."""
        ...

    def attempts(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobKey, AttemptRecord]]:
        """Return every attempt of these jobs, in order."""
        ...

    def add_verdict(self, campaign: Slug, verdict: Verdict) -> None:
        """Add a verdict."""
        ...

    def newest_verdict(self, campaign: Slug, cell: CellName, stage: Stage) -> Verdict | None:
        """Return the verdict with the highest revision."""
        ...

    def verdicts(self, campaign: Slug, cell: CellName | None) -> Sequence[Verdict]:
        """Return every verdict of a campaign, or of one cell, oldest first."""
        ...
