"""Money: amounts, intervals of amounts, and budgets."""

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import NewType, Self

Amount = NewType("Amount", int)
"""An amount of money, in the smallest unit of its account: see `Unit`."""


class Unit(StrEnum):
    """What an account counts in. Amounts of different units are never added or compared."""

    CREDITS = "credits"
    """A provider's own credits, as whole numbers."""
    DOLLARS = "USD"
    """Dollars, as nano-dollars (10⁻⁹ USD): a token's price is a whole number, also if halved."""

    @property
    def field(self) -> str:
        """The name of a field with an amount, in files that other programs read."""
        return "credits" if self is Unit.CREDITS else "nano_usd"


FREE = Amount(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """The price of one image before it is bought."""

    likely: Amount
    at_most: Amount
    """Reserved before the request is sent; the provider never charges more."""

    @classmethod
    def exact(cls, price: Amount) -> Self:
        """Return the quote of a price that is known."""
        return cls(likely=price, at_most=price)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """The bounds of what the provider charged: at least `confirmed`, at most `upper`."""

    confirmed: Amount = FREE
    in_doubt: Amount = FREE
    """Cost of requests that may have been charged."""

    @property
    def upper(self) -> Amount:
        """The most that can have been charged."""
        return Amount(self.confirmed + self.in_doubt)


_NANO = 1_000_000_000
"""Nano-dollars in a dollar."""
_FRACTION = 9
"""Decimal places of a nano-dollar."""
_DOLLARS = re.compile(r"\$?[ ]?([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,9}))?")


def parse_dollars(text: str) -> Amount:
    """Return the nano-dollars of `$12.50` or `12.50`; `ValueError` if it is not exactly that."""
    match = _DOLLARS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an amount of dollars, such as $12.50")
    whole, fraction = match[1].replace(",", ""), match[2] or ""
    return Amount(int(whole) * _NANO + int(fraction.ljust(_FRACTION, "0")))


@dataclass(frozen=True, kw_only=True, slots=True)
class MoneyFormat:
    """How amounts of one account are written for people; nothing else writes them."""

    unit: Unit = Unit.CREDITS
    currency: str = ""
    """Code of the currency in which credits are shown as well, e.g. `EUR`."""
    per_credit: Decimal | None = None
    """The price of one credit in it; `None`: credits are shown alone."""

    def text(self, amount: int) -> str:
        """Return `1,200 credits`, `1 credit (0.01 EUR)` or `$12.50`."""
        if self.unit is Unit.DOLLARS:
            return self.number(amount)
        word = "credit" if amount == 1 else "credits"
        return f"{amount:,} {word}{self.priced(amount)}"

    def bare(self, amount: int) -> str:
        """Return the amount without its unit where a heading has it: `1,200`, but `$12.50`."""
        return f"{self.number(amount)}{self.priced(amount)}"

    def number(self, amount: int) -> str:
        """Return `1,200` or `$12.50`, without a price in a currency."""
        if self.unit is Unit.CREDITS:
            return f"{amount:,}"
        whole, fraction = divmod(abs(amount), _NANO)
        sign = "-" if amount < 0 else ""
        return f"{sign}${_decimal(whole, f'{fraction:0{_FRACTION}}')}"

    def about(self, amount: int) -> str:
        """Return an estimate: dollars to the cent, or to two digits if that is below a dollar."""
        if self.unit is Unit.CREDITS:
            return self.text(amount)
        digits = len(str(abs(amount)))
        places = max(0, digits - 2) if abs(amount) < _NANO else _FRACTION - 2
        return self.text(round(amount, -places))

    def price(self, amount: int) -> str:
        """Return the amount in a currency: `0.24 EUR` or `$0.053`; empty if no price is known."""
        if self.unit is Unit.DOLLARS:
            return self.number(amount)
        if self.per_credit is None:
            return ""
        whole, _, fraction = f"{amount * self.per_credit:f}".partition(".")
        return f"{_decimal(int(whole), fraction)} {self.currency}"

    @property
    def heading(self) -> str:
        """The heading of a column of bare amounts."""
        return "Credits" if self.unit is Unit.CREDITS else "Cost"

    def priced(self, amount: int) -> str:
        """Return ` (0.24 EUR)`, to follow an amount of credits; empty without a price."""
        return "" if self.per_credit is None else f" ({self.price(amount)})"


IN_CREDITS = MoneyFormat()
"""Credits without a price."""


def _decimal(whole: int, fraction: str) -> str:
    """Return a decimal number with as many places as it needs, and at least two."""
    return f"{whole:,}.{fraction.rstrip('0').ljust(2, '0')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The most that may be spent, by scope; `None` sets no limit."""

    run: Amount | None = None
    """For this run."""
    campaign: Amount | None = None
    """For this campaign, over all its runs."""
    month: Amount | None = None
    """For all campaigns of this output folder and account, in the current UTC month."""
    money: MoneyFormat = field(default_factory=MoneyFormat)
    """The unit of the limits, which is the account's, and how they are written."""

    def among(self, runs: int) -> "Budget":
        """Return the limits of one of several runs that share the limit of a run."""
        return self if self.run is None else replace(self, run=Amount(self.run // runs))
