"""A pool of workers in this process, fed from one stream."""

import asyncio
from collections.abc import AsyncIterable

from pipeline.model.job import Job
from pipeline.purchasing.executor_base import Deliver, RenderJob


class LocalExecutor:
    """At most `workers` jobs in hand at one time."""

    def __init__(self, *, workers: int) -> None:
        self._workers = workers

    async def execute(self, jobs: AsyncIterable[Job], render: RenderJob, deliver: Deliver) -> None:
        """See `Executor.execute`."""
        waiting = aiter(jobs)
        turn = asyncio.Lock()
        broken: list[Exception] = []

        async def work() -> None:
            while not broken:
                try:
                    async with turn:  # an async generator must not be entered twice at once
                        job = await anext(waiting, None)
                    if job is None:
                        return
                    deliver(job, await render(job))
                except Exception as error:  # noqa: BLE001 - raised below, once nobody waits for an answer
                    broken.append(error)

        async with asyncio.TaskGroup() as workers:
            for _ in range(self._workers):
                workers.create_task(work())
        if broken:
            raise ExceptionGroup("a job could not be worked on", broken)
