"""Connecting to the account of a command, by the name of its provider.

It is apart from `open`, so that a command that only reads the ledger loads no provider.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

from pipeline.app.open import late
from pipeline.model.names import ProfileName
from pipeline.providers.base import Provider
from pipeline.providers.names import EMBEDDED, EMBEDDED_ACCOUNT
from pipeline.settings import ProviderSettings


def open_account(
    name: ProfileName, settings: ProviderSettings, *, state: Path
) -> AbstractAsyncContextManager[Provider]:
    """Return a context manager that connects to a provider; for `embedded`, it runs the server too.

    `state` is the folder of that server. Each campaign has its own, so that two campaigns can run
    at the same time.
    """
    if name == EMBEDDED:
        return _embedded(settings, state=state)
    provider = late("providers.registry").open_provider(name, settings=settings)
    return cast("AbstractAsyncContextManager[Provider]", provider)


@asynccontextmanager
async def _embedded(settings: ProviderSettings, *, state: Path) -> AsyncIterator[Provider]:
    """Run the image server on a loopback port, and connect to it.

    It honours idempotency keys, and its state is durable: after a crash, the next run receives
    the same images instead of new ones.
    """
    options = late("imageserver.options")
    choices = options.ServerSettings(state=state, idempotency=options.Idempotency.REPLAY)
    async with late("imageserver.server").ImageServer(choices) as server:
        with _log_in(state):
            reached = replace(settings, base_url=server.url, key=server.key, key_url="")
            open_provider = late("providers.registry").open_provider
            async with open_provider(EMBEDDED, settings=reached, account=EMBEDDED_ACCOUNT) as here:
                yield here


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop a line that cannot be written, without the traceback that logging would print."""


@contextmanager
def _log_in(state: Path) -> Iterator[None]:
    """Write the server's log to a file, not among the run's messages."""
    log = logging.getLogger("pipeline.imageserver")
    handler = _LogFile(state / "server.log", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = True
        with suppress(OSError):  # its last lines, on a disk that is full
            handler.close()
