"""The interface of every ledger, and what each operation promises."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pipeline.model.artifact import Artifact
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Budget, Credits, Spent
from pipeline.model.entry import (
    Attempt,
    AttemptRecord,
    CampaignRecord,
    Entry,
    ImageRecord,
    Resolution,
    Restored,
    RunRecord,
)
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Failed, Receipt
from pipeline.model.provider import Account
from pipeline.model.run import Run, RunId
from pipeline.model.verdict import Verdict


class Ledger(Protocol):
    """A durable record of requests and money.

    A writing operation is durable when its call returns: it survives a power loss. If the disk
    fails, it raises `LocalFault`, and so does every later one: nothing may be bought on a ledger
    that cannot be written. Operations may be called by many tasks at once. They are applied in
    groups, in the order of the calls, each whole or not at all, and also if the caller is
    cancelled meanwhile.

    Who may pay: an `Attempt` is the permit for exactly one POST, and only `submit` gives one. A
    job has at most one purchase that is neither confirmed nor freed, unless a person asked for
    another one with `Resolution.REBUY`.
    """

    async def begin(self, run: Run) -> Sequence[Attempt]:
        """Open a run; return the attempts that dead runs of its campaign left without an ending.

        The caller holds the campaign's lock, so no run that could end them is alive. They are left
        as they are: their credits stay counted as in doubt, and `submit` refuses their jobs until
        each has been given its ending by `paid`, `fail`, `release`, `doubt` or `abandon`. If the
        caller dies before that, the next `begin` returns them again.
        """
        ...

    async def end(self, run: RunId, *, exit_code: int) -> None:
        """Record how a run ended."""
        ...

    async def submit(
        self, job: Job, *, run: Run, budget: Budget, same_purchase: bool = False
    ) -> Attempt:
        """Reserve the price of a job under every limit, and permit one POST.

        One durable transaction, made before anything is sent. Raises `BudgetReached` if
        confirmed + in doubt + reserved + price would pass a limit (`month`: the account's current
        UTC month, over all campaigns).

        With `same_purchase` the newest purchase of a job in doubt is posted again under the same
        key, on the same account, and nothing more is reserved; the purchase stays with the run
        that opened it.

        Raises `ValueError`, and permits nothing, for a job that is stored, paid, paid and lost, in
        doubt (without `same_purchase`), or has an open attempt, in flight or of a dead run: it
        could be paid for twice. So for a replay on another account, or whose key is lost. A permit
        whose caller was cancelled before receiving it is released again.
        """
        ...

    async def paid(self, attempt: Attempt, receipt: Receipt) -> None:
        """Record a provider's yes: the credits are confirmed, the URL is kept, the job is `Paid`.

        Call it before the download starts. Also for an attempt in doubt: a late yes counts like a
        prompt one. A second call for the same attempt changes nothing. If the job has been bought
        again meanwhile, only the credits are corrected. Raises `ValueError` for an attempt that
        was closed as not charged.
        """
        ...

    async def stored(self, job: JobKey, artifact: Artifact) -> None:
        """Record that the image is on disk, whole: the job is `Stored`.

        May be called again, after a repair or for a new place.
        """
        ...

    async def unfetched(self, job: JobKey, *, reason: str, lost: bool) -> None:
        """Record that a paid image could not be downloaded this time, or (`lost`) never can be.

        It stays paid for. A lost image may be bought again only by `Resolution.REBUY`.
        """
        ...

    async def fail(
        self, attempt: Attempt, failure: Failed, *, http: int | None = None, request_id: str = ""
    ) -> None:
        """Record that an attempt was not charged: its reservation is freed, the job is `Failed`.

        If an earlier attempt of the same purchase is in doubt, purchase and job stay in doubt: a
        replay that failed proves nothing about it. The same holds for `release`.
        """
        ...

    async def release(
        self, attempt: Attempt, *, reason: str, http: int | None = None, request_id: str = ""
    ) -> None:
        """Record that nothing was sent or charged: the job is due as if it had never been asked."""
        ...

    async def doubt(
        self,
        attempt: Attempt,
        *,
        reason: str,
        http: int | None = None,
        request_id: str = "",
        raw: bytes = b"",
        at_most: Credits | None = None,
    ) -> None:
        """Record that nobody can know whether an attempt was charged: its credits are in doubt.

        The job is not bought again unless `same_purchase` replays it, or `resolve` frees it.
        `at_most`: what it may have cost, if that is more than was reserved; all of it counts. A
        second call for the same attempt changes nothing.
        """
        ...

    async def abandon(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Record that nobody saw how these attempts ended: each is in doubt, as by `doubt`.

        One durable transaction for all of them. No time of ending is recorded, since none is
        known. An attempt that has an ending already is left alone.
        """
        ...

    async def open_attempts(self, campaign: Slug) -> Sequence[Attempt]:
        """Return the attempts of a campaign without an ending: in flight, or left by a dead run."""
        ...

    async def image_found(self, job: JobKey, url: str, *, charged: Credits | None = None) -> None:
        """Record that a person found the image of a job in doubt or lost: `Paid` at this URL.

        `charged`: what a doubt turned out to have cost; all that was counted for it unless given.
        Raises `ValueError` for a job in another state.
        """
        ...

    async def resolve(
        self, job: JobKey, resolution: Resolution, *, charged: Credits | None = None
    ) -> None:
        """Record what a person, or the balance, says of a job in doubt.

        `REBUY` is the one way to a second purchase of a job in doubt or lost; the old one stays
        counted. `charged`: as in `image_found`, for `CHARGED` alone. Raises `ValueError` for a job
        in another state.
        """
        ...

    async def restore(self, run: RunRecord, jobs: Sequence[Restored]) -> int:
        """Write jobs of a run as they stood in a ledger that is gone; return how many were new.

        A job that is known already is left alone. A purchase that is restored in doubt is never
        replayed, since its key is not known.
        """
        ...

    async def entries(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Entry]:
        """Return what is known of any number of jobs; unknown ones are absent."""
        ...

    async def campaign_entries(self, campaign: Slug) -> Sequence[Entry]:
        """Return every job of a campaign that was ever submitted, in the order of submission.

        Also those that are no longer in the campaign file.
        """
        ...

    async def images(self) -> Sequence[ImageRecord]:
        """Return the URL and file of every job that was paid for, over all campaigns."""
        ...

    async def record(self, campaign: Slug) -> CampaignRecord:
        """Return everything that is known of a campaign, read at one moment."""
        ...

    async def attempts(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Sequence[AttemptRecord]]:
        """Return every POST of these jobs, in order; jobs without any are absent."""
        ...

    async def reply(self, job: JobKey) -> bytes:
        """Return the newest body that was kept of a job's replies; empty if none was."""
        ...

    async def spent(
        self,
        *,
        account: Account | None = None,
        campaign: Slug | None = None,
        run: RunId | None = None,
        month: str | None = None,
    ) -> Spent:
        """Return the confirmed and in-doubt credits of some purchases; reservations are in doubt.

        `month` is `YYYY-MM`, UTC, by the time of the purchase. `None` does not limit a dimension.
        """
        ...

    async def decide(self, verdict: Verdict, *, campaign: Slug, base: int | None = None) -> Verdict:
        """Record a verdict; return it with its revision.

        If `base` is given and is not the newest revision of the cell at that stage, `StaleVerdict`
        carries the newest verdict, and nothing is written.
        """
        ...

    async def verdicts(self, campaign: Slug) -> Mapping[tuple[CellName, Stage], Verdict]:
        """Return the newest verdict of each cell and stage."""
        ...

    async def verdict_history(self, campaign: Slug, cell: CellName) -> Sequence[Verdict]:
        """Return every verdict ever given on a cell, oldest first."""
        ...

    async def runs(self, campaign: Slug | None = None) -> Sequence[RunRecord]:
        """Return every run, newest first."""
        ...

    async def last_paid(self, account: Account) -> datetime | None:
        """Return when this account last sold an image, UTC; soon after, no canary is needed."""
        ...

    async def written(self) -> int:
        """Return how many groups of writes were made, by any process.

        As long as it stays the same, so does every other answer; it costs one row to read.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued and close the ledger."""
        ...


class StaleVerdict(Exception):
    """The verdict was based on a revision that is no longer the newest."""

    def __init__(self, newest: Verdict | None) -> None:
        super().__init__("somebody else decided on this cell in the meantime")
        self.newest = newest
