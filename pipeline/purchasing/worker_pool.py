"""Workers on the event loop, fed from a stream of due jobs; a job is forgotten when it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from pipeline.model.job import Job


async def work_through(
    jobs: Iterable[Job], work: Callable[[Job], Awaitable[None]], *, workers: int
) -> None:
    """Work on every job, at most `workers` at one time; jobs are drawn as they can be begun.

    When cancelled, no further job is drawn, and each one in flight is left open in the ledger if
    it was not finished. If one job raises, no further one is drawn and those in flight are let
    end, since an answer that nobody hears may have been paid for; then all errors are raised in
    an `ExceptionGroup`.
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
            except Exception as error:  # noqa: BLE001 - raised below, once nobody waits for an answer
                errors.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
    if errors:
        raise ExceptionGroup("a job could not be worked on", errors)
