"""What the ledger knows of a job: its own entry, or that of the cell that pays for its image."""

from collections.abc import Mapping, Sequence

from pipeline.model.artifact import Artifact
from pipeline.model.campaign import CellName
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored

Entries = Mapping[JobKey, Entry]
"""What the ledger knows, by job key."""


def entry_of(job: Job, entries: Entries) -> Entry | None:
    """What the ledger knows of a job; a job that shares an image is told by its payer."""
    own = entries.get(job.key)
    if own is not None and own.outcome is not None:
        return own
    return entries.get(job.payer, own) if job.payer is not None else own


def artifact_of(job: Job, entries: Entries) -> Artifact | None:
    """The image of a job as it lies on disk; a job that shares an image has its payer's."""
    for key in (job.key, job.payer):
        entry = entries.get(key) if key is not None else None
        if entry is not None and isinstance(entry.outcome, Stored):
            return entry.outcome.artifact
    return None


def was_asked(job: Job, entries: Entries) -> bool:
    """Whether a request for the image of a job has ended in any way."""
    entry = entries.get(job.key) or (entries.get(job.payer) if job.payer is not None else None)
    return entry is not None and entry.outcome is not None


def by_cell(jobs: Sequence[Job]) -> dict[CellName, list[Job]]:
    """The takes of each cell, cells in the order of the jobs."""
    cells: dict[CellName, list[Job]] = {}
    for job in jobs:
        cells.setdefault(job.at.cell, []).append(job)
    return cells
