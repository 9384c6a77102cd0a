"""The values of a ledger: attempts, runs, resolutions, and one entry for each job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from pipeline.model.job import Coordinates, JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Account, Slug
from pipeline.model.outcome import Outcome, Status, status_of
from pipeline.model.run import RunId
from pipeline.model.ticket import Ticket, TicketId
from pipeline.model.verdict import Verdict

UNANSWERED = "the run ended before an answer was kept"
"""Why an attempt that a dead run left open is in doubt."""

PurchaseKey = NewType("PurchaseKey", str)
"""The Idempotency-Key of one purchase: constant over its attempts, new for a new purchase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """The permit for exactly one POST; its row in the ledger is durable."""

    job: JobKey
    purchase: PurchaseKey
    number: int
    """Counts the attempts of the job from 1, over all purchases and runs."""
    price: Amount
    """What is reserved: the most that the purchase can cost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRecord:
    """One POST as written in run manifests."""

    number: int
    run: RunId
    purchase: PurchaseKey
    started: str
    """UTC, ISO 8601 with milliseconds and `Z`."""
    purchase_number: int = 0
    """Counts the purchases of the job from 1; 0 if it is unknown to which one it belongs."""
    ended: str = ""
    http: int | None = None
    outcome: str = ""
    """`submitted` (no ending yet), `paid`, `failed` or `doubt`."""
    request_id: str = ""
    error: str = ""
    ticket: TicketId | None = None
    """The ticket that ordered it; `None` for a request of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Everything that the ledger knows about one job."""

    key: JobKey
    at: Coordinates
    outcome: Outcome | None
    """`None` if an attempt is open (`rendering`, `ordered`), or if the job was never bought."""
    spent: Spent
    """Over all purchases of the job; a doubt stays counted after the job was bought again."""
    purchase: PurchaseKey | None = None
    """Key of the newest purchase; `None` if it was lost with an older ledger."""
    purchased: str = ""
    """When the newest purchase was first submitted; UTC, ISO 8601. Empty if its key is lost."""
    rendering: bool = False
    """True if an attempt has no outcome yet: it is in flight, or its run died."""
    ordered: bool = False
    """True if an open ticket orders it: a later run collects the image."""

    @property
    def is_open(self) -> bool:
        """True if an attempt has no ending: an image may still come of it."""
        return self.rendering or self.ordered

    @property
    def status(self) -> Status:
        """The public status of the job."""
        if self.ordered:
            return Status.ORDERED
        return Status.RENDERING if self.rendering else status_of(self.outcome)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRecord:
    """The URL of a job's image, and the file if it is stored."""

    job: JobKey
    url: str
    sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredOrder:
    """An order that was open when a run manifest was written, and the line of one image in it."""

    ticket: Ticket
    line: str
    """The key of the purchase and the number of the attempt: `3f…-1`."""

    @property
    def purchase(self) -> PurchaseKey:
        """The key of the purchase."""
        return PurchaseKey(self.line.rpartition("-")[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """One job as recorded in a run manifest, to be restored to a ledger that lost it."""

    key: JobKey
    at: Coordinates
    outcome: Outcome | None
    spent: Spent
    bought: str
    """Time of the purchase, UTC, ISO 8601; empty if it is not known."""
    run: RunId
    """The run whose manifest it is; also of attempts that name no run of their own."""
    attempts: Sequence[AttemptRecord] = ()
    """`purchase` of these records is unknown and ignored; `run` is empty if it is unknown.

    `outcome` and `spent` are of the newest purchase: that of the last attempt.
    """
    order: RestoredOrder | None = None
    """What it may wait for instead of being in doubt, as `outcome` says otherwise."""


class Resolution(StrEnum):
    """The answer of a person, or of the balance, for a job in doubt."""

    CHARGED = "charged"
    """Paid, but there is no image: `paid_lost`. If only money was in doubt, it is confirmed."""
    NOT_CHARGED = "not_charged"
    """Nothing was charged: due again. If only money was in doubt, it is freed."""
    REBUY = "rebuy"
    """Due again; the old purchase stays counted as in doubt. Also frees a lost image, or one whose
    download fails for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """One run and how it ended."""

    id: RunId
    campaign: Slug
    account: Account
    started: str
    finished: str = ""
    """Empty while the run is alive, and forever if it was killed."""
    exit_code: int | None = None
    number: int = 0
    """Its place among all runs that the ledger counted; 0 if it is unknown.

    Orders runs whatever the clock said while they ran.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSpending:
    """One run and all that it bought, as it counts now."""

    run: RunRecord
    spent: Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class PurchaseRecord:
    """One purchase of an image: what it cost, when, and from which account."""

    at: Coordinates
    number: int
    """Counts the purchases of the job from 1."""
    account: Account
    opened: str
    """UTC, ISO 8601."""
    spent: Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredRecords:
    """What run manifests record of one campaign, to be restored as a whole."""

    campaign: Slug
    runs: Sequence[RunRecord]
    """Every run that is named, oldest first."""
    spending: Sequence[RunSpending]
    """What each run had bought, as the newest manifest counts it."""
    totals: Sequence[RunSpending]
    """For manifests that do not count by run: the campaign's total on the account of a run."""
    jobs: Sequence[Restored]
    """Those of older manifests first; a job may occur again as a newer one has it."""
    verdicts: Sequence[Verdict]
    """Of each cell and stage in the order in which they were given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignRecord:
    """All that a ledger knows of one campaign, read at one moment."""

    entries: Mapping[JobKey, Entry]
    """Every job that was ever submitted, in that order, also if the file no longer has it."""
    accounts: Mapping[JobKey, Account]
    """The account of each job's newest purchase; jobs without a purchase are absent."""
    verdicts: Sequence[Verdict]
    """Every verdict ever given, oldest first."""
