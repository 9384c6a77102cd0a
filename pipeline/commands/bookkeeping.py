"""The run's folder and its account: at the start, at checkpoints, at the end."""

import asyncio
import contextlib
import platform
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pipeline
from pipeline.commands.inspector import Inspector
from pipeline.errors import LocalFault
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import Campaign
from pipeline.model.credits import Budget
from pipeline.model.run import Run, RunPaths
from pipeline.runs.accounting import Account, draw_up
from pipeline.runs.folder import point_latest
from pipeline.runs.manifest import RunFacts, write_manifest
from pipeline.workflow import Standing

CHECKPOINT_EVERY = 30.0
CHECKPOINT_SHARE = 20
"""A checkpoint may take one part in so many of a run's time."""


def utc_stamp() -> str:
    """Now, as every file of ours writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(kw_only=True, slots=True)
class Bookkeeper:
    """Keeps the run manifest of one run."""

    ledger: Ledger
    run: Run
    campaign: Campaign
    budget: Budget
    output: Path
    inspector: Inspector
    arguments: Sequence[str]
    stages: Sequence[str]
    started: str = field(default_factory=utc_stamp)
    git: str = ""

    @property
    def paths(self) -> RunPaths:
        """Where this run writes."""
        return RunPaths(campaign=self.campaign.slug, run=self.run.id)

    def open_folder(self) -> None:
        """Make the run's folder; `LocalFault` where that is impossible."""
        try:
            (self.output / self.paths.folder).mkdir(parents=True)
        except OSError as error:
            raise LocalFault(
                f"cannot make the run's folder {self.output / self.paths.folder}: "
                f"{error.strerror}; nothing was sent"
            ) from error
        self.git = git_commit(Path(self.campaign.file).parent)

    async def write(self, standing: Standing) -> None:
        """Write the run manifest as things stand now."""
        await self.put(await self.draw_up(standing))

    async def put(self, account: Account, *, exit_code: int | None = None) -> None:
        """Write an account as the run manifest, and let `latest` point at it."""
        facts = self.facts(exit_code=exit_code)
        await asyncio.to_thread(
            write_manifest,
            self.output,
            self.paths,
            facts=facts,
            totals=account.totals,
            lines=account.lines,
        )
        point_latest(self.output, self.paths)

    def facts(self, *, exit_code: int | None = None) -> RunFacts:
        """What the manifest says of the run itself."""
        return RunFacts(
            run=self.run,
            campaign=self.campaign,
            stages=self.stages,
            started=self.started,
            finished="" if exit_code is None else utc_stamp(),
            exit_code=exit_code,
            arguments=redacted(self.arguments),
            versions=versions(),
            git=self.git,
        )

    async def draw_up(self, standing: Standing) -> Account:
        """The account of the campaign; entries are read afresh."""
        jobs = standing.jobs
        keys = [key for job in jobs for key in (job.key, job.payer) if key]
        return await draw_up(
            self.ledger,
            run=self.run,
            campaign=self.campaign,
            budget=self.budget,
            jobs=jobs,
            entries=await self.ledger.entries(keys),
            verdicts=await self.ledger.verdicts(self.campaign.slug),
            checks=self.inspector.findings.known,
        )

    @asynccontextmanager
    async def checkpoints(self, standing: Standing) -> AsyncIterator[None]:
        """While inside, keep the manifest no older than half a minute, at a bounded cost."""
        task = asyncio.create_task(self._keep_fresh(standing))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, LocalFault):
                await task

    async def _keep_fresh(self, standing: Standing) -> None:
        pause = CHECKPOINT_EVERY
        while True:
            await asyncio.sleep(pause)
            begun = time.monotonic()
            await self.write(standing)
            pause = max(CHECKPOINT_EVERY, CHECKPOINT_SHARE * (time.monotonic() - begun))


def redacted(arguments: Sequence[str]) -> list[str]:
    """The command line without what follows `--key`."""
    safe: list[str] = []
    for word in arguments:
        if safe and safe[-1] == "--key":
            safe.append("…")
        else:
            safe.append("--key=…" if word.startswith("--key=") else word)
    return safe


def versions() -> dict[str, str]:
    """What ran: for whoever wants to know why a later run differs."""
    packages = ("aiohttp", "apsw", "pillow", "resvg-py", "uharfbuzz")
    return {
        "campaign-pipeline": pipeline.__version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        **{name: version(name) for name in packages},
    }


def git_commit(folder: Path) -> str:
    """The commit of the campaign's repository, with `+` where it has changes; empty without."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+"],  # noqa: S607 - the user's git
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
