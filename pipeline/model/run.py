"""One run, and the paths of the files that record it."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NewType

from pipeline.model.names import Account, Slug

RunId = NewType("RunId", str)
"""`2026-11-22T060000Z-8f3a1c`: unique, sorts by time, a valid file name on every system."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of one campaign, which spends on one account."""

    id: RunId
    campaign: Slug
    account: Account


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPaths:
    """Every path of one run, relative to the output folder."""

    campaign: Slug
    run: RunId

    @property
    def folder(self) -> PurePosixPath:
        """The run's own folder."""
        return PurePosixPath(self.campaign) / "runs" / self.run

    @property
    def manifest(self) -> PurePosixPath:
        """The run manifest."""
        return self.folder / "manifest.json"

    @property
    def images(self) -> PurePosixPath:
        """The images of the run manifest, if they are too many to be in it: one on each line."""
        return self.folder / "images.jsonl"

    @property
    def table(self) -> PurePosixPath:
        """The run manifest as a table."""
        return self.folder / "images.csv"

    @property
    def log(self) -> PurePosixPath:
        """The run's log: one JSON object per line, in the order of events."""
        return self.folder / "log.jsonl"

    @property
    def latest(self) -> PurePosixPath:
        """The link to the newest run's folder; the only link in the output folder."""
        return PurePosixPath(self.campaign) / "latest"
