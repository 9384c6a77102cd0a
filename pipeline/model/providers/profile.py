"""The capabilities and prices of a provider, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from pipeline.model.artifact import ImageKind
from pipeline.model.money import Amount, Quote, Unit
from pipeline.model.names import ProfileName
from pipeline.model.providers.prices import PerImage, PerToken, Pricing
from pipeline.model.providers.request import OutputFormat, Quality, RenderRequest
from pipeline.model.providers.sizing import Ratios, Sizing, wire_size


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
    ACCOUNT = "account"
    """The account itself may not do this, whatever its key and funds."""
    THROTTLE = "throttle"


class Dedupe(StrEnum):
    """How a provider recognises a request that it has received before."""

    NONE = "none"
    """Not at all: a repeated request is another purchase."""
    KEY = "key"
    """By its Idempotency-Key: the same image is returned, without a second charge."""


MEGABYTE = 1024 * 1024

_USUAL_PROMPT = 1000
"""Bytes."""

BASE_QUALITIES = (Quality.LOW, Quality.MEDIUM, Quality.HIGH)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownText:
    """A pattern in an error message, and its meaning.

    A reply with an unknown text does not show whether the request was charged.
    """

    pattern: str
    """A regular expression, searched without regard to case."""
    meaning: TextMeaning
    remedy: str = ""
    """What a person has to do, if that differs from what the meaning suggests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownCode:
    """An exact error code, and its meaning; it is compared before any text is searched."""

    code: str
    meaning: TextMeaning
    remedy: str = ""
    """What a person has to do, if that differs from what the meaning suggests."""
    free_stage: str = ""
    """The stage at which such a refusal is free; at any other, it may be charged. Empty: always."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """The limits of one model; a campaign with a cell beyond them is refused."""

    ratios: tuple[str, ...]
    """The ratios to choose from; any other is a warning, or an error with `ratios_only`."""
    ratios_only: bool = False
    longest_ratio: float = 3.0
    sizing: Sizing = field(default_factory=Ratios)
    qualities: tuple[Quality, ...] = BASE_QUALITIES
    transparent: Support = Support.YES
    output_formats: tuple[OutputFormat, ...] = ()
    """The kinds of files to choose from; empty: the model makes its own."""
    references: Support = Support.NO
    most_references: int = 16
    reference_bytes: int = 50 * MEGABYTE
    """Largest reference image."""
    reference_kinds: tuple[ImageKind, ...] = (ImageKind.PNG, ImageKind.JPEG, ImageKind.WEBP)
    mask: Support = Support.NO
    """Whether a PNG may mark what of the first reference is painted anew."""
    mask_bytes: int = 4 * MEGABYTE
    """Largest mask."""
    batch: Support = Support.NO
    """Whether requests are taken in batches, at half the price."""
    longest_prompt: int = 32_000
    """In characters."""
    largest_reply: int = MEGABYTE
    """In bytes; a reply that holds the picture itself is larger."""
    reply_timeout: float = 600.0
    """Seconds to wait for the answer to one POST before it counts as lost."""
    images_per_minute: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """Most images a minute, by the usage tier of an account; empty: the API has no tiers."""
    dedupe: Dedupe = Dedupe.NONE
    key_age: float = 86_400.0
    """Seconds for which a key is honoured; a repeat after that may be charged again."""
    varies: bool = False
    """True if the header `X-Variation` is sent."""


_LARGEST_IN_LINE = 15 * MEGABYTE
"""Bytes of a reference whose data URL has the 20,971,520 characters that are allowed."""


def _in_batch(caps: Caps) -> Caps:
    return replace(caps, reference_bytes=min(caps.reference_bytes, _LARGEST_IN_LINE))


_LEAST_FIRST = (Support.NO, Support.PREVIEW, Support.YES)


def caps_in_common(several: Sequence[Caps]) -> Caps:
    """Return the limits that hold for every model of a campaign."""
    first, *others = several
    if not others:
        return first
    return replace(
        next((caps for caps in several if caps.ratios_only), first),
        ratios=tuple(one for one in first.ratios if all(one in caps.ratios for caps in others)),
        ratios_only=any(caps.ratios_only for caps in several),
        longest_ratio=min(caps.longest_ratio for caps in several),
        transparent=min((caps.transparent for caps in several), key=_LEAST_FIRST.index),
        output_formats=tuple(
            one
            for one in first.output_formats
            if all(one in caps.output_formats for caps in others)
        ),
        references=min((caps.references for caps in several), key=_LEAST_FIRST.index),
        most_references=min(caps.most_references for caps in several),
        reference_bytes=min(caps.reference_bytes for caps in several),
        reference_kinds=tuple(
            one
            for one in first.reference_kinds
            if all(one in caps.reference_kinds for caps in others)
        ),
        mask=min((caps.mask for caps in several), key=_LEAST_FIRST.index),
        mask_bytes=min(caps.mask_bytes for caps in several),
        reply_timeout=max(caps.reply_timeout for caps in several),
        images_per_minute={
            tier: min(caps.images_per_minute.get(tier, most) for caps in several)
            for tier, most in first.images_per_minute.items()
        },
        batch=min((caps.batch for caps in several), key=_LEAST_FIRST.index),
        longest_prompt=min(caps.longest_prompt for caps in several),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderModel:
    """One model of a provider: its limits and its prices."""

    name: str
    caps: Caps
    pricing: Pricing


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The description of one provider: its models, their prices and limits, and known texts."""

    name: ProfileName
    model: str
    """The model that is used unless a campaign names another one."""
    prices: Mapping[Quality, Amount]
    """Prices of that model; empty if it has others than by quality."""
    caps: Caps
    """Limits that hold for all models in use: of the default one, until a campaign names others."""
    models: Mapping[str, ProviderModel] = field(default_factory=lambda: MappingProxyType({}))
    """Further models, and those that are not priced by quality alone, by name."""
    dialects: Mapping[str, Caps] = field(default_factory=lambda: MappingProxyType({}))
    """Limits of the kinds of servers that answer under this profile, by dialect."""
    any_model: bool = False
    """True if models with other names may exist, with the limits and prices of the default one."""
    gone: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Models that the provider has switched off → when, and which one to use instead."""
    key_variable: str = "GPTIMAGE_API_KEY"
    """The environment variable with its key."""
    unit: Unit = Unit.CREDITS
    """What its prices and its account count in."""
    play_money: bool = False
    """True if its credits are shown, but never counted against a budget."""
    known_codes: tuple[KnownCode, ...] = ()
    known_texts: tuple[KnownText, ...] = field(default=())
    _asked: dict[str, ProviderModel | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Models by the names that were asked for: a plan asks for a million."""

    def image_model(self, name: str) -> ProviderModel | None:
        """Return a model by name, `None` if it is unknown; the default one for an empty name."""
        if name not in self._asked:
            self._asked[name] = self._image_model(name or self.model)
        return self._asked[name]

    def _image_model(self, name: str) -> ProviderModel | None:
        if name in self.models:
            return self.models[name]
        if name != self.model and not self.any_model:
            return None
        default = self.models.get(self.model)
        if default is not None:
            return replace(default, name=name)
        return ProviderModel(name=name, caps=self.caps, pricing=PerImage(prices=self.prices))

    def quote(self, request: RenderRequest) -> Quote:
        """Return the likely and the highest price of a request; needs no connection."""
        return self._known(request.model).pricing.quote(request)

    def one_price(self, quality: Quality, model: str = "") -> Amount | None:
        """Return the price of every image of this quality; `None` if it depends on the request."""
        pricing = self._known(model).pricing
        return pricing.prices[quality] if isinstance(pricing, PerImage) else None

    def priced(self, per_image: Amount) -> Self:
        """Return the profile with the most that an image costs, as a campaign says it."""
        models = {}
        for name, model in self.models.items():
            pricing = model.pricing
            if isinstance(pricing, PerToken):
                pricing = replace(pricing, reserve=per_image)
            else:
                pricing = PerImage(prices=dict.fromkeys(Quality, per_image))
            models[name] = replace(model, pricing=pricing)
        return replace(self, models=models)

    def in_batch(self) -> Self:
        """Return the profile with the prices of a batch: half of all."""
        models = {
            name: replace(model, pricing=model.pricing.halved(), caps=_in_batch(model.caps))
            for name, model in self.models.items()
        }
        prices = PerImage(prices=self.prices).halved().prices
        return replace(self, models=models, prices=prices, caps=_in_batch(self.caps))

    def wire_size(self, model: str, ratio: str) -> str:
        """Return a ratio as a model takes it; unchanged if the model cannot make it."""
        return wire_size(self._known(model).caps.sizing, ratio) or ratio

    def highest_price(self, quality: Quality, model: str = "") -> Amount:
        """Return the most that an image of this quality costs, in any ratio to choose from.

        A prompt of usual length is assumed.
        """
        known = self._known(model)
        sizes = {self.wire_size(model, ratio) for ratio in known.caps.ratios}
        quotes = (
            known.pricing.quote(
                RenderRequest(
                    prompt=" " * _USUAL_PROMPT, model=known.name, size=size, quality=quality
                )
            )
            for size in sizes
        )
        return max(quote.at_most for quote in quotes)

    def price(self, quality: Quality) -> Amount:
        """Return the price of an image of this quality from the default model."""
        return self.prices[quality]

    def _known(self, name: str) -> ProviderModel:
        model = self.image_model(name)
        if model is None:
            raise ValueError(f"{self.name} has no model {name}")
        return model
