"""Checks of a decoded image against its request, each with a score and a threshold.

A check passes if its score reaches its threshold. Callers decide what follows.
"""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.inspection.understood import shows_subject
from pipeline.model.artifact import Alpha
from pipeline.model.providers.request import Background
from pipeline.model.providers.sizing import sides_of


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedImage:
    """Measurements of a fully decoded image."""

    width: int
    height: int
    alpha: Alpha
    """`NONE` or `USED`; never `CHANNEL`, since decoding tells which."""
    clear: float
    """Share of pixels that are at least half transparent, 0 to 1."""
    spread: float
    """Standard deviation of the channel that varies most, 0 to 127; 0 is one flat colour."""


class CheckName(StrEnum):
    """Names of the checks."""

    WHOLE = "whole"
    RATIO = "ratio"
    ALPHA = "alpha"
    BLANK = "blank"
    SUBJECT = "subject"
    """What the picture says that it does not show; only of pictures that say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The result of one check."""

    name: CheckName
    score: float
    threshold: float
    words: str
    """The finding, as text for a person."""

    @property
    def passed(self) -> bool:
        """True if the score reaches the threshold."""
        return self.score >= self.threshold


RATIO_CLOSENESS = 0.99
"""The ratio may differ from the requested one by one per cent."""

CLEAR_SHARE = 0.01
"""Least share of transparent pixels in an image with a transparent background."""

OPAQUE_SHARE = 0.99
"""Least share of opaque pixels in an image with an opaque background."""

LIVELIEST_SPREAD = 2.0
"""Least standard deviation of a picture; compression noise on a flat colour is below it."""


def checks(
    image: DecodedImage, *, size: str | None, background: Background | None
) -> tuple[Check, ...]:
    """Return every check of one image.

    `size` is the requested ratio, e.g. `4:3`. If it or `background` is `None`, the image is not
    checked against it.
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
    """Compare the shape where a ratio was requested, and the pixels where those were."""
    pixels = sides_of(size)
    if pixels is not None:
        sides = ((image.width, pixels[0]), (image.height, pixels[1]))
        return _check(
            CheckName.RATIO,
            round(min(min(got, asked) / max(got, asked) for got, asked in sides), 4),
            1.0,
            f"{image.width}×{image.height} for {size.replace('x', '×')}",
        )
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
            words = clear if image.clear else "no transparency: the background is part of the image"
            return _check(CheckName.ALPHA, round(image.clear, 4), CLEAR_SHARE, words)
        case Background.OPAQUE:
            return _check(CheckName.ALPHA, round(1 - image.clear, 4), OPAQUE_SHARE, clear)


def subject_check(missed: tuple[str, ...]) -> Check:
    """Return the check of what a picture says it does not show."""
    score = 1.0 if shows_subject(missed) else 0.0
    return _check(CheckName.SUBJECT, score, 1.0, "; ".join(missed))


def undecodable() -> tuple[Check, ...]:
    """Return the only check of an image that cannot be decoded."""
    return (_check(CheckName.WHOLE, 0.0, 1.0, "cannot be decoded"),)


def _check(name: CheckName, score: float, threshold: float, words: str) -> Check:
    return Check(name=name, score=round(score, 4), threshold=threshold, words=words)
