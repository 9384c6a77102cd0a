"""How several coordinators share a campaign, and stop together."""

from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from pipeline.model.job import Job
from pipeline.model.run import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """The share of a campaign's jobs that one of several coordinators takes, e.g. 3 of 10."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, job: Job) -> bool:
        """Return whether a job is in this share: by the key of the job that pays for its image."""
        return crc32((job.payer or job.key).encode()) % self.of == self.number - 1


WHOLE = Shard()
"""All jobs of a campaign."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LivingRun:
    """A run that holds its campaign, or a shard of it, by a lease in the ledger."""

    run: Run
    shard: Shard
    owner: str
    """The machine and process of its coordinator, for a person."""
    heard: float
    """Seconds since it last renewed its lease."""


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
