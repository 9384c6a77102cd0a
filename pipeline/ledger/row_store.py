"""The shelf a ledger keeps its rows on: plain reading and writing, no rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.ledger.rows import AttemptRow, JobRow, PurchaseRow, RunRow
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Spent
from pipeline.model.entry import AttemptRecord
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.provider import Account
from pipeline.model.run import Run, RunId
from pipeline.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendScope:
    """Whose purchases are summed; `None` leaves a dimension open."""

    account: Account | None = None
    campaign: Slug | None = None
    run: RunId | None = None
    month: str | None = None


class RowStore(Protocol):
    """Rows by their names. Everything written between two commits appears at once or not at all.

    A row that is handed out is the caller's own: nothing changes before it is saved.
    """

    def commits(self) -> int:
        """How many groups of writes were made."""
        ...

    def run(self, name: RunId) -> RunRow | None:
        """A run by its public name."""
        ...

    def add_run(self, run: Run, *, started: int) -> None:
        """A new run."""
        ...

    def save_run(self, row: RunRow) -> None:
        """Keep what has changed in a run."""
        ...

    def runs(self, campaign: Slug | None) -> Sequence[RunRow]:
        """All runs, newest first."""
        ...

    def run_by(self, id_: int) -> RunRow:
        """A run that other rows point to."""
        ...

    def job(self, key: JobKey) -> JobRow | None:
        """A job by its key."""
        ...

    def add_job(self, key: JobKey, at: Coordinates) -> JobRow:
        """A new job."""
        ...

    def save_job(self, row: JobRow) -> None:
        """Keep what has changed in a job."""
        ...

    def purchase(self, job: int, nth: int) -> PurchaseRow:
        """A purchase that exists."""
        ...

    def add_purchase(self, row: PurchaseRow) -> None:
        """A new purchase: counted at once in every scope it belongs to."""
        ...

    def save_purchase(self, row: PurchaseRow) -> None:
        """Keep the state and credits of a purchase, and move what the scopes count."""
        ...

    def attempt(self, job: int, number: int) -> AttemptRow | None:
        """One POST of a job."""
        ...

    def add_attempt(self, row: AttemptRow) -> None:
        """A new POST."""
        ...

    def save_attempt(self, row: AttemptRow) -> None:
        """Keep how a POST ended."""
        ...

    def open_attempts(self, campaign: Slug) -> Sequence[tuple[JobRow, AttemptRow]]:
        """Every POST of a campaign that has no ending."""
        ...

    def keep_reply(self, attempt: AttemptRow, raw: bytes) -> None:
        """Keep the body of a reply as proof."""
        ...

    def reply(self, key: JobKey) -> bytes:
        """The newest body that was kept of a job's replies; empty where none was."""
        ...

    def spent(self, scope: SpendScope) -> Spent:
        """What a scope has confirmed, and has in doubt or reserved."""
        ...

    def jobs(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        """The known ones among these jobs, with their purchases in order."""
        ...

    def campaign_jobs(self, campaign: Slug) -> Iterable[tuple[JobRow, Sequence[PurchaseRow]]]:
        """Every job of a campaign, in the order they were first submitted."""
        ...

    def attempts(self, keys: Sequence[JobKey]) -> Iterable[tuple[JobKey, AttemptRecord]]:
        """Every POST of these jobs, in order."""
        ...

    def add_verdict(self, campaign: Slug, verdict: Verdict) -> None:
        """A new verdict."""
        ...

    def newest_verdict(self, campaign: Slug, cell: CellName, stage: Stage) -> Verdict | None:
        """The verdict with the highest revision."""
        ...

    def verdicts(self, campaign: Slug, cell: CellName | None) -> Sequence[Verdict]:
        """Every verdict of a campaign or cell, oldest first."""
        ...
