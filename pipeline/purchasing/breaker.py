"""When failures in a row mean that asking on makes no sense."""

from pipeline.errors import CircuitOpen, FailuresReached, ProviderStopped
from pipeline.model.campaign import FailureLimit
from pipeline.purchasing.halt import Halt


class Breaker:
    """Counts endings in a row and over the run, and halts the run where a bound is reached."""

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
        """The provider answered something that can be understood."""
        self._doubts = 0
        self._unsent = 0

    def doubted(self, reason: str) -> None:
        """A request was never answered; 0 allowed in a row keeps the circuit closed for ever."""
        self._doubts += 1
        if self._most_doubts and self._doubts >= self._most_doubts:
            self._halt.because(CircuitOpen(doubts=self._doubts, last=reason))

    def unsent(self, reason: str, *, alone: bool) -> None:
        """A job could not be sent at all, after every try; `alone`: it was the canary."""
        self._unsent += 1
        if alone or self._unsent >= max(self._most_doubts, 1):
            self._halt.because(ProviderStopped(f"the provider cannot be reached: {reason}"))

    def failed(self) -> None:
        """A job ended without an image."""
        self._failed += 1
        if self._limit is not None and self._failed > self._limit:
            self._halt.because(FailuresReached(failures=self._failed, limit=str(self._limit)))
