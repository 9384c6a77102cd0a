"""What a model charges: for an image, or for the tokens that an image takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from pipeline.model.money import FREE, Amount, Quote
from pipeline.model.providers.request import Quality, RenderRequest
from pipeline.model.providers.sizing import sides_of

_BYTES_A_WORD_PIECE = 4
"""Bytes of an English text that make one token, on average; no token has less than one byte."""
_MOST_TOKENS = 10_000_000
"""No image takes as many tokens; a larger number is no count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PerImage:
    """A fixed price for an image of each quality."""

    prices: Mapping[Quality, Amount]

    def quote(self, request: RenderRequest) -> Quote:
        """Return the price of a request."""
        return Quote.exact(self.prices[request.quality])

    def halved(self) -> "PerImage":
        """Return half of these prices, rounded up."""
        return PerImage(prices={quality: _half(price) for quality, price in self.prices.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFormula:
    """Output tokens by area: long side over short side in a grid, weighted by the pixels.

    Measured by users of gpt-image-2; it gives the prices that the provider publishes.
    """

    grid: Mapping[Quality, int]
    """Cells of the grid along the longer side."""

    def tokens(self, quality: Quality, width: int, height: int) -> int:
        """Return the output tokens of one image."""
        along = self.grid[quality]
        longest, shortest = max(width, height), min(width, height)
        across = _half_up(Fraction(along * shortest, longest))
        return ceil(Fraction(along * across * (2_000_000 + width * height), 4_000_000))


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenTable:
    """Output tokens that the provider publishes by quality and size."""

    published: Mapping[Quality, Mapping[str, int]]

    def tokens(self, quality: Quality, width: int, height: int) -> int:
        """Return the output tokens of one image."""
        return self.published[quality][f"{width}x{height}"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PerToken:
    """A price for each token, in nano-dollars; the reply reports how many there were."""

    text_in: int
    image_in: int
    image_out: int
    output: TokenFormula | TokenTable
    text_out: int = 0
    """0 if it is not known; such a token then counts as one of an image."""
    reference_tokens: int = 1536
    """Most input tokens of one reference image."""
    reserve: Amount | None = None
    """Most that one image costs, as a campaign says; `None` for the margin below."""
    margin: Fraction = field(default=Fraction(5, 4))
    """Reserved output tokens over the expected ones; more for a model without a published table."""

    def quote(self, request: RenderRequest) -> Quote:
        """Return the likely price of a request, and one that its usage does not exceed."""
        sides = sides_of(request.size) or (1024, 1024)
        tokens = self.output.tokens(request.quality, *sides)
        letters = len(request.prompt.encode())
        references = len(request.references) * self.reference_tokens * self.image_in
        likely = ceil(letters / _BYTES_A_WORD_PIECE) * self.text_in + tokens * self.image_out
        if self.reserve is not None:
            return Quote(likely=Amount(min(likely, self.reserve)), at_most=self.reserve)
        at_most = letters * self.text_in + ceil(tokens * self.margin) * self.dearest_out
        return Quote(likely=Amount(likely + references), at_most=Amount(at_most + references))

    def halved(self) -> "PerToken":
        """Return half of these prices; the rates are even numbers of nano-dollars."""
        return replace(
            self,
            text_in=_half(self.text_in),
            image_in=_half(self.image_in),
            image_out=_half(self.image_out),
            text_out=_half(self.text_out),
            reserve=None if self.reserve is None else _half(self.reserve),
        )

    @property
    def dearest_out(self) -> int:
        """The price of an output token whose kind is unknown."""
        return max(self.image_out, self.text_out)

    def charged(self, usage: object) -> Amount | None:
        """Return the price of the tokens that a reply reports; `None` if it reports none.

        Tokens whose kind is not told count as the dearest kind.
        """
        if not isinstance(usage, dict):
            return None
        into = _counted(usage, "input", text=self.text_in, image=self.image_in)
        text_out = self.text_out or self.image_out
        out = _counted(usage, "output", text=text_out, image=self.image_out)
        return None if into is None or not out else Amount(into + out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpriced:
    """No charge that this program knows of, such as for a server of one's own."""

    def quote(self, _request: RenderRequest) -> Quote:
        """Return a price of nothing."""
        return Quote.exact(FREE)

    def halved(self) -> "Unpriced":
        """Return the same: half of nothing."""
        return self


Pricing = PerImage | PerToken | Unpriced


def _counted(usage: Mapping[str, object], side: str, *, text: int, image: int) -> int | None:
    """Return the price of the input or output tokens; `None` if their number is not told."""
    total = _number(usage.get(f"{side}_tokens"))
    details = usage.get(f"{side}_tokens_details")
    known = details if isinstance(details, dict) else {}
    texts, images = (_number(known.get(kind)) for kind in ("text_tokens", "image_tokens"))
    if total is None and texts is None and images is None:
        return None
    texts, images = texts or 0, images or 0
    rest = max(0, (total or 0) - texts - images)
    return texts * text + images * image + rest * max(text, image)


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS:
        return value
    return None


def _half(price: int) -> Amount:
    return Amount(-(-price // 2))


def _half_up(number: Fraction) -> int:
    return int(number + Fraction(1, 2))
