"""What happens in a run, and the watchers that are told of it: bars, plain lines, logs.

Watchers listen; they never end a run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.model.campaign import Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job
from pipeline.model.outcome import Outcome


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


@dataclass(frozen=True, kw_only=True, slots=True)
class StageOpening:
    """What a stage is about to do."""

    stage: Stage
    jobs: int
    """All jobs of the stage, done or not."""
    to_buy: int
    to_fetch: int
    credits: Credits
    """The most that this stage can add to the bill."""


class Watcher(Protocol):
    """Listens to one run, from the event loop; must be quick and must not raise."""

    def opened(self, opening: StageOpening) -> None:
        """A stage begins."""
        ...

    def happened(self, event: Event) -> None:
        """Something on the way to an outcome."""
        ...

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """A job ended; `None`: it stays due."""
        ...

    def closed(self, stage: Stage) -> None:
        """A stage is over."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Watchers:
    """Several watchers as one."""

    watchers: Sequence[Watcher]

    def opened(self, opening: StageOpening) -> None:
        """See `Watcher.opened`."""
        for watcher in self.watchers:
            watcher.opened(opening)

    def happened(self, event: Event) -> None:
        """See `Watcher.happened`."""
        for watcher in self.watchers:
            watcher.happened(event)

    def delivered(self, job: Job, outcome: Outcome | None) -> None:
        """See `Watcher.delivered`."""
        for watcher in self.watchers:
            watcher.delivered(job, outcome)

    def closed(self, stage: Stage) -> None:
        """See `Watcher.closed`."""
        for watcher in self.watchers:
            watcher.closed(stage)
