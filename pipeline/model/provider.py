"""What a provider can do and what it costs, as values that planning may read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from pipeline.model.credits import Credits
from pipeline.model.request import Quality

ProfileName = NewType("ProfileName", str)
"""`gptimage`, `embedded`: the same client may stand behind several profiles."""

Account = NewType("Account", str)
"""A profile at one base URL: whose money it is."""


class Support(StrEnum):
    """How far a feature can be relied on."""

    YES = "yes"
    PREVIEW = "preview"
    NO = "no"


class TextMeaning(StrEnum):
    """What a known text in a reply means for the money and the next step."""

    POLICY = "policy"
    INVALID = "invalid"
    KEY = "key"
    FUNDS = "funds"
    THROTTLE = "throttle"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownText:
    """A pattern in an error message and what it means; unknown texts mean money unknown."""

    pattern: str
    """A regular expression, searched without regard to case."""
    meaning: TextMeaning


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """What the provider accepts; an impossible cell is refused at plan time."""

    ratios: tuple[str, ...]
    """The documented ratios; another one is a warning, or an error where `ratios_only`."""
    ratios_only: bool = False
    longest_ratio: float = 3.0
    transparent: Support = Support.YES
    references: Support = Support.NO
    longest_prompt: int = 32_000
    """In characters."""
    replays_keys: bool = False
    """Whether the same Idempotency-Key returns the same image without a second charge."""
    key_age: float = 86_400.0
    """Seconds for which a key is honoured; an older one may be charged again."""
    varies: bool = False
    """Whether `X-Variation` is sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One way to be a client: name, model, prices, abilities and known texts."""

    name: ProfileName
    model: str
    prices: Mapping[Quality, Credits]
    caps: Caps
    play_money: bool = False
    """Credits are shown and never counted against a budget."""
    known_texts: tuple[KnownText, ...] = field(default=())

    def price(self, quality: Quality) -> Credits:
        """Credits for one image of a quality."""
        return self.prices[quality]
