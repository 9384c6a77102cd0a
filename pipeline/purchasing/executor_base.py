"""The promise every executor keeps."""

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Protocol

from pipeline.model.job import Job
from pipeline.model.outcome import Outcome

RenderJob = Callable[[Job], Awaitable[Outcome | None]]
"""Takes a job as far as it goes; `None` where it was not asked and stays due."""

Deliver = Callable[[Job, Outcome | None], None]


class Executor(Protocol):
    """Runs many jobs."""

    async def execute(self, jobs: AsyncIterable[Job], render: RenderJob, deliver: Deliver) -> None:
        """Render every job and deliver its outcome: exactly one per job, in any order.

        Jobs are drawn as they can be worked on, never all at once. When cancelled, no further job
        is drawn, and each job in flight is either delivered or left open in the ledger. Where one
        job raises, no further one is drawn and those in flight are let end, since an answer that
        nobody hears may have been paid for; then all errors are raised in an `ExceptionGroup`.
        """
        ...
