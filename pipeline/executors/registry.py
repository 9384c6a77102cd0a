"""Executors by name; the module of an executor is imported when it is opened."""

from collections.abc import Mapping
from importlib import import_module

from pipeline.errors import UsageError
from pipeline.executors.base import Executor

LOCAL = "local"
INLINE = "inline"

# An executor may need a large package, which a command like `status` should not import.
EXECUTORS: Mapping[str, tuple[str, str]] = {
    LOCAL: ("pipeline.executors.local", "LocalExecutor"),
    INLINE: ("pipeline.executors.inline", "InlineExecutor"),
}


def open_executor(name: str = LOCAL) -> Executor:
    """Return the executor of that name, to be entered with `async with`.

    Raises `UsageError` for an unknown name.
    """
    if name not in EXECUTORS:
        raise UsageError(f"there is no executor {name!r}; there are: {', '.join(EXECUTORS)}")
    module, kind = EXECUTORS[name]
    executor: Executor = getattr(import_module(module), kind)()
    return executor
