"""One invocation, and where it leaves its account."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NewType

from pipeline.model.campaign import Slug
from pipeline.model.provider import Account

RunId = NewType("RunId", str)
"""`2026-11-22T060000Z-8f3a1c`: sorts by time, is unique, is a file name everywhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Who is spending, for which campaign, on which account."""

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
    def table(self) -> PurePosixPath:
        """The run manifest as a table."""
        return self.folder / "images.csv"

    @property
    def log(self) -> PurePosixPath:
        """One JSON object a line, as it happened."""
        return self.folder / "log.jsonl"

    @property
    def latest(self) -> PurePosixPath:
        """The only link in the output folder."""
        return PurePosixPath(self.campaign) / "latest"
