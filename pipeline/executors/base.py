"""Tasks, which are work that is free to repeat, and the Protocol of the executors that run them."""

import pickle
from contextlib import AbstractAsyncContextManager
from typing import Protocol, Self, TypeVar

from pipeline.errors import TaskFailed

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """A frozen, picklable value without secrets, closures or a ledger.

    An executor may run it in any process and more than once, so `run` must be safe to repeat and
    must not buy anything. Its result and its errors must be picklable as well.
    """

    def run(self) -> Result_co:
        """Do the work, and return a frozen value; blocks."""
        ...


class FileTransfer(Protocol):
    """How the files of a task reach a worker on another machine: by their paths, or as bytes.

    All methods block. Tasks without files are returned as they are.
    """

    @property
    def has_paths(self) -> bool:
        """True if workers may reach the files by their paths; else only `with_files` is of use."""
        ...

    def begin(self) -> None:
        """Prepare the folder, so that workers can tell it from another one of the same path."""
        ...

    def end(self) -> None:
        """Remove what `begin` has made."""
        ...

    def probe(self) -> Task[bool]:
        """Return a task that tells whether a worker reaches the files by their paths."""
        ...

    def by_path(self, task: Task[Result]) -> Task[Result]:
        """Return the task; it raises `FilesNotReached` on a worker that does not see its files."""
        ...

    def with_files(self, task: Task[Result]) -> Task[object]:
        """Return the task together with the bytes of its files, for `received`.

        What the machine of a worker lacks is a `WorkerFault` instead of a `LocalFault`.
        """
        ...

    def received(self, result: object) -> object:
        """Write the files that a task of `with_files` made, and return the task's own result."""
        ...


class Executor(AbstractAsyncContextManager["Executor"], Protocol):
    """Runs tasks while its context is entered.

    Leaving the context drops tasks that have not begun, ends or awaits those that have, and ends
    every process and thread.
    """

    @property
    def at_once(self) -> int:
        """Number of tasks that keep it busy; a caller with many needs not give it more."""
        ...

    async def run(self, task: Task[Result]) -> Result:
        """Run a task without blocking the event loop, and return its result; safe to repeat.

        Many tasks may run at once. An error of the task is raised here, with its attributes.
        Raises `TaskDied` if the task ends each process it runs in, without harm to other tasks, and
        `LocalFault` if no process can be started. A caller that is cancelled stops waiting at
        once; the task may still run to its end.
        """
        ...

    async def __aenter__(self) -> Self: ...


def run_for_another_process(task: Task[Result]) -> Result:
    """Run a task whose result or error will be pickled.

    An error that cannot be unpickled is raised as `TaskFailed` with its message, since it would
    break the pool for all other tasks.
    """
    try:
        return task.run()
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled right here
        except Exception:  # noqa: BLE001 - a foreign class may raise anything
            raise TaskFailed(f"{type(error).__name__}: {error}") from None
        raise
