"""The colours of words and of the plates under them, so that the contrast is always enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.adfiles.overlay.contrast import (
    INK,
    WHITE,
    Ground,
    accepted_contrast,
    better_color,
    least_contrast,
    least_opacity,
    toned,
    wanted_contrast,
)
from pipeline.adfiles.overlay.placing import PlacedText
from pipeline.errors import AdFileFailed
from pipeline.lettering.contrast import LEAST, Rgb, contrast, luminance, parsed
from pipeline.model.adfiles.overlay import OverlayKind, PlateShape

_SOLID = (OverlayKind.BUTTON, OverlayKind.PRICE)
"""Kinds whose plate is a thing of its own, and opaque."""
_LEAST_PANEL = 0.72
"""Least opacity of a panel that a campaign asks for."""
_LEAST_SHADE = 0.3
_BRIGHT = 0.34
"""Luminance above which a picture gets dark words rather than white ones."""
_MIDDLE = 0.18
"""Luminance of middle grey."""
_SPARE = 1.03
"""Factor on the contrast aimed at, for what sampling and rounding lose."""


@dataclass(frozen=True, slots=True)
class Coloring:
    """The colour of a text, and the plate that it needs."""

    text: Rgb
    plate: Rgb | None = None
    opacity: float = 0.0

    def of(self, text: PlacedText) -> Rgb:
        """Return the colour of a text: its own, if the campaign gives it one."""
        return parsed(text.part.color) if text.part.color else self.text


def color_on_plate(text: PlacedText, ground: Ground) -> Coloring:
    """Return the colours of a text that always has a plate.

    Raises `AdFileFailed` if the campaign's own colours have too little contrast.
    """
    part = text.part
    solid = part.kind in _SOLID
    wanted = wanted_contrast(text.set.size)
    own = parsed(part.color) if part.color else None
    if part.plate.color:
        plate = parsed(part.plate.color)
    elif solid:
        dark = luminance(own) > _MIDDLE if own else luminance(ground.mean) > _MIDDLE * 1.6
        plate = INK if dark else WHITE
    else:
        plate = toned(ground.mean, own or better_color(ground), wanted * 1.2)
    color = own or better_color(Ground(plate, plate, plate))
    asked = part.plate.opacity
    least = asked if asked is not None else 1.0 if solid else _LEAST_PANEL
    # colours of a brand are kept where they have the contrast that is required
    needed = least_opacity(color, plate, ground, wanted * _SPARE)
    if needed is None:
        needed = least_opacity(color, plate, ground, LEAST)
    if needed is None:
        raise _too_alike(text, contrast(luminance(color), luminance(plate)))
    return Coloring(color, plate, max(least, needed))


def color_of(text: PlacedText, ground: Ground) -> Rgb:
    """Return a text's own colour, or white or near-black, whichever is read better."""
    return parsed(text.part.color) if text.part.color else better_color(ground)


def color_alone(text: PlacedText, ground: Ground) -> Coloring | None:
    """Return the colour of a text without a plate; `None` if its contrast is too low."""
    color = color_of(text, ground)
    bare = text.part.plate.shape is PlateShape.NONE
    least = LEAST if bare else accepted_contrast(text.set.size)
    return Coloring(color) if least_contrast(color, ground) >= least else None


def color_on_ground(texts: Sequence[PlacedText], ground: Ground, *, bright: bool) -> Coloring:
    """Return the colours of texts that share one plate, as translucent as their contrast allows.

    `text` is the colour of those that the campaign gives none, and `bright` says whether it should
    be dark. Raises `AdFileFailed` if a text and the plate's own colour have too little contrast.
    """
    own = [parsed(text.part.color) for text in texts if text.part.color]
    wanted = max(map(_contrast_for, texts))
    asked = next((text.part.plate for text in texts if text.part.plate.color), None)
    opacities = [one.part.plate.opacity for one in texts if one.part.plate.opacity is not None]
    for color in [better_color(ground, own)] if own else [INK, WHITE] if bright else [WHITE, INK]:
        plate = parsed(asked.color) if asked else toned(ground.mean, color, wanted * 1.25)
        needs = [least_opacity(one, plate, ground, wanted) for one in own or [color]]
        known = [need for need in needs if need is not None]
        if len(known) < len(needs):
            continue
        return Coloring(color, plate, max([_LEAST_SHADE, *known, *opacities]))
    raise _too_alike(texts[0], 1.0)


def is_bright(grounds: Sequence[Ground]) -> bool:
    """Return whether words on these grounds should be dark.

    A dark shade looks like light that falls off, a light one over a darker picture like fog.
    """
    return sum(luminance(ground.mean) for ground in grounds) > _BRIGHT * len(grounds)


def refuse_low_contrast(text: PlacedText, reached: float) -> None:
    """Raise `AdFileFailed` if the words have less contrast with what lies under them than 4.5."""
    if reached < LEAST:
        raise _too_alike(text, reached)


def _contrast_for(text: PlacedText) -> float:
    return wanted_contrast(text.set.size) * _SPARE


def _too_alike(text: PlacedText, reached: float) -> AdFileFailed:
    part = text.part
    how = "set plate: auto" if part.plate.shape is PlateShape.NONE else "choose another colour"
    return AdFileFailed(
        f"the {part.kind} “{part.text[:40]}” would have a contrast of {reached:.1f} with what lies "
        f"under it, and {LEAST} is the least; {how}, or leave color out"
    )
