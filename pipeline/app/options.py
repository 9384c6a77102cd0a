"""What is asked of a command, as frozen values; the command line and the review page make them."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.model.campaign import Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignOptions:
    """Which campaign, on which provider, in which output folder, and which of its cells."""

    campaign: Path
    """The campaign file."""
    provider: str | None = None
    """Instead of the file's own."""
    output: Path | None = None
    """As it was given; `None`: the one of the environment, or the default."""
    only: tuple[str, ...] = ()
    """Globs over cell names; empty: all cells."""
    max_credits: int | None = None
    """The most that one run may spend."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions(CampaignOptions):
    """What one run shall do."""

    stage: Stage | None = None
    """Only this stage; `None`: all that the campaign has."""
    concurrency: int | None = None
    """Most requests in flight; `None`: the campaign's or the default."""
    plan: str | None = None
    """Id of the saved plan that the run must match."""
    retry_failed: bool = False
    """Send again what the provider rejected or refused."""
    rebuy_lost: bool = False
    """Buy again what was paid for and is lost."""
    stop_after: float | None = None
    """Seconds after which nothing more is bought."""
    detailed_exitcode: bool = False
    """End with 5 if drafts wait for review."""
    repeatable: bool = True
    """Whether the report of an unchanged campaign may be repeated instead of planning anew."""
    command_line: tuple[str, ...] = ()
    """The arguments of the process, for the run manifest; secrets in them are redacted."""

    @property
    def is_plain(self) -> bool:
        """Whether the run is for the whole campaign and nothing special."""
        special = (
            self.stage,
            self.only,
            self.plan,
            self.retry_failed,
            self.rebuy_lost,
            self.detailed_exitcode,
        )
        return self.repeatable and not any(special)
