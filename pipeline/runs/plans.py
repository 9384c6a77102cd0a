"""A plan that can be held to: its id, why each image is due, and what is kept of it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath

from pipeline.errors import UsageError
from pipeline.ledger.base import Entry
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Failed, Rendered, Stored
from pipeline.runs.folder import write_file
from pipeline.runs.forecast import Forecast

ID_LENGTH = 8


class Why(StrEnum):
    """Why an image is due."""

    NEW = "new"
    CHANGED = "its words changed"
    REDO = "a reviewer asked for it anew"
    UNSENT = "it could not be sent last time"
    AGAIN = "it failed or was lost, and is asked for again"


Spot = tuple[CellName, Stage, int, int]
"""Cell, stage, round, take."""


def plan_id(campaign_sha256: str, profile: str, ahead: Iterable[Forecast]) -> str:
    """The same work at the same price has the same id; anything else has another."""
    work = [
        (
            sorted((job.key, job.price) for job in one.to_buy),
            sorted(job.key for job in one.to_fetch),
        )
        for one in ahead
    ]
    text = json.dumps([campaign_sha256, profile, work], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def reasons(jobs: Sequence[Job], known: Sequence[Entry]) -> dict[JobKey, Why]:
    """Why each of these jobs is bought; `known` are all entries of the campaign."""
    entries = {entry.key: entry for entry in known}
    spots: set[Spot] = {_spot(entry) for entry in known if entry.outcome is not None}
    return {job.key: _why(job, entries.get(job.key), spots) for job in jobs}


def _why(job: Job, entry: Entry | None, spots: set[Spot]) -> Why:
    if entry is not None and isinstance(entry.outcome, Rendered):
        return Why.AGAIN
    if entry is not None and isinstance(entry.outcome, Failed):
        return Why.UNSENT if entry.outcome.kind == "not_sent" else Why.AGAIN
    if (job.at.cell, job.at.stage, job.at.round, job.at.take) in spots:
        return Why.CHANGED
    return Why.REDO if job.at.round > 1 else Why.NEW


def _spot(entry: Entry) -> Spot:
    return (entry.at.cell, entry.at.stage, entry.at.round, entry.at.take)


def gone(jobs: Iterable[Job], known: Sequence[Entry]) -> list[Entry]:
    """Images on disk that the campaign, as it is now, does not ask for; their files are kept."""
    current = {job.key for job in jobs}
    return [
        entry for entry in known if isinstance(entry.outcome, Stored) and entry.key not in current
    ]


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


def count_reasons(why: Mapping[JobKey, Why]) -> list[tuple[Why, int]]:
    """How many images are due for each reason, in the order of `Why`."""
    counts = Counter(why.values())
    return [(reason, counts[reason]) for reason in Why if counts[reason]]
