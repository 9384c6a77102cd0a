"""Heavy work that costs nothing to repeat, as a value that can be sent to another process."""

from typing import Protocol, TypeVar

Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """A frozen, picklable value. It holds no secret, no closure and no ledger.

    An executor may run it in any process and more than once, so `run` must be safe to repeat and
    must never buy anything. Its result and its errors have to pickle too.
    """

    def run(self) -> Result_co:
        """Do the work, and return a frozen value; blocks."""
        ...
