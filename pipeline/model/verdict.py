"""Decisions about the images of a cell, bound to the image that was looked at."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.model.campaign import CellName, Stage
from pipeline.model.job import JobKey


class Decision(StrEnum):
    """The decisions of a reviewer; `UNDECIDED` withdraws an earlier one."""

    APPROVED = "approved"
    REJECTED = "rejected"
    REDO = "redo"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One decision on one cell, bound to the image that was looked at."""

    cell: CellName
    stage: Stage
    decision: Decision
    round: int
    take: int
    """The take that was approved; for redo and reject the take that was looked at."""
    job: JobKey
    sha256: str
    """Digest of the artifact that was looked at; empty if there was none."""
    by: str
    at: str
    """UTC, ISO 8601 with seconds and `Z`."""
    note: str = ""
    revision: int = 0
    """Counts the verdicts on this cell and stage, for optimistic locking; the ledger sets it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """The current round of a cell's drafts, and the note with which it was requested."""

    number: int = 1
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """An approved draft, from which a final is made."""

    round: int
    take: int
    job: JobKey
    sha256: str
