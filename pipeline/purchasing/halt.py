"""Why a run stops buying: kept in one place, the gravest reason wins."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pipeline.errors import (
    BudgetReached,
    CircuitOpen,
    FailuresReached,
    Interrupted,
    LocalFault,
    PipelineError,
    ProviderStopped,
    TimeIsUp,
)

GRAVEST_FIRST: tuple[type[PipelineError], ...] = (
    Interrupted,
    LocalFault,
    ProviderStopped,
    CircuitOpen,
    TimeIsUp,
    BudgetReached,
    FailuresReached,
)


def gravity(reason: PipelineError) -> int:
    """Place of a reason in the order in which exit codes win; smaller is graver."""
    for place, kind in enumerate(GRAVEST_FIRST):
        if isinstance(reason, kind):
            return place
    return -1


class Halt:
    """Empty while the run may buy."""

    def __init__(self) -> None:
        self._reason: PipelineError | None = None
        self._stopped = asyncio.Event()
        self._tell: Callable[[PipelineError], None] = lambda _: None

    def on_halt(self, tell: Callable[[PipelineError], None]) -> None:
        """Who hears of each new reason."""
        self._tell = tell

    @property
    def reason(self) -> PipelineError | None:
        """The gravest reason so far."""
        return self._reason

    @property
    def disk_is_lost(self) -> bool:
        """Whether not even a paid image can be kept."""
        return isinstance(self._reason, LocalFault)

    def __bool__(self) -> bool:
        return self._reason is not None

    async def sleep(self, seconds: float) -> None:
        """Wait before buying; not a moment longer than the run buys."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    def because(self, reason: PipelineError) -> None:
        """Stop buying; a graver reason replaces a lighter one."""
        if self._reason is None or gravity(reason) < gravity(self._reason):
            self._reason = reason
            self._stopped.set()
            self._tell(reason)
