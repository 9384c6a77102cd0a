"""Saved plans: their id, their file, and why each image is due."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path, PurePosixPath

from pipeline.errors import UsageError
from pipeline.model.entry import Entry
from pipeline.model.job import Coordinates, Job, JobKey
from pipeline.model.names import Slug
from pipeline.model.outcome import Failed, FailureKind, Paid, PaidLost
from pipeline.state.output.folder import write_file
from pipeline.state.work_ahead import WorkAhead

ID_LENGTH = 8


class DueReason(StrEnum):
    """Why an image is due."""

    NEW = "new"
    CHANGED = "prompt or settings changed"
    REDO = "a reviewer asked for another"
    UNSENT = "could not be sent last time"
    AGAIN = "failed or lost, to be bought again"


def plan_id(campaign_sha256: str, profile: str, ahead: Iterable[WorkAhead]) -> str:
    """Return the id of a plan: the same work at the same price has the same id."""
    text = json.dumps([campaign_sha256, profile, [f"{one.digest:x}" for one in ahead]])
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def _place_hash(at: Coordinates) -> int:
    """Return a hash of where an image belongs in the campaign, whatever its axes are called."""
    return hash((at.cell, at.stage, at.round, at.take))


class LedgerLookup:
    """The ledger entries of a campaign, by job and by place."""

    def __init__(self, entries: Mapping[JobKey, Entry]) -> None:
        self.entries = entries

    @cached_property
    def _places(self) -> frozenset[int]:
        """Hashes of the places for which an image was ever requested."""
        asked = (one.at for one in self.entries.values() if one.outcome is not None)
        return frozenset(map(_place_hash, asked))

    def why(self, job: Job) -> DueReason:
        """Return why this job is bought."""
        entry = self.entries.get(job.key)
        if entry is not None and isinstance(entry.outcome, Paid | PaidLost):
            return DueReason.AGAIN
        if entry is not None and isinstance(entry.outcome, Failed):
            unsent = entry.outcome.kind is FailureKind.NOT_SENT
            return DueReason.UNSENT if unsent else DueReason.AGAIN
        if _place_hash(job.at) in self._places:
            return DueReason.CHANGED
        return DueReason.REDO if job.at.round > 1 else DueReason.NEW


def plan_path(campaign: Slug, plan: str) -> PurePosixPath:
    """Return where a plan is kept, below the output folder."""
    return PurePosixPath(campaign) / "plans" / f"{plan}.json"


def save_plan(output: Path, campaign: Slug, plan: str, content: Mapping[str, object]) -> None:
    """Write a plan to its file; `LocalFault` if the disk fails."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    write_file(output, plan_path(campaign, plan), text.encode() + b"\n")


def planned_feeds(output: Path, campaign: Slug, plan: str) -> Mapping[str, str]:
    """Return the digest of each feed of a saved plan by its source; none if there is no such plan.

    Feeds that are named by URL are then read from their snapshots, not fetched again.
    """
    try:
        content = json.loads((output / plan_path(campaign, plan)).read_bytes())
        feeds = content.get("feeds", {})
        return {str(source): str(sha256) for source, sha256 in feeds.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def hold_to_plan(output: Path, campaign: Slug, *, asked: str, actual: str) -> None:
    """Check that the work is what the plan of this id showed; `UsageError` if not."""
    if asked == actual:
        return
    if not (output / plan_path(campaign, asked)).exists():
        raise UsageError(f"there is no saved plan {asked} of {campaign}; pipeline plan saves one")
    raise UsageError(
        f"the work is no longer what plan {asked} showed (it is now plan {actual}): the campaign, "
        "its feeds, the verdicts or the files have changed. Nothing was sent; run pipeline plan "
        "again"
    )
