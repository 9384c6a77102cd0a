"""Events of a run, and the watchers that receive them: progress bars, plain lines, logs.

A watcher never ends a run.
"""
# ruff: noqa: D102 - Watcher documents the methods of Watchers

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.model.job import Job
from pipeline.model.money import Amount, MoneyFormat
from pipeline.model.names import Stage
from pipeline.model.outcome import Outcome
from pipeline.model.ticket import Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestSent:
    """A POST is about to be sent, for one image or for an order of many."""

    job: Job
    attempt: int
    ticket: str = ""
    """The order that the image is part of; empty for a request of its own."""
    line: str = ""
    """The name of its line in the order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrying:
    """A job is tried again after a pause: a free retry, a download, or a replay."""

    job: Job
    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolPaused:
    """The provider asked to wait: all requests pause."""

    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyingHalted:
    """The run has stopped buying."""

    reason: str
    exit_code: int
    budget: bool = False
    """True if a budget was reached."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaidUnrecorded:
    """An image is paid for, but the ledger could not record it: only this event has its URL."""

    job: Job
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SameImage:
    """A paid image has the same bytes as that of another job."""

    job: Job
    other: str
    """The name of the other image, for a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StillWaiting:
    """Nothing has moved for a while, and what the run waits for."""

    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketMoved:
    """An order of many images has come further, or was looked at."""

    ticket: Ticket


Event = (
    RequestSent
    | Retrying
    | PoolPaused
    | BuyingHalted
    | PaidUnrecorded
    | SameImage
    | StillWaiting
    | TicketMoved
)

Listen = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class StageOpening:
    """The work of a stage that begins."""

    stage: Stage
    jobs: int
    """Number of all jobs of the stage, done or not."""
    to_buy: int
    to_fetch: int
    to_order: int = 0
    """Images that are ordered in batches, and come later."""
    amount: Amount
    """The most that this stage can spend."""
    money: MoneyFormat = field(default_factory=MoneyFormat)
    """How amounts of the account are written."""
    note: str = ""
    """What its images are, if that may surprise: a final is a new picture."""


class Watcher(Protocol):
    """Receives the events of one run on the event loop; must be quick and must not raise."""

    def opened(self, opening: StageOpening) -> None:
        """Called when a stage begins."""
        ...

    def happened(self, event: Event) -> None:
        """Called for every event before a job ends."""
        ...

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """Called when a job ends; `None` means that it stays due."""
        ...

    def closed(self, stage: Stage) -> None:
        """Called when a stage ends."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Watchers:
    """Several watchers as one."""

    watchers: Sequence[Watcher]

    def opened(self, opening: StageOpening) -> None:
        for watcher in self.watchers:
            watcher.opened(opening)

    def happened(self, event: Event) -> None:
        for watcher in self.watchers:
            watcher.happened(event)

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        for watcher in self.watchers:
            watcher.delivered(job, outcome)

    def closed(self, stage: Stage) -> None:
        for watcher in self.watchers:
            watcher.closed(stage)
