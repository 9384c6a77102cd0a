"""Showing a run to a person or a program: a Protocol that the command line implements."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from pipeline.app.options import RunOptions
from pipeline.app.run.ad_files import AdFileReport
from pipeline.app.stores.uploads import UploadReport
from pipeline.errors import Finding, PipelineError
from pipeline.model.campaign import Campaign
from pipeline.model.money import Amount, Budget, MoneyFormat
from pipeline.model.providers.profile import Profile
from pipeline.model.run import Run
from pipeline.model.ticket import Ticket
from pipeline.purchasing.events import Watcher
from pipeline.reports.run_manifest import RunFacts
from pipeline.reports.run_report import RunReport
from pipeline.state.picks import StaleApproval


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStart:
    """What is known when a run begins."""

    campaign: Campaign
    warnings: Sequence[Finding]
    """Warnings about the campaign file."""
    run: Run
    budget: Budget
    concurrency: int
    limit: str
    """The option that limits this run, empty if there is none; it does not limit play credits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnding:
    """What is known when a run has ended."""

    options: RunOptions
    facts: RunFacts
    folder: Path
    """The run's folder."""
    report: RunReport | None
    """`None` if the disk failed before the report was complete."""
    ad_files: AdFileReport | None
    """`None` if the campaign makes none, or the disk failed."""
    uploads: UploadReport | None
    """`None` if the campaign has no object store, or the disk failed."""
    stale: Sequence[StaleApproval]
    """Approvals that no longer hold."""
    waiting: int
    """Cells that wait for review."""
    tickets: Sequence[Ticket]
    """The open tickets of the campaign on its account."""
    steps: Sequence[tuple[str, str]]
    """What can be done next: `Next`, `then` or `or`, and a command."""
    reason: PipelineError | None
    """Why buying stopped early; `None` if it did not."""
    code: int
    """The exit code."""


class Console(Protocol):
    """Shows one run to a person or a program; only `confirm` may raise."""

    @property
    def watcher(self) -> Watcher:
        """Listens to the events of the run."""
        ...

    @property
    def journal(self) -> Sequence[TextIO]:
        """Streams that get each event as a line of JSON, besides the run's own file."""
        ...

    def confirm(
        self, profile: Profile, *, images: int, price: Amount, money: MoneyFormat, finals: str = ""
    ) -> None:
        """Ask before spending; `Declined` if the answer is no.

        `finals` says what finals are, if some are bought.
        """
        ...

    def note(self, words: str) -> None:
        """Show a message."""
        ...

    def warn(self, message: str) -> None:
        """Show a warning about this run."""
        ...

    def started(self, start: RunStart) -> None:
        """Show that the run begins."""
        ...

    def unchanged(self, campaign: str, *, since: str, images: int) -> None:
        """Show that nothing has changed since an earlier run."""
        ...

    def ended(self, ending: RunEnding) -> None:
        """Show how the run ended."""
        ...
