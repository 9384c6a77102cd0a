"""How several coordinators share a campaign, and stop together."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from pipeline.model.job import Job, JobKey
from pipeline.model.names import CellName
from pipeline.model.run import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """The share of a campaign's cells that one of several coordinators takes, e.g. 3 of 10."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def cells_of(self, jobs: Iterable[Job]) -> frozenset[CellName]:
        """Return the cells in this share; `jobs` are all those of the campaign, in its order.

        The key of a cell's first job decides, or of the job that pays for its image: cells that
        share an image are in one shard, and so are all takes of a cell, its draft and its final.
        """
        first: dict[CellName, JobKey] = {}
        for job in jobs:
            first.setdefault(job.at.cell, job.payer or job.key)
        return frozenset(
            cell for cell, key in first.items() if crc32(key.encode()) % self.of == self.number - 1
        )


WHOLE = Shard()
"""All cells of a campaign."""


def read_shard(text: str) -> Shard:
    """Return the shard that is written as `3/10`; raise `ValueError` for anything else."""
    number, _, of = text.partition("/")
    if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return Shard(number=int(number), of=int(of))
    raise ValueError(f"{text!r} is no share such as 1/4")


@dataclass(frozen=True, kw_only=True, slots=True)
class LivingRun:
    """A run that holds its campaign, or a shard of it, by a lease in the ledger."""

    run: Run
    shard: Shard
    owner: str
    """The machine and process of its coordinator, for a person."""
    heard: float
    """Seconds since it last renewed its lease."""
    left: float
    """Seconds until another run may take its place, unless it renews its lease before."""

    @property
    def shown(self) -> str:
        """Where it runs and when it was heard of, for a person."""
        return f"{self.owner}, heard of {self.heard:.0f} s ago"

    @property
    def remedy(self) -> str:
        """What helps if it has died."""
        return f"If it was killed, try again in {math.ceil(self.left)} s."


class HaltKind(StrEnum):
    """Why a run stops every run of its account."""

    PROVIDER_STOPPED = "provider_stopped"
    CIRCUIT_OPEN = "circuit_open"


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedHalt:
    """A reason to stop buying that holds for every run of an account."""

    kind: HaltKind
    message: str
    remedy: str = ""
    """What a person has to do before the next run."""
    doubts: int = 0
    """Number of requests in doubt in a row, if the circuit is open."""
