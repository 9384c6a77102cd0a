"""The reason why a run stops buying, and the breaker that stops it after repeated failures."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pipeline.errors import (
    BudgetReached,
    CircuitOpen,
    FailuresReached,
    Interrupted,
    LeaseLost,
    LocalFault,
    PipelineError,
    ProviderStopped,
    TimeIsUp,
    UploadStopped,
)
from pipeline.ledger.base import Ledger
from pipeline.model.campaign import FailureLimit
from pipeline.model.coordination import HaltKind, SharedHalt
from pipeline.model.run import RunId

GRAVEST_FIRST: tuple[type[PipelineError], ...] = (
    Interrupted,
    LocalFault,
    LeaseLost,
    UploadStopped,
    ProviderStopped,
    CircuitOpen,
    TimeIsUp,
    BudgetReached,
    FailuresReached,
)


def gravity(reason: PipelineError) -> int:
    """Return the rank of a reason; 0 is the gravest, whose exit code the run ends with."""
    for place, kind in enumerate(GRAVEST_FIRST):
        if isinstance(reason, kind):
            return place
    return -1


class Halt:
    """The gravest reason to stop buying so far; false while the run may buy."""

    def __init__(self) -> None:
        self._reason: PipelineError | None = None
        self._stopped = asyncio.Event()
        self._callback: Callable[[PipelineError], None] = lambda _: None

    def on_halt(self, callback: Callable[[PipelineError], None]) -> None:
        """Register a callback for each new reason."""
        self._callback = callback

    @property
    def reason(self) -> PipelineError | None:
        """The gravest reason so far."""
        return self._reason

    @property
    def disk_is_lost(self) -> bool:
        """True if this machine cannot even keep paid images."""
        return isinstance(self._reason, LocalFault)

    def __bool__(self) -> bool:
        return self._reason is not None

    async def sleep(self, seconds: float) -> None:
        """Wait before a purchase; return at once if the run stops buying."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    def because(self, reason: PipelineError) -> None:
        """Stop buying; a graver reason replaces a lighter one."""
        if self._reason is None or gravity(reason) < gravity(self._reason):
            self._reason = reason
            self._stopped.set()
            self._callback(reason)


class HaltSharing:
    """Tells the ledger why a run stops, if every run of its account has to stop for that reason."""

    def __init__(
        self, ledger: Ledger, *, run: RunId, listen: Callable[[PipelineError], None]
    ) -> None:
        self._ledger, self._run, self._listen = ledger, run, listen
        self._telling: set[asyncio.Task[None]] = set()

    def happened(self, reason: PipelineError) -> None:
        """Begin to tell the ledger; a budget, a signal and a fault concern this run alone."""
        self._listen(reason)
        halt = shared_halt(reason)
        if halt is not None:
            self._telling.add(asyncio.create_task(self._ledger.halt(self._run, halt)))

    async def finish(self) -> None:
        """Wait until the ledger knows, or cannot be told: then every run finds out for itself."""
        await asyncio.gather(*self._telling, return_exceptions=True)


def shared_halt(reason: PipelineError) -> SharedHalt | None:
    """Return a reason that concerns every run of an account; `None` for all others."""
    match reason:
        case ProviderStopped():
            kind = HaltKind.PROVIDER_STOPPED
            return SharedHalt(kind=kind, message=str(reason), remedy=reason.remedy)
        case CircuitOpen():
            kind = HaltKind.CIRCUIT_OPEN
            return SharedHalt(kind=kind, message=reason.last, doubts=reason.doubts)
        case _:
            return None


class Breaker:
    """Counts failures in a row and over the run, and halts the run at a limit."""

    def __init__(
        self, halt: Halt, *, doubts_in_a_row: int, failures: FailureLimit, due: int
    ) -> None:
        self._halt = halt
        self._most_doubts = doubts_in_a_row
        self._doubts = 0
        self._unsent = 0
        self._failed = 0
        self._limit = failures.count
        if failures.share is not None:
            by_share = int(failures.share * due)
            self._limit = by_share if self._limit is None else min(self._limit, by_share)

    def answered(self) -> None:
        """Record an answer that could be understood; this resets the failures in a row."""
        self._doubts = 0
        self._unsent = 0

    def doubted(self, reason: str) -> None:
        """Count a request in doubt; halt at the limit, where 0 means no limit."""
        self._doubts += 1
        if self._most_doubts and self._doubts >= self._most_doubts:
            self._halt.because(CircuitOpen(doubts=self._doubts, last=reason))

    def unsent(self, reason: str, *, alone: bool) -> None:
        """Count a job that could not be sent; halt at the limit, or at once if sent `alone`."""
        self._unsent += 1
        if alone or self._unsent >= max(self._most_doubts, 1):
            self._halt.because(ProviderStopped(f"the provider cannot be reached: {reason}"))

    def failed(self) -> None:
        """Count a job that ended without an image; halt above `max_failures`."""
        self._failed += 1
        if self._limit is not None and self._failed > self._limit:
            self._halt.because(FailuresReached(failures=self._failed, limit=str(self._limit)))
