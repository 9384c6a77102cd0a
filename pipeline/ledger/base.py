"""The Protocol of ledgers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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
from pipeline.model.run import Run, RunId
from pipeline.model.ticket import Ticket, TicketId
from pipeline.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class StartTime:
    """The time at which a request may start, in seconds from now."""

    wait: float
    paused: float
    """Seconds of a pause that the provider asked for, of any coordinator; 0 if there is none."""


class SharedPace(Protocol):
    """How fast all coordinators together may ask one account."""

    async def take_turn(self, *, gap: float) -> StartTime:
        """Take the next turn; the following one is at least `gap` seconds after it."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let no coordinator start a request for some seconds."""
        ...


class Ledger(Protocol):
    """A durable record of requests and money.

    When a writing operation returns, its effect is durable: it survives a power loss. If the disk
    fails, it raises `LocalFault`, and so does every later one, since nothing may be bought with a
    ledger that cannot be written. Many tasks may call operations at once. They are applied in
    groups, in the order of the calls, each whole or not at all, even if a caller is cancelled.

    An `Attempt` is the permit for exactly one POST, and only `submit` returns one. A job has at
    most one purchase that is neither confirmed nor freed, unless a person asked for another one
    with `Resolution.REBUY`.
    """

    async def begin(self, run: Run, *, shard: Shard = WHOLE) -> Sequence[Attempt]:
        """Open a run; return the attempts that dead runs of its campaign left without an ending.

        Those of open tickets are not among them: a ticket outlives the run that opened it.

        The caller must hold the campaign's lock, so that no other run of this output folder is
        alive. A ledger that several machines share gives the run a lease besides, and raises
        `LockHeld` while another run of the campaign has one, unless both are different shards of
        the same number. Other ledgers have no shards: `UsageError`. The attempts are
        not changed: their credits count as in doubt, and `submit` refuses their jobs until each
        is ended by `paid`, `fail`, `release`, `doubt` or `abandon`. If the caller dies before
        that, the next `begin` returns them again.
        """
        ...

    async def end(self, run: RunId, *, exit_code: int) -> None:
        """Record how a run ended."""
        ...

    async def living_runs(self, campaign: Slug) -> Sequence[LivingRun]:
        """Return the runs that have a lease of a campaign and belong to another output folder.

        Of those of this folder, its lock says which are alive. Ledgers without leases know none.
        """
        ...

    async def halt(self, run: RunId, halt: SharedHalt) -> None:
        """Let `submit` refuse every run that is alive on the account of this one.

        Those runs then stop for the same reason. Without leases this does nothing: every run finds
        out for itself.
        """
        ...

    def pace_of(self, account: Account) -> SharedPace | None:
        """Return the pace that all coordinators of an account share; `None`: there is but one."""
        ...

    async def submit(
        self, job: Job, *, run: Run, budget: Budget, same_purchase: bool = False
    ) -> Attempt:
        """Reserve the most that a job can cost within every budget, and permit one POST.

        This is one durable transaction, to be made before anything is sent. Raises `BudgetReached`
        if confirmed + in doubt + reserved + price would exceed a budget (`month`: that of the
        account in the current UTC month, over all campaigns).

        With `same_purchase`, the newest purchase of a job in doubt is sent again under its key, on
        the same account. Nothing more is reserved, and the purchase stays with the run that
        opened it.

        Raises `ValueError` if the job could be paid for twice: if it is stored, paid, lost, in
        doubt (without `same_purchase`), or has an open attempt; and for a replay on another
        account, or one whose key is lost. Raises `LeaseLost` if another run has taken the place of
        this one, and the error of `halt` if its account is halted. If the caller is cancelled
        before it receives the permit, the permit is released.
        """
        ...

    async def order(
        self, jobs: Sequence[Job], *, run: Run, budget: Budget, ticket: TicketId
    ) -> Sequence[Attempt]:
        """Open a ticket and reserve what its images can cost, in one durable transaction.

        As many of the first jobs are ordered as the budgets allow; raises `BudgetReached` if they
        do not allow even one. The attempts permit one order together, and stay open over any
        number of runs until each is ended as the attempts of `submit` are. Raises `ValueError`
        for a job that could be paid for twice, for jobs of several models, and for a ticket that
        exists; and what `submit` raises if a lease is lost or the account is halted.
        """
        ...

    async def update_ticket(self, ticket: Ticket) -> None:
        """Record how far a ticket has come, before the next step of it is taken.

        What is recorded is its state, file, batch, expiry, misses and reason. Raises `ValueError`
        for a step back, for another file or batch than the recorded one, and for `COLLECTED`.
        """
        ...

    async def close_ticket(self, ticket: TicketId) -> None:
        """Record that a ticket is collected; raises `ValueError` while an attempt of it is open.

        A second call changes nothing.
        """
        ...

    async def open_tickets(
        self, *, campaign: Slug | None = None, account: Account | None = None
    ) -> Sequence[Ticket]:
        """Return the tickets that are not collected, oldest first; `None` selects all."""
        ...

    async def ticket_attempts(self, ticket: TicketId) -> Sequence[Attempt]:
        """Return the attempts of a ticket without an ending; none for an unknown ticket."""
        ...

    async def paid(self, attempt: Attempt, receipt: Receipt) -> None:
        """Record a purchase: its cost is confirmed, the URL is kept, the job is `Paid`.

        The receipt says what was charged; the rest of the reservation is freed, except what the
        receipt leaves in doubt. Call it before the download starts. It also applies to an attempt
        in doubt. A second call for the same attempt changes nothing. If the job has been bought
        again meanwhile, only the money is corrected. Raises `ValueError` for an attempt that was
        closed as not charged.
        """
        ...

    async def stored(self, job: JobKey, artifact: Artifact) -> None:
        """Record that the image is on disk and complete: the job is `Stored`.

        May be called again, after a repair or if the file has moved.
        """
        ...

    async def share(self, jobs: Sequence[Job]) -> int:
        """Record under jobs that share an image what their payers have; return how many got it.

        Nothing is charged, and no file is written: both entries name one artifact, or one URL to
        download it from. From then on the job keeps its image, whatever becomes of its payer. Left
        alone are jobs whose payer has no image, and jobs that are stored, paid, in doubt or in
        flight themselves.
        """
        ...

    async def unfetched(self, job: JobKey, *, reason: str, lost: bool) -> None:
        """Record that a paid image could not be downloaded or, with `lost`, that it never can be.

        The job stays paid for. A lost image is bought again only after `Resolution.REBUY`.
        """
        ...

    async def fail(
        self, attempt: Attempt, failure: Failed, *, http: int | None = None, request_id: str = ""
    ) -> None:
        """Record that an attempt gave no image: its reservation is freed, the job is `Failed`.

        What `failure` has in doubt stays counted, until `resolve` settles it or the job is bought
        again; the job stays `Failed` all the same. If an earlier attempt of the same purchase is
        in doubt, purchase and job stay in doubt, since a failed replay proves nothing about it.
        The same holds for `release`.
        """
        ...

    async def release(
        self, attempt: Attempt, *, reason: str, http: int | None = None, request_id: str = ""
    ) -> None:
        """Record that nothing was sent or charged: the job is due again."""
        ...

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
        """Record that an attempt may have been charged: its credits are in doubt.

        The job is not bought again unless `same_purchase` replays it, or `resolve` frees it. Pass
        `at_most` if it may have cost more than was reserved. A second call for the same attempt
        changes nothing.
        """
        ...

    async def abandon(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Record that it is not known how these attempts ended: each is in doubt, as by `doubt`.

        This is one durable transaction. No time of ending is recorded, since none is known. An
        attempt that has an ending already is not changed.
        """
        ...

    async def open_attempts(self, campaign: Slug) -> Sequence[Attempt]:
        """Return the attempts of a campaign without an ending: in flight, or left by a dead run.

        Those of open tickets are not among them, nor those of runs that are known to be alive.
        """
        ...

    async def image_found(self, job: JobKey, url: str, *, charged: Amount | None = None) -> None:
        """Record that a person found the image of a job in doubt or lost: `Paid` at this URL.

        Also for a job whose download has failed, since it may fail for ever. `charged` is what the
        doubt really cost; by default, all that was counted for it. Raises `ValueError` for a job in
        another state.
        """
        ...

    async def resolve(
        self, job: JobKey, resolution: Resolution, *, charged: Amount | None = None
    ) -> None:
        """Record the answer of a person, or of the balance, for a job in doubt.

        Only `REBUY` permits a second purchase of a job in doubt or lost, or of one whose download
        has failed; the first stays counted.
        `charged` is as in `image_found`, for `CHARGED` only, and all that the purchase cost.

        `CHARGED` and `NOT_CHARGED` also settle the money in doubt of a job that is stored, paid,
        lost or failed, and never its image. Raises `ValueError` for a job in another state, and
        for a charge of less than is confirmed.
        """
        ...

    async def restore(self, records: RestoredRecords) -> int:
        """Write what is recorded of runs that this ledger lost; return how many jobs it changed.

        One durable transaction. A job that is known already follows the record that has more of
        its attempts, or the same ones and a later answer; nothing that is paid for or in doubt
        becomes less. What a run bought beyond the jobs that are recorded becomes an entry of its
        own. A purchase that is restored in doubt is never replayed, since its key is not known.
        """
        ...

    async def entries(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Entry]:
        """Return the entries of these jobs; unknown jobs are absent."""
        ...

    async def campaign_entries(self, campaign: Slug) -> Sequence[Entry]:
        """Return every job of a campaign that was ever submitted, in the order of submission.

        This includes jobs that are no longer in the campaign file.
        """
        ...

    async def images(self) -> Sequence[ImageRecord]:
        """Return the URL and file of every job that was paid for, over all campaigns."""
        ...

    async def record(self, campaign: Slug) -> CampaignRecord:
        """Return everything that is known of a campaign, read at one moment."""
        ...

    async def purchases(self, campaign: Slug) -> Sequence[PurchaseRecord]:
        """Return every purchase of a campaign that cost something or may have, job by job.

        Their sum is what `spent` says of the campaign.
        """
        ...

    async def attempts(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Sequence[AttemptRecord]]:
        """Return every POST of these jobs, in order; jobs without any are absent."""
        ...

    async def reply(self, job: JobKey) -> bytes:
        """Return the newest body of a reply to a job that was kept; empty if there is none."""
        ...

    async def spent(
        self,
        *,
        account: Account | None = None,
        campaign: Slug | None = None,
        run: RunId | None = None,
        month: str | None = None,
    ) -> Spent:
        """Return the credits of purchases, confirmed and in doubt; reserved ones are in doubt.

        `month` is `YYYY-MM`, UTC, by the time of the purchase. `None` selects all.
        """
        ...

    async def decide(self, verdict: Verdict, *, campaign: Slug, base: int | None = None) -> Verdict:
        """Record a verdict; return it with its revision.

        If `base` is given and is not the newest revision of the cell at that stage, nothing is
        written, and `StaleVerdict` with the newest verdict is raised.
        """
        ...

    async def verdicts(self, campaign: Slug) -> Mapping[tuple[CellName, Stage], Verdict]:
        """Return the newest verdict of each cell and stage."""
        ...

    async def verdict_history(self, campaign: Slug, cell: CellName) -> Sequence[Verdict]:
        """Return every verdict ever given on a cell, oldest first."""
        ...

    async def all_verdicts(self, campaign: Slug) -> Sequence[Verdict]:
        """Return every verdict ever given on any cell of a campaign, oldest first."""
        ...

    async def runs(self, campaign: Slug | None = None) -> Sequence[RunRecord]:
        """Return every run, newest first, in the order in which the ledger counted them."""
        ...

    async def known_runs(self, names: Sequence[RunId]) -> Mapping[RunId, RunRecord]:
        """Return those of these runs that the ledger knows."""
        ...

    async def spent_by_run(self, campaign: Slug) -> Sequence[RunSpending]:
        """Return every run that bought something for a campaign, on any account, oldest first."""
        ...

    async def last_paid(self, account: Account) -> datetime | None:
        """Return the time (UTC) at which this account last paid for an image."""
        ...

    async def written(self) -> int:
        """Return the number of groups of writes made by all processes; this reads only one row.

        While the number stays the same, so do the results of all other queries.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued and close the ledger."""
        ...


class StaleVerdict(Exception):
    """The verdict was based on a revision that is not the newest one."""

    def __init__(self, newest: Verdict | None) -> None:
        super().__init__("somebody else decided on this cell in the meantime")
        self.newest = newest
