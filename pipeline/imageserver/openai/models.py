"""The models of the Images API: what each accepts, the tokens it counts, and their prices.

The output tokens of gpt-image-2 follow the formula that reproduces its published prices; those of
1.5, mini and chatgpt-image-latest are the published table. Nothing is published for 2.5 and 2.6:
they count as gpt-image-2 does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.imageserver.painting.painter import PaintQuality

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
"""The paths of the endpoints, which are also their names in batches."""

_STEP, _MAX_EDGE, _MAX_RATIO = 16, 3840, 3
_MIN_PIXELS, _MAX_PIXELS = 655_360, 8_294_400
_LISTED = {"1024x1024": (1024, 1024), "1024x1536": (1024, 1536), "1536x1024": (1536, 1024)}
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")

_FACTOR = {"low": 16, "medium": 48, "high": 96, "xhigh": 144, "max": 192}
"""Factor of the output tokens for each quality."""
_AREA_OFFSET, _AREA_DIVISOR = 2_000_000, 4_000_000
_TABLE = {
    "low": (272, 408, 400),
    "medium": (1056, 1584, 1568),
    "high": (4160, 6240, 6208),
}
"""Output tokens of a square, a portrait and a landscape picture."""
_PATCH = 32
_MAX_IMAGE_TOKENS = 1536
"""Input tokens of one reference: its patches of 32 by 32 pixels, at most this many."""
_CHARACTERS_PER_TOKEN = 4

PAINTED = {
    "low": PaintQuality.LOW,
    "medium": PaintQuality.MEDIUM,
    "high": PaintQuality.HIGH,
    "xhigh": PaintQuality.HIGH,
    "max": PaintQuality.HIGH,
}
"""The painters' quality for each quality of a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRates:
    """Nano-dollars per token; every rate is even, so that a batch's half price is whole."""

    text_in: int
    image_in: int
    image_out: int
    text_out: int = 0
    """0 for models that write no text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenUsage:
    """The tokens of one request."""

    text_in: int
    image_in: int
    image_out: int
    text_out: int

    def price(self, rates: TokenRates, *, batch: bool = False) -> int:
        """Return the price in nano-dollars; half of it in a batch."""
        full = (
            self.text_in * rates.text_in
            + self.image_in * rates.image_in
            + self.image_out * rates.image_out
            + self.text_out * rates.text_out
        )
        return full // 2 if batch else full

    def document(self) -> dict[str, object]:
        """Return the usage as a reply states it."""
        inward, outward = self.text_in + self.image_in, self.image_out + self.text_out
        return {
            "input_tokens": inward,
            "input_tokens_details": {"image_tokens": self.image_in, "text_tokens": self.text_in},
            "output_tokens": outward,
            "output_tokens_details": {"image_tokens": self.image_out, "text_tokens": self.text_out},
            "total_tokens": inward + outward,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageModel:
    """What one model accepts, and what its tokens cost."""

    qualities: tuple[str, ...] = ("low", "medium", "high")
    any_size: bool = True
    """False: only the three listed sizes."""
    transparent: bool = True
    fidelities: tuple[str, ...] = ()
    """The values of `input_fidelity`; none if the model takes no such field."""
    markup: bool = False
    batch: bool = True
    rates: TokenRates
    by_table: bool = False
    """True if the output tokens are the published table."""

    def size_complaint(self, size: str) -> str:
        """Return what is wrong with a size, as OpenAI says it; empty if nothing is."""
        if not self.any_size:
            supported = "1024x1024, 1024x1536, 1536x1024, and auto"
            return "" if size in _LISTED else f"Supported sizes are {supported}."
        found = _SIZE.fullmatch(size)
        if found is None:
            return "Expected WIDTHxHEIGHT, for example 1536x864, or auto."
        width, height = int(found[1]), int(found[2])
        if width % _STEP or height % _STEP:
            return f"Width and height must both be divisible by {_STEP}."
        if max(width, height) > _MAX_EDGE:
            return f"The longest edge must be at most {_MAX_EDGE} pixels."
        if max(width, height) > _MAX_RATIO * min(width, height):
            return "The aspect ratio must be between 1:3 and 3:1."
        if not _MIN_PIXELS <= width * height <= _MAX_PIXELS:
            return f"The total number of pixels must be from {_MIN_PIXELS} to {_MAX_PIXELS}."
        return ""

    def image_tokens(self, quality: str, width: int, height: int) -> int:
        """Return the output tokens of one picture."""
        if self.by_table:
            square, portrait, landscape = _TABLE[quality]
            return square if width == height else portrait if width < height else landscape
        factor, long, short = _FACTOR[quality], max(width, height), min(width, height)
        across = (2 * factor * short + long) // (2 * long)  # rounded half up
        return -(-factor * across * (_AREA_OFFSET + width * height) // _AREA_DIVISOR)


def image_tokens_in(width: int, height: int) -> int:
    """Return the input tokens of one reference."""
    return min(_MAX_IMAGE_TOKENS, -(-width // _PATCH) * -(-height // _PATCH))


def text_tokens(prompt: str) -> int:
    """Return an estimate of the prompt's tokens."""
    return -(-len(prompt) // _CHARACTERS_PER_TOKEN)


def pixels_of(size: str) -> tuple[int, int]:
    """Return width and height of a size that the model accepts."""
    width, _, height = size.partition("x")
    return int(width), int(height)


_TOP = ("low", "medium", "high", "xhigh", "max")
_RATES = TokenRates(text_in=5_000, image_in=8_000, image_out=30_000)
_TWO = ImageModel(rates=_RATES)
_TWO_FIVE = ImageModel(qualities=_TOP, markup=True, batch=False, rates=_RATES)
_TWO_SIX = ImageModel(qualities=_TOP, transparent=False, batch=False, rates=_RATES)
_ONE_FIVE = ImageModel(
    any_size=False,
    fidelities=("high", "low"),
    rates=TokenRates(text_in=5_000, image_in=8_000, image_out=32_000, text_out=10_000),
    by_table=True,
)
_MINI = ImageModel(
    any_size=False,
    fidelities=("low",),
    rates=TokenRates(text_in=2_000, image_in=2_500, image_out=8_000),
    by_table=True,
)

MODELS: Mapping[str, ImageModel] = {
    "gpt-image-2": _TWO,
    "gpt-image-2-2026-04-21": _TWO,
    "gpt-image-2.5-sunburst": _TWO_FIVE,
    "gpt-image-2.5-sunburst-2026-09-08": _TWO_FIVE,
    "gpt-image-2.5-flare": _TWO_FIVE,
    "gpt-image-2.5-flare-2026-09-08": _TWO_FIVE,
    "gpt-image-2.6-sunburst": _TWO_SIX,
    "gpt-image-2.6-flare": _TWO_SIX,
    "gpt-image-1.5": _ONE_FIVE,
    "gpt-image-1-mini": _MINI,
    "chatgpt-image-latest": _ONE_FIVE,
}
"""Every model by its name; a dated name is the same model."""
