"""Money: credits, intervals of credits, and budgets."""

from dataclasses import dataclass
from typing import NewType

Credits = NewType("Credits", int)
"""The provider's unit of money."""

FREE = Credits(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """The bounds of what the provider charged: at least `confirmed`, at most `upper`."""

    confirmed: Credits = FREE
    in_doubt: Credits = FREE
    """Credits of requests that may have been charged."""

    @property
    def upper(self) -> Credits:
        """The most that can have been charged."""
        return Credits(self.confirmed + self.in_doubt)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The most that may be spent, by scope; `None` sets no limit."""

    run: Credits | None = None
    """For this run."""
    campaign: Credits | None = None
    """For this campaign, over all its runs."""
    month: Credits | None = None
    """For all campaigns of this output folder and account, in the current UTC month."""
