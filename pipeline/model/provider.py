"""The capabilities and prices of a provider, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.model.money import Amount, Quote, Unit
from pipeline.model.names import ProfileName
from pipeline.model.request import Quality, RenderRequest


class Support(StrEnum):
    """The degree to which a provider supports a feature."""

    YES = "yes"
    PREVIEW = "preview"
    NO = "no"


class TextMeaning(StrEnum):
    """The meaning of a known text in a reply: what was charged, and what to do next."""

    POLICY = "policy"
    INVALID = "invalid"
    KEY = "key"
    FUNDS = "funds"
    THROTTLE = "throttle"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownText:
    """A pattern in an error message, and its meaning.

    A reply with an unknown text does not show whether the request was charged.
    """

    pattern: str
    """A regular expression, searched without regard to case."""
    meaning: TextMeaning


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """The limits of a provider's API; a campaign with a cell beyond them is refused."""

    ratios: tuple[str, ...]
    """The documented ratios; any other is a warning, or an error with `ratios_only`."""
    ratios_only: bool = False
    longest_ratio: float = 3.0
    transparent: Support = Support.YES
    references: Support = Support.NO
    longest_prompt: int = 32_000
    """In characters."""
    replays_keys: bool = False
    """True if a repeated Idempotency-Key returns the same image without a second charge."""
    key_age: float = 86_400.0
    """Seconds for which a key is honoured; a repeat after that may be charged again."""
    varies: bool = False
    """True if the header `X-Variation` is sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The description of one provider: name, model, prices, limits and known texts."""

    name: ProfileName
    model: str
    prices: Mapping[Quality, Amount]
    caps: Caps
    unit: Unit = Unit.CREDITS
    """What its prices and its account count in."""
    play_money: bool = False
    """True if its credits are shown, but never counted against a budget."""
    known_texts: tuple[KnownText, ...] = field(default=())

    def price(self, quality: Quality) -> Amount:
        """Return the credits for one image of this quality."""
        return self.prices[quality]

    def quote(self, request: RenderRequest) -> Quote:
        """Return the likely and the highest price of a request; needs no connection."""
        price = self.price(request.quality)
        return Quote(likely=price, at_most=price)
