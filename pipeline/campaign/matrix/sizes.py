"""The size axis: ratios, placements by name, and exact pixels."""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from pipeline.campaign.matrix.placements import placements, suggest_placement
from pipeline.images.formats.shape import MOST_PIXELS
from pipeline.model.adfiles.placement import ImageFormat, Placement
from pipeline.model.campaign import Size
from pipeline.model.providers.profile import Caps
from pipeline.suggestions import did_you_mean, listing

_RATIO = re.compile(r"([1-9][0-9]{0,4})[:x]([1-9][0-9]{0,4})", re.ASCII)
_PIXELS = re.compile(r"([1-9][0-9]{0,4})\s*[x×]\s*([1-9][0-9]{0,4})", re.ASCII)
_PIXELS_FROM = 50
"""Shortest side of a word like `320x50` that means pixels; `4x3` is a ratio."""


def size_id(word: str) -> str:
    """Return a size as written in cell names: `4x3` for `4:3`, `1080x1920` for `1080 × 1920`."""
    found = _RATIO.fullmatch(word) or _PIXELS.fullmatch(word)
    return f"{found[1]}x{found[2]}" if found else word


def parse_ratio(word: str) -> Fraction | None:
    """Return the ratio of a word like `4:3` or `4x3`, or `None`."""
    found = _RATIO.fullmatch(word)
    return Fraction(int(found[1]), int(found[2])) if found else None


def parse_pixels(word: str) -> tuple[int, int] | None:
    """Return width and height of a word like `970x250`, or `None`."""
    found = _PIXELS.fullmatch(word)
    return (int(found[1]), int(found[2])) if found else None


def size_from_word(word: str, *, caps: Caps) -> Size | str:
    """Return the size for a ratio, exact pixels or a placement; a text if it is wrong."""
    sides = parse_pixels(word)
    if sides is not None and min(sides) >= _PIXELS_FROM:
        return _placed(Placement(id=size_id(word), pixels=sides), caps)
    ratio = parse_ratio(word)
    if ratio is not None:
        return Size(id=size_id(word), ratio=_as_documented(ratio, word.replace("x", ":"), caps))
    placement = placements().get(word)
    if placement is None:
        known = "a ratio (4:3), pixels (970x250) or a placement"
        return f"{word} is not {known}{suggest_placement(word)}"
    return _placed(placement, caps)


def size_from_mapping(identity: str, columns: Mapping[str, object], *, caps: Caps) -> Size | str:
    """Return the size for an id with `px` or `ratio`, or for a placement; a text if it is wrong.

    `format` and `max_kb` are requirements for the files of a campaign's own placement; with a
    known name, they replace those in the table.
    """
    pixels, ratio = columns.get("px"), columns.get("ratio")
    if pixels is not None or identity in placements():
        placement = _own_placement(identity, columns)
        if isinstance(placement, str):
            return placement
        return (
            _placed(placement, caps) if ratio is None else _made_from(placement, str(ratio), caps)
        )
    if ratio is not None:
        parsed = parse_ratio(str(ratio))
        if parsed is None:
            return f"ratio must be written as 4:3, not {ratio}"
        return Size(id=identity, ratio=_as_documented(parsed, str(ratio).replace("x", ":"), caps))
    if parse_ratio(identity) or parse_pixels(identity):
        return size_from_word(identity, caps=caps)
    wrong = next((key for key in columns if did_you_mean(key, ("px", "ratio"))), None)
    typo = f", not {wrong}" if wrong else "" if columns else suggest_placement(identity)
    return f"{identity} needs px: 970x250 or ratio: 4:3{typo}"


def _own_placement(identity: str, columns: Mapping[str, object]) -> Placement | str:
    """Return a placement as a campaign describes it; a text if that is wrong."""
    placement = placements().get(identity) or Placement(id=identity, pixels=(0, 0))
    pixels, form, most = (columns.get(key) for key in ("px", "format", "max_kb"))
    if pixels is not None:
        sides = parse_pixels(str(pixels))
        if sides is None:
            return f"px must be written as 970x250, not {pixels}"
        if sides[0] * sides[1] > MOST_PIXELS:
            return f"px must be {MOST_PIXELS // 1_000_000} megapixels at most, not {pixels}"
        placement = replace(placement, pixels=sides, minimum=None)
    if form is not None:
        words = [one.value for one in ImageFormat]
        if form not in words:
            return f"format must be {listing(words)}, not {form}{did_you_mean(str(form), words)}"
        placement = replace(placement, formats=(ImageFormat(str(form)),))
    if most is not None:
        if not re.fullmatch("[1-9][0-9]{0,6}", str(most), re.ASCII):
            return f"max_kb must be a whole number of kilobytes, not {most}"
        placement = replace(placement, max_kb=int(str(most)))
    return placement


def _as_documented(ratio: Fraction, word: str, caps: Caps) -> str:
    """Return a ratio in the provider's spelling: `9:21`, not `3:7`."""
    for known in caps.ratios:
        if parse_ratio(known) == ratio:
            return known
    return word


def _placed(placement: Placement, caps: Caps) -> Size:
    """Return the size with the documented ratio that is geometrically nearest."""
    target = Fraction(*placement.pixels)
    best, kept = "", Fraction(0)
    for known in caps.ratios:
        ratio = parse_ratio(known)
        if ratio is not None and min(ratio / target, target / ratio) > kept:
            best, kept = known, min(ratio / target, target / ratio)
    return Size(id=placement.id, ratio=best, placement=placement, kept=float(kept))


def _made_from(placement: Placement, word: str, caps: Caps) -> Size | str:
    """Return the size of a placement that is made from another ratio than the nearest."""
    ratio = parse_ratio(word)
    if ratio is None:
        return f"ratio must be written as 4:3, not {word}"
    target = Fraction(*placement.pixels)
    kept = float(min(ratio / target, target / ratio))
    spelled = _as_documented(ratio, word.replace("x", ":"), caps)
    return Size(id=placement.id, ratio=spelled, placement=placement, kept=kept)
