"""The ledger entry, image and status of a job: the only place that looks them up."""

from collections.abc import Mapping, Sequence

from pipeline.model.artifact import Artifact
from pipeline.model.campaign import CellName
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Status, Stored

Entries = Mapping[JobKey, Entry]
"""The entries of the ledger, by job key."""


def bought_as(job: Job) -> JobKey:
    """Return the key of the job that pays for this job's image: its own, or its payer's."""
    return job.payer or job.key


def entry_of(job: Job, entries: Entries) -> Entry | None:
    """Return the ledger entry of a job's image.

    For a job that shares an image this is its payer's entry, unless a run of only some cells
    stored an image for the job itself.
    """
    own = entries.get(job.key)
    if job.payer is None or (own is not None and isinstance(own.outcome, Stored)):
        return own
    return entries.get(job.payer)


def artifact_of(job: Job, entries: Entries) -> Artifact | None:
    """Return the stored image of a job; `None` if it has none."""
    entry = entry_of(job, entries)
    if entry is not None and isinstance(entry.outcome, Stored):
        return entry.outcome.artifact
    return None


def status_of_entry(entry: Entry | None, *, alive: bool) -> Status:
    """Return the public status of a job with this history.

    An attempt without an ending is `rendering` only while a run of its campaign is `alive`;
    otherwise its run died, and the next run finds it in doubt.
    """
    if entry is None:
        return Status.PLANNED
    if entry.rendering and not alive:
        return Status.IN_DOUBT
    return entry.status


def by_cell(jobs: Sequence[Job]) -> dict[CellName, list[Job]]:
    """Group jobs by cell, cells in the order of the jobs."""
    cells: dict[CellName, list[Job]] = {}
    for job in jobs:
        cells.setdefault(job.at.cell, []).append(job)
    return cells
