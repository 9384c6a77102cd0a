"""Who watches a run: bars, plain lines, logs. They listen; they never end a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.model.campaign import Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job
from pipeline.model.outcome import Outcome
from pipeline.purchasing.events import Event


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
