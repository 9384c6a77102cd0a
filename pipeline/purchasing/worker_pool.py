"""A pool of workers on the event loop, and what their jobs wait for."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from pipeline.model.job import Job


async def work_through(
    jobs: Iterable[Job], work: Callable[[Job], Awaitable[None]], *, workers: int
) -> None:
    """Work on every job, at most `workers` at one time; a job is taken when a worker is free.

    When cancelled, no further job is taken; jobs in flight stay open in the ledger. If a job raises
    an error, no further job is taken, but those in flight finish, since their answers may be paid
    for. Then all errors are raised in an `ExceptionGroup`.
    """
    waiting = iter(jobs)
    errors: list[Exception] = []

    async def worker() -> None:
        while not errors:
            try:
                job = next(waiting, None)
                if job is None:
                    return
                await work(job)
            except Exception as error:  # noqa: BLE001 - raised below, when no job is in flight
                errors.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
    if errors:
        raise ExceptionGroup("jobs failed with an unexpected error", errors)


class WaitedFor(StrEnum):
    """What a job can wait for; each such wait has its own deadline."""

    PROVIDER = "the provider's answer"
    IMAGE_HOST = "the image host"
    INSPECTION = "the inspection of an image"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wait:
    what: WaitedFor
    job: Job
    since: float


class Waits:
    """The present waits of one run."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[int, _Wait] = {}
        self._count = 0
        self._moved = clock()

    @contextmanager
    def on(self, what: WaitedFor, job: Job) -> Iterator[None]:
        """Count a wait while inside."""
        self._count += 1
        number = self._count
        self._moved = self._clock()
        self._open[number] = _Wait(what=what, job=job, since=self._moved)
        try:
            yield
        finally:
            del self._open[number]
            self._moved = self._clock()

    def moved(self) -> None:
        """Record that something has moved besides the waits."""
        self._moved = self._clock()

    def quiet_for(self) -> float:
        """Return the seconds since a wait last began or ended, or something else moved."""
        return self._clock() - self._moved

    def words(self) -> str:
        """Return a text for a person: what is waited for, how often, and the oldest wait."""
        if not self._open:
            return "the ledger, the disk, or a pause that the provider asked for"
        counts = Counter(wait.what for wait in self._open.values())
        kinds = " and ".join(f"{what} ({count})" for what, count in counts.most_common())
        oldest = min(self._open.values(), key=lambda wait: wait.since)
        seconds = self._clock() - oldest.since
        return f"{kinds}; {oldest.job.at.cell} for {seconds:.0f} s"
