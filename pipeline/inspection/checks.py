"""Checks of a decoded image against what was asked for: a score and a threshold each.

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
    """What is checked."""

    WHOLE = "whole"
    RATIO = "ratio"
    ALPHA = "alpha"
    BLANK = "blank"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One property of an image, measured."""

    name: CheckName
    score: float
    threshold: float
    words: str
    """What was found, for a person."""

    @property
    def passed(self) -> bool:
        """True if the score reaches the threshold."""
        return self.score >= self.threshold


RATIO_CLOSENESS = 0.99
"""The ratio may be off by one per cent."""

CLEAR_SHARE = 0.01
"""A cut-out shows at least this share of transparent pixels."""

OPAQUE_SHARE = 0.99
"""An opaque picture has at least this share of opaque ones."""

LIVELIEST_SPREAD = 2.0
"""A picture varies at least so much; compression noise on one flat colour stays below."""


def checks(
    image: DecodedImage, *, size: str | None, background: Background | None
) -> tuple[Check, ...]:
    """Return every check of one image.

    `size` is the ratio that was asked for, e.g. `4:3`. Where it or `background` is `None`, the
    image is not checked against it.
    """
    whole = _check(CheckName.WHOLE, 1.0, 1.0, f"{image.width}×{image.height}")
    return (
        whole,
        *([] if size is None else [_ratio(image, size)]),
        *([] if background is None else [_alpha(image, background)]),
        _check(
            CheckName.BLANK,
            image.spread,
            LIVELIEST_SPREAD,
            "a picture" if image.spread >= LIVELIEST_SPREAD else "one flat colour",
        ),
    )


def _ratio(image: DecodedImage, size: str) -> Check:
    width, _, height = size.partition(":")
    asked, got = float(width) / float(height), image.width / image.height
    return _check(
        CheckName.RATIO,
        round(min(asked, got) / max(asked, got), 4),
        RATIO_CLOSENESS,
        f"{image.width}×{image.height} for {size}",
    )


def _alpha(image: DecodedImage, background: Background) -> Check:
    clear = f"{image.clear:.0%} of the pixels are transparent"
    match background:
        case Background.TRANSPARENT:
            words = clear if image.clear else "no transparency: any background is painted on"
            return _check(CheckName.ALPHA, round(image.clear, 4), CLEAR_SHARE, words)
        case Background.OPAQUE:
            return _check(CheckName.ALPHA, round(1 - image.clear, 4), OPAQUE_SHARE, clear)


def undecodable() -> tuple[Check, ...]:
    """Return the only check of an image that cannot be decoded."""
    return (_check(CheckName.WHOLE, 0.0, 1.0, "cannot be decoded"),)


def _check(name: CheckName, score: float, threshold: float, words: str) -> Check:
    return Check(name=name, score=round(score, 4), threshold=threshold, words=words)
