"""Tasks: work that is free to repeat, as values that can be sent to another process."""

from typing import Protocol, TypeVar

Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """A frozen, picklable value without secrets, closures or a ledger.

    An executor may run it in any process and more than once, so `run` must be safe to repeat and
    must not buy anything. Its result and its errors must be picklable as well.
    """

    def run(self) -> Result_co:
        """Do the work, and return a frozen value; blocks."""
        ...
