"""The entry, image and status of a job, and the newest verdict and the round of a cell.

This is the only place that looks them up.
"""

from collections.abc import Iterable, Mapping, Sequence

from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Status, Stored
from pipeline.model.verdict import Decision, Round, Verdict

Entries = Mapping[JobKey, Entry]
"""The entries of the ledger, by job key."""

Newest = Mapping[tuple[CellName, Stage], Verdict]
"""The newest verdict of each cell and stage."""


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


class Rounds(dict[CellName, Round]):
    """The round of each cell that somebody has decided on, and the notes of all rounds."""

    def __init__(self, notes: Mapping[tuple[CellName, int], str]) -> None:
        super().__init__()
        self.notes = notes

    def put(self, cell: CellName, number: int) -> None:
        """Place a cell in a round, with the note that asked for that round."""
        self[cell] = Round(number=number, note=self.notes.get((cell, number), ""))


def place(verdict: Verdict) -> tuple[CellName, Stage]:
    """Return the cell and the stage that a verdict is on."""
    return verdict.cell, verdict.stage


def newest_of(history: Iterable[Verdict]) -> dict[tuple[CellName, Stage], Verdict]:
    """Return the newest verdict of each cell and stage; `history` is ordered oldest first."""
    return {place(verdict): verdict for verdict in history}


def rounds_from(history: Iterable[Verdict], *, stage: Stage = Stage.DRAFT) -> Rounds:
    """Return the round that each cell is in at a stage, and the note that asked for it.

    `history` is ordered oldest first. A redo asks for the round after its own; any other verdict
    keeps its own round, whose note is that of the redo before it.
    """
    notes: dict[tuple[CellName, int], str] = {}
    rounds = Rounds(notes)
    for verdict in history:
        if verdict.stage is not stage:
            continue
        number = verdict.round
        if verdict.decision is Decision.REDO:
            number += 1
            notes[verdict.cell, number] = verdict.note
        rounds.put(verdict.cell, number)
    return rounds


def shown_rounds(
    rounds: Rounds, newest: Newest, entries: Iterable[Entry], *, stage: Stage = Stage.DRAFT
) -> Rounds:
    """Return the rounds that a reviewer sees: until a redo has begun, the round before it.

    Approving or undeciding there withdraws the redo. `entries` are those of the campaign.
    """
    if not rounds:
        return rounds
    begun = {(e.at.cell, e.at.round) for e in entries if e.at.stage is stage}
    shown = Rounds(rounds.notes)
    for cell, asked in rounds.items():
        verdict = newest.get((cell, stage))
        redone = verdict is not None and verdict.decision is Decision.REDO
        waits = redone and (cell, asked.number) not in begun
        shown.put(cell, asked.number - waits)
    return shown
