"""Opening the executor that runs the tasks of a command."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from pipeline.executors.base import Executor
from pipeline.executors.registry import open_executor
from pipeline.images.base import ImageStore
from pipeline.images.transfer import ImageTransfer
from pipeline.model.adfiles.ad_file import Signing
from pipeline.settings import Settings


def executor_for(
    settings: Settings, images: ImageStore, *, tell: Callable[[str], None] = lambda _: None
) -> Executor:
    """Return the executor of tasks on these images, to be entered with `async with`.

    `tell` is told what a person should know of a cluster.
    """
    return open_executor(settings.executor, transfer=ImageTransfer(images), tell=tell)


async def executor_that_signs(
    stack: AsyncExitStack, executor: Executor, signing: Signing | None
) -> Executor:
    """Return an executor on this machine if files are to be signed: no key travels to workers."""
    if signing is None:
        return executor
    return await stack.enter_async_context(open_executor())
