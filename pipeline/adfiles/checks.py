"""The checks of an ad file: copy legible, clear and whole, and the rules of shops.

All but contrast and the ground follow from the boxes and the window. Results say what was measured;
what follows from a miss is the campaign's rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageColor

from pipeline.adfiles.contents.picture_contents import ON_SUBJECT
from pipeline.adfiles.window import PlannedWindow, SourceShape, safe_zone
from pipeline.inspection.readers import HINT
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import Recipe
from pipeline.model.adfiles.overlay import OverlayBox, OverlayKind
from pipeline.model.check import (
    LEAST_SCORES,
    CampaignCheck,
    CheckOutcome,
    CheckResult,
    flagged_above,
    measured,
    unmeasured,
)

UNREADABLE = 7.0
"""Height of a line in pixels below which it fails; from the threshold on, 98 % are read back."""
DARK, LIGHT = 0.04, 0.96
"""Shares of the pixels of a line that are darker than its dark and its light tone."""
_MOST_MEASURED = 64
"""Pixels of the longest side of a line when its tones are measured."""
_MOST_CONTRAST = 21.0
_RIM = 1
_UNSEEN = 3
"""Levels of 255 that nobody sees: the last of a soft shadow, and what JPEG changes."""
NOT_FOUND = f"finding copy needs the extra ads: {HINT}"
NOT_READ = f"measuring lines needs the extra ads: {HINT}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopRules:
    """What a shop asks of a product image; all but the first are empty for most placements."""

    text: bool = True
    """False if no text may be beside the product."""
    background: str = ""
    """The only colour of the border, e.g. `#ffffff`; empty: any."""
    fill: float = 0.0
    """Least share of the frame's longer side that the product takes."""

    @property
    def apply(self) -> bool:
        """True if there is anything to check."""
        return not self.text or bool(self.background) or self.fill > 0


NO_SHOP = ShopRules()


@dataclass(frozen=True, kw_only=True, slots=True)
class CutPicture:
    """An ad file before it is written, and where it comes from."""

    recipe: Recipe
    shape: SourceShape
    planned: PlannedWindow
    picture: Image.Image
    """The window in the pixels of the ad file, with its overlay."""
    overlay: tuple[OverlayBox, ...] = ()

    def in_file(self, box: Box) -> Box:
        """Return a box of the image in pixels of the ad file."""
        window = self.planned.window
        x, y = self.picture.width / window.w, self.picture.height / window.h
        return Box((box.x - window.x) * x, (box.y - window.y) * y, box.w * x, box.h * y)


def ad_file_checks(
    cut: CutPicture, *, lines: Sequence[Box] | None, shop: ShopRules
) -> tuple[CheckResult, ...]:
    """Return every check of an ad file.

    `lines` are the lines of copy in pixels of the image; `None` if it was not read.
    """
    copy = cut.shape.copy
    return (
        _legible(cut, lines, copy),
        _safe_zone(cut, copy),
        _contrast(cut, copy if lines is None else lines),
        _whole(cut, copy),
        *([_shop(cut, copy, shop)] if shop.apply else []),
    )


def _legible(
    cut: CutPicture, lines: Sequence[Box] | None, copy: Sequence[Box] | None
) -> CheckResult:
    if lines is None and copy != ():
        return unmeasured(CampaignCheck.LEGIBLE, CheckOutcome.NOT_LOOKED_FOR, NOT_READ)
    laid_over = [
        part.size
        for part in cut.overlay
        if part.size is not None and part.kind is not OverlayKind.LEGAL  # may be smaller
    ]
    heights = [*laid_over, *(cut.in_file(line).h for line in lines or ())]
    if not heights:
        return measured(CampaignCheck.LEGIBLE, 100.0, "there is no copy")
    lowest = min(heights)
    least = LEAST_SCORES[CampaignCheck.LEGIBLE]
    seen = f"the lowest line is {lowest:.1f} pixels high, {least:g} are legible"
    return flagged_above(measured(CampaignCheck.LEGIBLE, lowest, seen), UNREADABLE)


def _safe_zone(cut: CutPicture, copy: Sequence[Box] | None) -> CheckResult:
    if not any(cut.recipe.safe):
        return measured(CampaignCheck.SAFE_ZONE, 1.0, "the placement has no safe zone")
    if copy is None:
        return unmeasured(CampaignCheck.SAFE_ZONE, CheckOutcome.NOT_LOOKED_FOR, NOT_FOUND)
    zone = safe_zone(cut.planned.window, cut.recipe.safe)
    least = min((_share(box, zone) for box in copy), default=1.0)
    return measured(CampaignCheck.SAFE_ZONE, least, f"{least:.0%} of a line of copy is inside")


