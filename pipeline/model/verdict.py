"""What was decided about the drafts of a cell, and what exactly was looked at."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.model.campaign import CellName, Stage
from pipeline.model.job import JobKey


class Decision(StrEnum):
    """The things a reviewer can say; `UNDECIDED` takes an earlier word back."""

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
    """Of the artifact that was looked at; empty where there was none."""
    by: str
    at: str
    """UTC, ISO 8601 with seconds and `Z`."""
    note: str = ""
    revision: int = 0
    """Counts the verdicts on this cell and stage, for optimistic locking; the ledger sets it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Which round of drafts a cell is in, and the note that asked for it."""

    number: int = 1
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """An approved draft: what a final is made from."""

    round: int
    take: int
    job: JobKey
    sha256: str
