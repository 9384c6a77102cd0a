"""An executor in this process, for tests, and for systems that allow no further process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from pipeline.executors.base import Task

Result = TypeVar("Result")


class InlineExecutor:
    """Runs tasks one at a time in a thread. A task that ends its process ends this one."""

    at_once = 8

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tasks")
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)

    async def run(self, task: Task[Result]) -> Result:
        """See `Executor.run`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, task.run)
