"""The options of commands as frozen values, and command lines with the same options."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.model.coordination import WHOLE, Shard
from pipeline.model.money import Amount, MoneyFormat, Unit
from pipeline.model.names import Stage

DOLLARS = MoneyFormat(unit=Unit.DOLLARS)
CHOOSING = frozenset({"plan", "run", "finals"})
"""Commands with the options `--only`, `--max-credits` and `--max-cost`."""


class FeedReading(StrEnum):
    """How feeds that are named by URL are read."""

    FETCH = "fetch"
    """From their hosts, if they changed."""
    KEPT = "kept"
    """From the newest snapshots, without a network."""
    KEPT_FIRST = "kept-first"
    """From the newest snapshots; fetched if there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignOptions:
    """A campaign, its provider, its output folder, and a choice of its cells."""

    campaign: Path
    """The campaign file."""
    provider: str | None = None
    """Overrides the provider in the file."""
    output: Path | None = None
    """As given on the command line; `None`: PIPELINE_OUTPUT, or the default."""
    only: tuple[str, ...] = ()
    """Globs over cell names; empty: all cells."""
    max_credits: int | None = None
    """The most that one run may spend, on an account that counts in credits."""
    max_cost: Amount | None = None
    """The same in nano-dollars, on an account that counts in dollars."""
    most: Amount | None = None
    """The same in the unit of the account, whatever it is: what the review page has shown."""
    batch: bool | None = None
    """Order images in batches, or not; `None`: as the campaign file says."""
    shard: Shard = WHOLE
    """The share of the campaign's cells that a run takes."""
    feeds: FeedReading = FeedReading.KEPT_FIRST
    """How feeds by URL are read. `check`, `plan` and `run` fetch them unless told otherwise."""


def next_step(options: CampaignOptions, command: str, *words: str) -> str:
    """Return `pipeline COMMAND FILE WORDS`, quoted for a shell, with the options given here.

    Without them it might spend on another account, or buy other cells.
    """
    line = ["pipeline", command, str(options.campaign), *words]
    if options.provider is not None:
        line += ["--provider", options.provider]
    if options.output is not None:
        line += ["--output", str(options.output)]
    if command in CHOOSING and options.batch is not None:
        line.append("--batch" if options.batch else "--no-batch")
    if command == "run" and options.shard != WHOLE:
        line += ["--shard", str(options.shard)]
    if command in CHOOSING:
        line += chosen_options(options)
    return shlex.join(line)


def chosen_options(options: CampaignOptions) -> list[str]:
    """Return the options that choose cells and a limit, as `run` takes them."""
    words: list[str] = []
    for glob in options.only:
        words += ["--only", glob]
    if options.max_credits is not None:
        words += ["--max-credits", str(options.max_credits)]
    if options.max_cost is not None:
        words += ["--max-cost", DOLLARS.text(options.max_cost).replace(",", "").lstrip("$")]
    return words


def limit_given(options: CampaignOptions) -> str:
    """Return the option of the command line that limits a run; empty if there is none."""
    given = {"--max-credits": options.max_credits, "--max-cost": options.max_cost}
    return next((name for name, limit in given.items() if limit is not None), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions(CampaignOptions):
    """The options of one run."""

    feeds: FeedReading = FeedReading.FETCH
    stage: Stage | None = None
    """Only this stage; `None`: all stages of the campaign."""
    new_ledger: bool = False
    """Begin a ledger even if one nearby has bought for this campaign and account."""
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
    """Exit with 5 if drafts wait for review."""
    repeatable: bool = True
    """True if the report of an unchanged campaign may be repeated instead of planning again."""
    command_line: tuple[str, ...] = ()
    """The arguments of the process, for the run manifest; secrets in them are redacted."""

    @property
    def is_plain(self) -> bool:
        """True if the run covers the whole campaign without special options."""
        special = (
            self.stage,
            self.only,
            self.plan,
            self.retry_failed,
            self.rebuy_lost,
            self.detailed_exitcode,
            self.shard != WHOLE,
        )
        return self.repeatable and not any(special)
