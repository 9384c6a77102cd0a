"""What happens on the way to an outcome, for whoever listens: bars, lines and logs."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.model.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestSent:
    """A POST is about to leave."""

    job: Job
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrying:
    """The same job is tried again after a while; this try was not charged, or will be replayed."""

    job: Job
    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolPaused:
    """The provider asked for patience: the whole pool waits."""

    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyingHalted:
    """Nothing more is bought in this run, and why."""

    reason: str
    exit_code: int
    budget: bool = False
    """Whether a budget is spent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidUnrecorded:
    """Paid for, and the ledger could not take it down: this line is the only trace of the image."""

    job: Job
    url: str


Event = RequestSent | Retrying | PoolPaused | BuyingHalted | PaidUnrecorded

Listen = Callable[[Event], None]
