"""A pool of workers on the event loop that takes jobs from an iterator."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

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
