"""The run that a schedule starts, and what all schedules know of its exit codes."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.model.names import Slug

AGAIN = (74, 75)
"""Exit codes after which the same command may succeed: the disk, or another run is active."""
IN_VAIN = (1, 2, 3, 4, 6, 7)
"""Exit codes after which the next run ends in the same way until somebody acts, or a day passes."""
WAITS = 5
"""The exit code, with --detailed-exitcode, if drafts wait for a person."""
TRIES = 5
"""Times that a run is started again after a code in `AGAIN`."""
PAUSE = 600
"""Seconds before it is started again."""
LONGEST = 6
"""Hours after which a run that hangs is ended."""
DRAIN = 150
"""Seconds between the first signal and the last: a run takes up to 120 for images in flight."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DailyTime:
    """A time of the day."""

    hour: int
    minute: int

    @property
    def cron(self) -> str:
        """The five fields of a crontab line."""
        return f"{self.minute} {self.hour} * * *"

    @property
    def calendar(self) -> str:
        """The same as systemd writes it."""
        return f"*-*-* {self.hour:02}:{self.minute:02}:00"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledRun:
    """The daily run of one campaign."""

    campaign: Slug
    file: Path
    """The campaign file."""
    project: Path
    """The folder in which the command is given."""
    program: Path
    """The command `pipeline` of this machine."""
    output: Path
    """The output folder of this machine."""
    user: str
    """Who runs it on this machine; empty for root."""
    options: Sequence[str]
    """Options of `pipeline run` that were given here, without the output folder."""
    secrets: Sequence[str]
    """Names of the environment variables that the run needs."""
    store: str
    """The object store of the campaign; empty without one."""
    at: DailyTime
    image: str
    """The container image, for Kubernetes."""
    shards: int = 1
    """Number of runs that share the campaign."""

    def shard_options(self, number: str, *, output: str = "") -> str:
        """Return the options for the share of a run, for a shell; nothing if there is one run.

        `output` is the folder in which each has an output folder of its own.
        """
        if self.shards == 1:
            return ""
        folder = f' --output {shlex.quote(output)}/"shard-{number}"' if output else ""
        return f'{folder} --shard "{number}/{self.shards}"'

    @property
    def needs_disk(self) -> bool:
        """True if the ledger or the images lie in the output folder."""
        return not {"PIPELINE_LEDGER", "PIPELINE_IMAGES"} <= {*self.secrets}

    @property
    def words_elsewhere(self) -> Sequence[str]:
        """The command in a copy of the project, on another machine."""
        inside = self.file.resolve()
        if inside.is_relative_to(self.project):
            inside = inside.relative_to(self.project)
        return ("pipeline", "run", str(inside), *self.options)

    @property
    def words_here(self) -> Sequence[str]:
        """The command on this machine."""
        words = (str(self.program), "run", str(self.file.resolve()))
        output = () if self.shards > 1 else ("--output", str(self.output))
        return (*words, *output, *self.options)

    @property
    def in_shell(self) -> str:
        """The command on this machine, quoted for a shell."""
        return shlex.join(self.words_here)

    def environment_file(self, folder: str) -> str:
        """Return the file that holds the secrets on a machine."""
        return f"{folder}/{self.campaign}.env"

    def comment_on(self, environment_file: str) -> Sequence[str]:
        """Return how to write that file; nothing if the run needs no variable."""
        if not self.secrets:
            return ()
        lines = ", ".join(f"{name}=…" for name in self.secrets)
        return (f"# {environment_file} (chmod 600) has a line for each of: {lines}",)


def codes(numbers: Sequence[int], separator: str = " ") -> str:
    """Return exit codes as a unit lists them."""
    return separator.join(map(str, numbers))
