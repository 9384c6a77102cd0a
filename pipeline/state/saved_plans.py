"""A plan that can be held to: its id, why each image is due, and what is kept of it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol, Self

from pipeline.errors import UsageError
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Failed, FailureKind, Paid, PaidLost
from pipeline.state.output.folder import write_file

ID_LENGTH = 8


class DueReason(StrEnum):
    """Why an image is due."""

    NEW = "new"
    CHANGED = "its words changed"
    REDO = "a reviewer asked for it anew"
    UNSENT = "it could not be sent last time"
    AGAIN = "it failed or was lost, and is asked for again"


Spot = tuple[CellName, Stage, int, int]
"""Cell, stage, round, take."""


class StageWork(Protocol):
    """The work of one stage, listed or only counted."""

    @property
    def digest(self) -> int:
        """Of what is bought at which price, and what is fetched; the order does not count."""
        ...


def plan_id(campaign_sha256: str, profile: str, ahead: Iterable[StageWork]) -> str:
    """The same work at the same price has the same id; anything else has another."""
    text = json.dumps([campaign_sha256, profile, [f"{one.digest:x}" for one in ahead]])
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerLookup:
    """What the ledger knows of a campaign, found by job and by place in the matrix."""

    entries: Mapping[JobKey, Entry]
    spots: frozenset[Spot]
    """Where an image was ever asked for."""

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Self:
        """All entries of the campaign, as `Ledger.campaign_entries` gives them."""
        return cls(
            entries={entry.key: entry for entry in entries},
            spots=frozenset(
                (entry.at.cell, entry.at.stage, entry.at.round, entry.at.take)
                for entry in entries
                if entry.outcome is not None
            ),
        )

    def why(self, job: Job) -> DueReason:
        """Why this job is bought."""
        entry = self.entries.get(job.key)
        if entry is not None and isinstance(entry.outcome, Paid | PaidLost):
            return DueReason.AGAIN
        if entry is not None and isinstance(entry.outcome, Failed):
            unsent = entry.outcome.kind is FailureKind.NOT_SENT
            return DueReason.UNSENT if unsent else DueReason.AGAIN
        if (job.at.cell, job.at.stage, job.at.round, job.at.take) in self.spots:
            return DueReason.CHANGED
        return DueReason.REDO if job.at.round > 1 else DueReason.NEW


def plan_place(campaign: Slug, plan: str) -> PurePosixPath:
    """Where a plan is kept, below the output folder."""
    return PurePosixPath(campaign) / "plans" / f"{plan}.json"


def keep_plan(output: Path, campaign: Slug, plan: str, content: Mapping[str, object]) -> None:
    """Write a plan down."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    write_file(output, plan_place(campaign, plan), text.encode() + b"\n")


def hold_to_plan(output: Path, campaign: Slug, *, asked: str, actual: str) -> None:
    """`UsageError` where the work is not what the plan of this id showed."""
    if asked == actual:
        return
    if not (output / plan_place(campaign, asked)).exists():
        raise UsageError(f"there is no plan {asked} of {campaign}; pipeline plan makes one")
    raise UsageError(
        f"the work is not what plan {asked} showed any more (it would be plan {actual} now): the "
        "campaign, its feeds, the verdicts or the disk changed. Look at it again with pipeline "
        "plan; nothing was sent"
    )
