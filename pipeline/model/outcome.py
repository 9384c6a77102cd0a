"""The outcomes of a job as a closed set, and what each of them cost."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from pipeline.model.artifact import Artifact
from pipeline.model.money import FREE, Amount, Spent


class Status(StrEnum):
    """The public status of a job, as in ledger, run manifest, review page and `ls --status`."""

    PLANNED = "planned"
    RENDERING = "rendering"
    ORDERED = "ordered"
    STORED = "stored"
    PENDING_DOWNLOAD = "pending_download"
    PAID_LOST = "paid_lost"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def words(self) -> str:
        """The status as text after a number of images: `2 in doubt`, `1 to download`."""
        return _STATUS_WORDS.get(self.value, self.value)


_STATUS_WORDS = {
    "pending_download": "to download",
    "paid_lost": "paid and lost",
    "in_doubt": "in doubt",
}


BEING_MADE = frozenset({Status.RENDERING, Status.ORDERED})
"""Statuses of images that may come without a new request."""


class FailureKind(StrEnum):
    """Why nothing was bought. This decides whether a later run tries again."""

    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A provider's confirmation of a purchase: the URL of the image, and what it cost."""

    url: str
    """The image's URL, or the name of a sealed reply that holds it."""
    amount: Amount
    """What the reply says was charged; what was reserved beyond it is freed."""
    in_doubt: Amount = FREE
    """What else may have been charged, because the reply does not say."""
    http: int = 200
    request_id: str = ""
    raw: bytes = b""
    """The body of the reply; kept because it is the only proof of purchase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Paid for and on disk, verified."""

    url: str
    amount: Amount
    artifact: Artifact
    in_doubt: Amount = FREE


@dataclass(frozen=True, kw_only=True, slots=True)
class Paid:
    """Paid for, but not on disk yet: it is downloaded, and not requested again."""

    url: str
    amount: Amount
    in_doubt: Amount = FREE
    reason: str = ""
    """Why the last download failed; empty if none has failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidLost:
    """Paid for, but the image host no longer has the image, or has only a broken file."""

    url: str
    amount: Amount
    in_doubt: Amount = FREE
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """No image, with the reason, and usually not paid for."""

    kind: FailureKind
    reason: str
    in_doubt: Amount = FREE
    """What may have been charged all the same, e.g. if a finished image was blocked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InDoubt:
    """Sent, and not known whether it was charged; counted as spent until it is settled."""

    amount: Amount
    reason: str


Outcome = Stored | Paid | PaidLost | Failed | InDoubt


def status_of(outcome: Outcome | None) -> Status:
    """Return the public status of an outcome; `PLANNED` for `None`."""
    match outcome:
        case None:
            return Status.PLANNED
        case Stored():
            return Status.STORED
        case Paid():
            return Status.PENDING_DOWNLOAD
        case PaidLost():
            return Status.PAID_LOST
        case Failed(kind=kind):
            return Status.REFUSED if kind is FailureKind.REFUSED else Status.FAILED
        case InDoubt():
            return Status.IN_DOUBT
        case _:
            assert_never(outcome)


def is_doubtful(outcome: Outcome | None) -> bool:
    """Return True if only a person or the balance can say what was charged.

    The image of such an outcome may be settled: stored, lost or refused.
    """
    return isinstance(outcome, InDoubt) or bool(spent(outcome).in_doubt)


def spent(outcome: Outcome | None) -> Spent:
    """Return what an outcome cost, or may have cost."""
    match outcome:
        case Stored() | Paid() | PaidLost():
            return Spent(confirmed=outcome.amount, in_doubt=outcome.in_doubt)
        case InDoubt(amount=amount):
            return Spent(in_doubt=amount)
        case Failed(in_doubt=in_doubt):
            return Spent(in_doubt=in_doubt)
        case None:
            return Spent()
        case _:
            assert_never(outcome)
