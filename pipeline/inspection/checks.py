"""Is it the image that was asked for: scores against thresholds, over what decoding saw.

A score at or above its threshold passes. Nothing is stored or refused here; callers decide.
"""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.model.artifact import Alpha
from pipeline.model.request import Background


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedImage:
    """What a fully decoded image shows."""

    width: int
    height: int
    alpha: Alpha
    """`NONE` or `USED`: decoding knows, so never `CHANNEL`."""
    clear: float
    """Share of the pixels that are more transparent than not, 0 to 1."""
    spread: float
    """Standard deviation of the liveliest channel, 0 to 127; 0 is one flat colour."""


class CheckName(StrEnum):
    """What is looked at."""

    WHOLE = "whole"
    RATIO = "ratio"
    ALPHA = "alpha"
    BLANK = "blank"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One verdict of the machine."""

    name: CheckName
    score: float
    threshold: float
    words: str
    """What was found, for a person."""

    @property
    def passed(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= self.threshold


RATIO_CLOSENESS = 0.99
"""The ratio may be off by one per cent."""

CLEAR_SHARE = 0.01
"""A cut-out shows at least this share of transparent pixels."""

OPAQUE_SHARE = 0.99
"""An opaque picture has at least this share of opaque ones."""

LIVELIEST_SPREAD = 2.0
"""A picture varies at least so much; compression noise on one flat colour stays below."""


def checks(look: DecodedImage | None, *, size: str, background: Background) -> tuple[Check, ...]:
    """Every check of one image; `look` is `None` where it could not be decoded.

    `size` is the ratio that was asked for, e.g. `4:3`.
    """
    if look is None:
        return (_check(CheckName.WHOLE, 0.0, 1.0, "cannot be decoded"),)
    return (
        _check(CheckName.WHOLE, 1.0, 1.0, f"{look.width}×{look.height}"),
        _ratio(look, size),
        _alpha(look, background),
        _check(
            CheckName.BLANK,
            look.spread,
            LIVELIEST_SPREAD,
            "a picture" if look.spread >= LIVELIEST_SPREAD else "one flat colour",
        ),
    )


def _ratio(look: DecodedImage, size: str) -> Check:
    width, _, height = size.partition(":")
    asked, got = float(width) / float(height), look.width / look.height
    return _check(
        CheckName.RATIO,
        round(min(asked, got) / max(asked, got), 4),
        RATIO_CLOSENESS,
        f"{look.width}×{look.height} for {size}",
    )


def _alpha(look: DecodedImage, background: Background) -> Check:
    clear = f"{look.clear:.0%} of the pixels are transparent"
    match background:
        case Background.TRANSPARENT:
            words = clear if look.clear else "no transparency: any background is painted on"
            return _check(CheckName.ALPHA, round(look.clear, 4), CLEAR_SHARE, words)
        case Background.OPAQUE:
            return _check(CheckName.ALPHA, round(1 - look.clear, 4), OPAQUE_SHARE, clear)


def _check(name: CheckName, score: float, threshold: float, words: str) -> Check:
    return Check(name=name, score=round(score, 4), threshold=threshold, words=words)
