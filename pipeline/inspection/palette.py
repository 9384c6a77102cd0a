"""The colours of a picture, and how far the brand's colours are from them."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from PIL import Image

from pipeline.inspection.readers import COLOR_PACKAGE, HINT, is_installed
from pipeline.model.check import CampaignCheck, CheckOutcome, CheckResult, measured, unmeasured

SIDE = 128
COLORS = 8
LEAST_SHARE = 0.02
"""Share of the picture from which a colour counts."""
NEAR = 6.0
"""Largest distance of a brand colour, in ΔE2000."""
_SEEN_ALPHA = 128


class _Color(Protocol):
    def delta_e(self, color: object, *, method: str) -> float: ...


def picture_colors(image: Image.Image) -> tuple[str, ...]:
    """Return the main colours of an RGB or RGBA image, e.g. `#ff5a1f`, the most frequent first."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    if small.mode == "RGBA":
        levels = memoryview(small.tobytes())
        seen = [at for at in range(0, len(levels), 4) if levels[at + 3] >= _SEEN_ALPHA]
        pixels = b"".join(levels[at : at + 3] for at in seen) or bytes(3)
        small = Image.frombytes("RGB", (max(1, len(seen)), 1), pixels)
    few = small.convert("RGB").quantize(COLORS, method=Image.Quantize.MEDIANCUT)
    palette = few.getpalette() or []
    counted = sorted(few.getcolors() or [], key=lambda one: -one[0])
    least = LEAST_SHARE * few.width * few.height
    return tuple(
        "#" + bytes(palette[3 * number : 3 * number + 3]).hex()
        for count, number in counted
        if isinstance(number, int) and count >= least
    )


def palette_check(brand: Sequence[str], colors: Sequence[str]) -> CheckResult:
    """Return the check that every colour of a brand is among those of a picture."""
    if not is_installed(COLOR_PACKAGE):
        seen = f"comparing colours needs {COLOR_PACKAGE}: {HINT}"
        return unmeasured(CampaignCheck.PALETTE, CheckOutcome.NOT_LOOKED_FOR, seen)
    nearest = {
        color: min((_distance(color, other) for other in colors), default=100.0) for color in brand
    }
    far = {color: by for color, by in nearest.items() if by > NEAR}
    seen = ", ".join(f"{color} is {by:.0f} ΔE2000 away" for color, by in far.items())
    score = 1 - len(far) / max(1, len(brand))
    return measured(CampaignCheck.PALETTE, score, seen or "every brand colour is there")


@cache
def _distance(one: str, other: str) -> float:
    """Return the distance of two colours in ΔE2000."""
    color = import_module(COLOR_PACKAGE).Color
    return cast("_Color", color(one)).delta_e(color(other), method="2000")
