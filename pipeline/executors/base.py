"""The promise every executor keeps."""

import pickle
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self, TypeVar

from pipeline.errors import TaskFailed
from pipeline.model.task import Task

Result = TypeVar("Result")


class Executor(AbstractAsyncContextManager["Executor"], Protocol):
    """Runs tasks; entered before the first one, and left once nobody waits for a result.

    Leaving drops tasks that have not begun, waits for those that have, and leaves no process
    or thread behind.
    """

    async def run(self, task: Task[Result]) -> Result:
        """Run a task beside the event loop, and return what it returns; safe to repeat.

        Many may run at once. What the task raises is raised here, attributes included. `TaskDied`
        where it ends each process that it runs in, which is tried twice; other tasks do not
        suffer from it. `LocalFault` where no process can be started. A caller that is cancelled
        stops waiting at once, and whatever the task still does has no effect on it.
        """
        ...

    async def __aenter__(self) -> Self: ...


def run_for_another_process(task: Task[Result]) -> Result:
    """Run a task whose result or error is going to be pickled.

    An error that cannot be rebuilt at the other end is raised as `TaskFailed` with its words: it
    would break the pipe that it comes through, for every task that uses it.
    """
    try:
        return task.run()
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - what was pickled a moment ago
        except Exception:  # noqa: BLE001 - whatever a foreign class does in its constructor
            raise TaskFailed(f"{type(error).__name__}: {error}") from None
        raise
