"""Which executor answers to which name."""

from collections.abc import Callable, Mapping

from pipeline.errors import UsageError
from pipeline.purchasing.executor_base import Executor
from pipeline.purchasing.worker_pool import LocalExecutor

EXECUTORS: Mapping[str, Callable[[int], Executor]] = {
    "local": lambda workers: LocalExecutor(workers=workers),
}


def open_executor(name: str, *, workers: int) -> Executor:
    """Make the executor of that name; `UsageError` where there is none."""
    if name not in EXECUTORS:
        raise UsageError(f"there is no executor {name!r}; there are: {', '.join(EXECUTORS)}")
    return EXECUTORS[name](workers)
