"""Executors by name; the module of an executor is imported when it is opened."""

from collections.abc import Callable
from importlib import import_module
from typing import assert_never, cast

from pipeline.executors.base import Executor, FileTransfer
from pipeline.settings import ExecutorName, ExecutorSettings


def open_executor(
    settings: ExecutorSettings | None = None,
    *,
    transfer: FileTransfer | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Executor:
    """Return the executor of that name, to be entered with `async with`; by default the local one.

    `transfer` brings files to workers on other machines; `tell` is told what a person should know.
    """
    chosen = settings or ExecutorSettings()
    # An executor may need a large package, which a command like `status` should not import.
    match chosen.name:
        case ExecutorName.LOCAL:
            return cast("Executor", import_module("pipeline.executors.local").LocalExecutor())
        case ExecutorName.INLINE:
            return cast("Executor", import_module("pipeline.executors.inline").InlineExecutor())
        case ExecutorName.RAY:
            module = import_module("pipeline.executors.ray.executor")
            executor = module.RayExecutor(chosen.ray_address, transfer=transfer, tell=tell)
            return cast("Executor", executor)
        case _:
            assert_never(chosen.name)
