"""What a ledger knows: purchases, attempts, runs, and one entry for each job."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from pipeline.model.campaign import Slug
from pipeline.model.credits import Credits, Spent
from pipeline.model.job import Coordinates, JobKey
from pipeline.model.outcome import Outcome, Status, status_of
from pipeline.model.provider import Account
from pipeline.model.run import RunId

PurchaseKey = NewType("PurchaseKey", str)
"""The Idempotency-Key of one purchase: constant over its attempts, new for a new purchase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """The permit for exactly one POST: its row is durable."""

    job: JobKey
    purchase: PurchaseKey
    number: int
    """Counts the attempts of the job from 1, over all purchases and runs."""
    price: Credits


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRecord:
    """One POST as the run manifest tells it."""

    number: int
    run: RunId
    purchase: PurchaseKey
    started: str
    """UTC, ISO 8601 with milliseconds and `Z`."""
    ended: str = ""
    http: int | None = None
    outcome: str = ""
    """`submitted` (still open), `paid`, `failed`, `doubt`."""
    request_id: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """All that the ledger knows of one job."""

    key: JobKey
    at: Coordinates
    outcome: Outcome | None
    """`None`: known, and due (as if never asked)."""
    spent: Spent
    """Over all purchases of the job: a doubt that was bought again stays counted."""
    purchase: PurchaseKey | None = None
    """Of the newest purchase; `None` where its key was lost with an older ledger."""
    purchased: str = ""
    """When the newest purchase was first submitted; UTC, ISO 8601. Empty where its key is lost."""
    rendering: bool = False
    """An attempt has no ending yet: in flight, or left so by a run that died."""

    @property
    def status(self) -> Status:
        """The public word for where the job stands."""
        return Status.RENDERING if self.rendering else status_of(self.outcome)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """One job as a run manifest remembers it, for a ledger that has lost it."""

    key: JobKey
    at: Coordinates
    outcome: Outcome | None
    spent: Spent
    bought: str
    """When, as far as it is known; UTC, ISO 8601."""
    attempts: Sequence[AttemptRecord] = ()
    """Their `run` and `purchase` are not known, and not read."""


class Resolution(StrEnum):
    """What a person, or the balance, says of a job in doubt."""

    CHARGED = "charged"
    """Paid, and no image will come: `paid_lost`."""
    NOT_CHARGED = "not_charged"
    """Nothing was taken: due again."""
    REBUY = "rebuy"
    """Due again; the old purchase stays counted as in doubt. Also frees a `paid_lost` job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """One invocation, as `status` tells it."""

    id: RunId
    campaign: Slug
    account: Account
    started: str
    finished: str = ""
    """Empty while the run lives, and for ever if it was killed."""
    exit_code: int | None = None
