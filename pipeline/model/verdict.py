"""Decisions about the images of a cell, bound to the image that the reviewer saw."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.model.job import JobKey
from pipeline.model.names import CellName, Stage


class Decision(StrEnum):
    """The decisions of a reviewer; `UNDECIDED` withdraws an earlier one."""

    APPROVED = "approved"
    REJECTED = "rejected"
    REDO = "redo"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One decision on one cell, bound to the image that the reviewer saw."""

    cell: CellName
    stage: Stage
    decision: Decision
    round: int
    take: int
    """The approved take; for redo and reject, the take that the reviewer saw."""
    job: JobKey
    sha256: str
    """SHA-256 of the image that the reviewer saw; empty if there was none."""
    by: str
    at: str
    """UTC, ISO 8601 with seconds and `Z`."""
    note: str = ""
    revision: int = 0
    """Number of this verdict on its cell and stage, from 1; the ledger sets it."""


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