def _whole(cut: CutPicture, copy: Sequence[Box] | None) -> CheckResult:
    size = cut.shape.frame
    if cut.recipe.keep:
        boxes = [
            Box(x * size.w, y * size.h, width * size.w, height * size.h)
            for x, y, width, height in cut.recipe.keep
        ]
    elif copy is None:
        return unmeasured(CampaignCheck.WHOLE, CheckOutcome.NOT_LOOKED_FOR, NOT_FOUND)
    else:
        boxes = [*copy, *([] if cut.shape.product is None else [cut.shape.product])]
    least = min((_share(box, cut.planned.window) for box in boxes), default=1.0)
    return measured(CampaignCheck.WHOLE, least, f"{least:.0%} of a line or of the product is shown")


def _share(box: Box, other: Box) -> float:
    return box.within(other).area / box.area if box.area else 1.0


def _contrast(cut: CutPicture, lines: Sequence[Box] | None) -> CheckResult:
    if lines is None:
        return unmeasured(CampaignCheck.CONTRAST, CheckOutcome.NOT_LOOKED_FOR, NOT_FOUND)
    frame = Box(0, 0, *cut.picture.size)
    inside = [cut.in_file(line).within(frame) for line in lines]
    found = [_tones_apart(cut.picture, box) for box in inside if box.area >= 1]
    found += [part.contrast for part in cut.overlay if part.contrast is not None]
    if not found:
        return measured(CampaignCheck.CONTRAST, _MOST_CONTRAST, "there is no copy")
    lowest = min(found)
    least = LEAST_SCORES[CampaignCheck.CONTRAST]
    seen = f"the weakest line has a contrast of {lowest:.2f}:1, {least:g}:1 is needed"
    return measured(CampaignCheck.CONTRAST, lowest, seen)


def _tones_apart(picture: Image.Image, box: Box) -> float:
    """Return the contrast between the dark and the light tone of a box, 1 to 21."""
    left, top = int(box.x), int(box.y)
    right, bottom = max(left + 1, round(box.right)), max(top + 1, round(box.bottom))
    part = picture.crop((left, top, right, bottom)).convert("RGB")
    part.thumbnail((_MOST_MEASURED, _MOST_MEASURED), Image.Resampling.NEAREST)
    levels = part.tobytes()
    tones = sorted(
        0.2126 * _LINEAR[levels[at]]
        + 0.7152 * _LINEAR[levels[at + 1]]
        + 0.0722 * _LINEAR[levels[at + 2]]
        for at in range(0, len(levels), 3)
    )
    dark = tones[int(DARK * (len(tones) - 1))]
    light = tones[int(LIGHT * (len(tones) - 1))]
    return (light + 0.05) / (dark + 0.05)


_LINEAR = [
    level / 255 / 12.92 if level <= 10 else ((level / 255 + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
    for level in range(256)
]
"""Levels of sRGB as linear light, 0 to 1 (WCAG 2.2, relative luminance)."""


def _shop(cut: CutPicture, copy: Sequence[Box] | None, shop: ShopRules) -> CheckResult:
    wrong = [*_shop_faults(cut, copy, shop)]
    if not wrong and copy is None and not shop.text:
        return unmeasured(CampaignCheck.SHOP, CheckOutcome.NOT_LOOKED_FOR, NOT_FOUND)
    return measured(CampaignCheck.SHOP, 0.0 if wrong else 1.0, ", ".join(wrong) or "as asked")


def _shop_faults(cut: CutPicture, copy: Sequence[Box] | None, shop: ShopRules) -> Iterator[str]:
    product = cut.shape.product
    beside = [box for box in copy or () if product is None or _share(box, product) < ON_SUBJECT]
    if beside and not shop.text:
        yield "there is text beside the product"
    if shop.background and not _is_plain(cut.picture, shop.background):
        yield f"the border is not {shop.background} everywhere"
    if shop.fill and product is not None:
        shown = cut.in_file(product)
        fill = max(shown.w / cut.picture.width, shown.h / cut.picture.height)
        if fill < shop.fill:
            yield f"the product takes {fill:.0%} of the frame instead of {shop.fill:.0%}"


def _is_plain(picture: Image.Image, color: str) -> bool:
    """Return whether the outermost pixels of a picture have one colour, but for invisible steps."""
    if picture.mode == "RGBA":
        return False
    wanted = ImageColor.getrgb(color)[:3]
    width, height = picture.size
    sides = (
        (0, 0, width, _RIM),
        (0, height - _RIM, width, height),
        (0, 0, _RIM, height),
        (width - _RIM, 0, width, height),
    )
    plain = Image.new("RGB", picture.size, wanted)
    apart = ImageChops.difference(picture.convert("RGB"), plain)
    return all(max(apart.crop(side).tobytes()) <= _UNSEEN for side in sides)
