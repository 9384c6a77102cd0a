"""Who is told of a run while it happens: a Protocol that the command line implements."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from pipeline.app.options import RunOptions
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import PipelineError
from pipeline.model.credits import Budget, Credits
from pipeline.model.provider import Profile
from pipeline.model.run import Run
from pipeline.purchasing.events import Watcher
from pipeline.reports.run_manifest import RunFacts
from pipeline.reports.run_report import RunReport
from pipeline.state.survey import CampaignState


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStart:
    """What is known when a run begins."""

    loaded: LoadedCampaign
    run: Run
    budget: Budget
    concurrency: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnding:
    """What is known when a run has ended."""

    options: RunOptions
    facts: RunFacts
    folder: Path
    """The run's folder."""
    report: RunReport | None
    """`None` where the disk failed before it could be made."""
    state: CampaignState
    reason: PipelineError | None
    """Why buying stopped early; `None` where it did not."""
    code: int
    """The exit code."""


class Console(Protocol):
    """Shows one run to a person or a program; must not raise, but for `confirm`."""

    @property
    def watcher(self) -> Watcher:
        """Listens to what happens on the way."""
        ...

    @property
    def journal(self) -> Sequence[TextIO]:
        """Streams that get each event as a line of JSON, besides the run's own file."""
        ...

    def confirm(self, profile: Profile, *, images: int, price: Credits) -> None:
        """Ask before spending; `Declined` where the answer is no."""
        ...

    def note(self, words: str) -> None:
        """Tell something on the way."""
        ...

    def started(self, start: RunStart) -> None:
        """Tell that the run begins."""
        ...

    def unchanged(self, campaign: str, *, since: str, images: int) -> None:
        """Tell that nothing has changed since an earlier run."""
        ...

    def ended(self, ending: RunEnding) -> None:
        """Tell how the run ended."""
        ...
