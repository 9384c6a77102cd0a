"""Money: amounts, intervals of amounts, and budgets."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Amount = NewType("Amount", int)
"""An amount of money, in the smallest unit of its account: see `Unit`."""


class Unit(StrEnum):
    """What an account counts in. Amounts of different units are never added or compared."""

    CREDITS = "credits"
    """A provider's own credits, as whole numbers."""
    DOLLARS = "USD"
    """Dollars, as nano-dollars (10⁻⁹ USD): a token's price is a whole number, also if halved."""


FREE = Amount(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """The price of one image before it is bought."""

    likely: Amount
    at_most: Amount
    """Reserved before the request is sent; the provider never charges more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """The bounds of what the provider charged: at least `confirmed`, at most `upper`."""

    confirmed: Amount = FREE
    in_doubt: Amount = FREE
    """Credits of requests that may have been charged."""

    @property
    def upper(self) -> Amount:
        """The most that can have been charged."""
        return Amount(self.confirmed + self.in_doubt)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The most that may be spent, by scope; `None` sets no limit."""

    run: Amount | None = None
    """For this run."""
    campaign: Amount | None = None
    """For this campaign, over all its runs."""
    month: Amount | None = None
    """For all campaigns of this output folder and account, in the current UTC month."""
