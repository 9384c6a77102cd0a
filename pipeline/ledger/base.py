"""The promise every ledger keeps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pipeline.model.artifact import Artifact
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Budget, Credits, Spent
from pipeline.model.entry import (
    Attempt,
    AttemptRecord,
    Entry,
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
    """A durable account: what an awaited verb has returned from survives power loss.

    Writing verbs raise `LocalFault` where the disk fails, and from then on every further writing
    verb raises it too: nothing is bought on an account that cannot be kept. Verbs may be called
    by many workers at once; they are applied in groups, in the order of the calls, and even if
    their caller is cancelled meanwhile.
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
        """Close a run."""
        ...

    async def submit(
        self, job: Job, *, run: Run, budget: Budget, same_purchase: bool = False
    ) -> Attempt:
        """Admit the job, reserve its price under every limit, and permit one POST.

        All in one durable transaction. `BudgetReached` where confirmed + in doubt + reserved +
        price would pass a limit (`month`: the account's current UTC month, over all campaigns).
        With `same_purchase` the newest purchase of a job in doubt is posted again under the same
        key, and nothing more is reserved; it stays in the account of the run that opened it. A
        job that is stored, rendered, in doubt (without `same_purchase`) or being rendered is
        refused with `ValueError`: the caller was wrong, and paying twice is the one thing that
        must not happen. So is a replay on another account. A permit whose caller was cancelled
        before receiving it is released again.
        """
        ...

    async def paid(self, attempt: Attempt, receipt: Receipt) -> None:
        """The provider said yes: confirm the credits, keep the URL; the job is `Paid`.

        Also for an attempt in doubt: a late yes is as good as a prompt one. Said twice, the
        second changes nothing. Where the job has been bought anew meanwhile, only the money is
        put right.
        """
        ...

    async def stored(self, job: JobKey, artifact: Artifact) -> None:
        """The image is on disk, whole; the job is `Stored`. May be called again after a repair."""
        ...

    async def unfetched(self, job: JobKey, *, reason: str, lost: bool) -> None:
        """The image did not come this time, or (`lost`) cannot come any more."""
        ...

    async def fail(
        self, attempt: Attempt, failure: Failed, *, http: int | None = None, request_id: str = ""
    ) -> None:
        """Nothing was charged: free the reservation; the job is `Failed`.

        Where an earlier attempt of the same purchase is in doubt, the purchase and the job stay
        so: a replay that failed says nothing about it. The same holds for `release`.
        """
        ...

    async def release(
        self, attempt: Attempt, *, reason: str, http: int | None = None, request_id: str = ""
    ) -> None:
        """Nothing was sent or charged, and the job stays due as if never asked."""
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
        """Nobody can know whether it was charged: the reservation stays counted as in doubt.

        `at_most`: what it may have cost, where that is more than was reserved; all of it counts.
        Said twice of one attempt, the second changes nothing.
        """
        ...

    async def abandon(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Give up attempts whose ending nobody saw: each is in doubt, as by `doubt`.

        All in one durable transaction, and without a time of ending, since none is known. An
        attempt that has an ending already is left alone.
        """
        ...

    async def open_attempts(self, campaign: Slug) -> Sequence[Attempt]:
        """Return the attempts of a campaign without an ending: in flight, or left by a dead run."""
        ...

    async def found(self, job: JobKey, url: str, *, charged: Credits | None = None) -> None:
        """A person found the image of a job in doubt or lost: confirmed, `Paid` at this URL.

        `charged`: what a doubt turned out to have cost; all that it held unless given.
        """
        ...

    async def resolve(
        self, job: JobKey, resolution: Resolution, *, charged: Credits | None = None
    ) -> None:
        """Settle a job in doubt; `ValueError` where the job is in no state for it.

        `charged` as in `found`, of `CHARGED` alone.
        """
        ...

    async def restore(self, run: RunRecord, jobs: Sequence[Restored]) -> int:
        """Write jobs of a run as they stood in a ledger that is gone; returns how many.

        What is known already is left alone. A purchase restored in doubt is never replayed, since
        its key is not known.
        """
        ...

    async def forgive(self, job: JobKey) -> None:
        """Make a failed or refused job due again (`--retry-failed`)."""
        ...

    async def entries(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Entry]:
        """What is known of these jobs; unknown ones are absent. Any number of keys."""
        ...

    async def campaign_entries(self, campaign: Slug) -> Sequence[Entry]:
        """Every job of a campaign that was ever submitted, also those no longer in the file."""
        ...

    async def attempts(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Sequence[AttemptRecord]]:
        """Every POST of these jobs, in order."""
        ...

    async def reply(self, job: JobKey) -> bytes:
        """The newest body that was kept of the job's replies, as proof; empty where none was."""
        ...

    async def spent(
        self,
        *,
        account: Account | None = None,
        campaign: Slug | None = None,
        run: RunId | None = None,
        month: str | None = None,
    ) -> Spent:
        """Confirmed and in-doubt credits (live reservations count as in doubt) in that scope.

        `month` is `YYYY-MM`, UTC, by the time of the purchase. `None` leaves a dimension open.
        """
        ...

    async def decide(self, verdict: Verdict, *, campaign: Slug, base: int | None = None) -> Verdict:
        """Record a verdict; returns it with its revision.

        Where `base` is given and the cell's newest revision at that stage is another one,
        `StaleVerdict` carries the newest verdict, and nothing is written.
        """
        ...

    async def verdicts(self, campaign: Slug) -> Mapping[tuple[CellName, Stage], Verdict]:
        """The newest verdict of each cell and stage."""
        ...

    async def verdict_history(self, campaign: Slug, cell: CellName) -> Sequence[Verdict]:
        """Every verdict ever given on a cell, oldest first."""
        ...

    async def runs(self, campaign: Slug | None = None) -> Sequence[RunRecord]:
        """Every run, newest first."""
        ...

    async def last_paid(self, account: Account) -> datetime | None:
        """When this account last gave an image (UTC); no canary is needed soon after."""
        ...

    async def written(self) -> int:
        """How often anything was written, by whichever process.

        As long as this stays the same, so does every other answer; it costs one row to ask.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued and let go of the file."""
        ...


class StaleVerdict(Exception):
    """The verdict was based on a revision that is no longer the newest."""

    def __init__(self, newest: Verdict | None) -> None:
        super().__init__("somebody else decided on this cell in the meantime")
        self.newest = newest
