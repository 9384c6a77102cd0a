"""Copy drawn: inks chosen against what really lies underneath, plates, cards, scrims."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.imageserver.studio.colors import (
    READABLE,
    between,
    contrast,
    darken,
    ink_on,
    lighten,
    luminance,
    mix,
)
from pipeline.imageserver.studio.drawing.copy.column import CopyKind, CopyPiece
from pipeline.imageserver.studio.drawing.materials import SHADOW
from pipeline.imageserver.studio.scene.scene import Scene
from pipeline.imageserver.studio.vector.shapes import rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around

CARD = "#fffdf6"
Grounds = Callable[[Box], Sequence[float]]
"""The luminances, darkest and lightest, of the picture under a box."""
_PLATE = 2.2


@dataclass(frozen=True, slots=True)
class InkChoice:
    """A piece with its ink, and the worst contrast that this gives."""

    piece: CopyPiece
    ink: str
    contrast: float


@dataclass(frozen=True, slots=True)
class QuietArea:
    """A ground that must be quietened before copy can be read on it."""

    box: Box
    color: str
    alpha: float


def quieted(scene: Scene, copy: Sequence[CopyPiece], grounds: Grounds) -> QuietArea | None:
    """What to lay under the copy where no ink could be read; None where one can."""
    bare = _bare(copy)
    _, worst = _common_ink(scene, bare, grounds)
    if not bare or worst >= READABLE + 0.3:
        return None
    under = [ground for piece in bare for ground in grounds(piece.box)]
    ways = [
        _least(under, color)
        for color in (darken(scene.backdrop, 0.80), lighten(scene.backdrop, 0.92))
    ]
    color, alpha = min(ways, key=lambda way: way[1])
    return QuietArea(around([p.box for p in bare]), color, alpha)


def _least(under: Sequence[float], color: str) -> tuple[str, float]:
    """How much of a colour must lie on these grounds until some ink is read on them."""
    tone = luminance(color)
    for alpha in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        quieter = [ground + (tone - ground) * alpha for ground in under]
        best = max(min(between(ink, ground) for ground in quieter) for ink in (0.0, 1.0))
        if best > READABLE + 0.9:
            return color, alpha + 0.05
    return color, 0.88


def inked(svg: Svg, scene: Scene, copy: Sequence[CopyPiece], grounds: Grounds) -> list[InkChoice]:
    """Draw all pieces; returns what each was drawn in."""
    ink, worst = _common_ink(scene, _bare(copy), grounds)
    done: list[InkChoice] = []
    for piece in copy:
        match piece.kind:
            case CopyKind.PRICE:
                done.append(_price_card(svg, scene, piece))
            case CopyKind.CTA:
                done.append(_button(svg, scene, piece, grounds(piece.box)))
            case _:
                svg.draw(piece.path, ink)
                done.append(InkChoice(piece, ink, worst))
    return done


def _bare(copy: Sequence[CopyPiece]) -> list[CopyPiece]:
    """The pieces that lie on the picture itself."""
    return [p for p in copy if p.kind in (CopyKind.HEADLINE, CopyKind.SUB)]


def outlined(svg: Svg, scene: Scene, copy: Sequence[CopyPiece]) -> list[InkChoice]:
    """Draw all pieces for a ground that nobody knows: dark ink in a pale outline."""
    ink, worst = ink_on([luminance("#ffffff")], scene.palette.main)
    done: list[InkChoice] = []
    for piece in copy:
        match piece.kind:
            case CopyKind.PRICE:
                done.append(_price_card(svg, scene, piece))
            case CopyKind.CTA:
                done.append(_button(svg, scene, piece, [0.5]))
            case _:
                svg.stroke(piece.path, "#ffffff", piece.size * 0.16)
                svg.draw(piece.path, ink)
                done.append(InkChoice(piece, ink, worst))
    return done


def _common_ink(scene: Scene, bare: Sequence[CopyPiece], grounds: Grounds) -> tuple[str, float]:
    """One ink for headline and sub lines: the best on all of their grounds together."""
    under = [ground for piece in bare for ground in grounds(piece.box)]
    return ink_on(under, scene.palette.main, target=7.0) if under else ("#000000", 21.0)


def _plate_color(scene: Scene, under: Sequence[float]) -> str:
    """A button's colour: the brand's, where it stands out and carries type."""
    main, accent = scene.palette.main, scene.palette.accent
    options = (
        accent,
        main,
        darken(main, 0.45),
        darken(accent, 0.5),
        mix(main, "#140c08", 0.8),
        lighten(main, 0.8),
        "#ffffff",
        "#16130f",
    )

    def stands_out(color: str) -> bool:
        apart = min(between(luminance(color), ground) for ground in under)
        readable = max(contrast(color, "#ffffff"), contrast(color, "#0c0a08"))
        return apart >= _PLATE and readable >= READABLE + 0.7

    return next((c for c in options if stands_out(c)), "#16130f")


def _button(svg: Svg, scene: Scene, piece: CopyPiece, under: Sequence[float]) -> InkChoice:
    fill = _plate_color(scene, under)
    if piece.plate:
        svg.draw(piece.plate.moved(0, piece.box.h * 0.055), SHADOW, fill_opacity=0.20)
        svg.draw(piece.plate, fill)
    ink, worst = ink_on([luminance(fill)], scene.palette.main)
    svg.draw(piece.path, ink)
    return InkChoice(piece, ink, worst)


def _price_card(svg: Svg, scene: Scene, piece: CopyPiece) -> InkChoice:
    """A card tilted within its box, with a border in the brand's colour."""
    x, y, w, h = piece.box
    edge = scene.palette.main
    if contrast(edge, CARD) < 1.3:  # noqa: PLR2004 - a border must show
        edge = scene.palette.accent
    ink, worst = ink_on([luminance(CARD)], scene.palette.main, target=7.0)
    with svg.group(transform=f"rotate(-4 {x + w / 2:.1f} {y + h / 2:.1f})"):
        card = piece.box.grown(-w * 0.045, -h * 0.085)
        for grow, drop, alpha in ((0.05, 0.09, 0.06), (0.025, 0.06, 0.09), (0.0, 0.035, 0.12)):
            below = card.grown(h * grow).moved(h * 0.02, h * drop)
            svg.draw(rounded(*below, r=h * (0.11 + grow)), SHADOW, fill_opacity=alpha)
        svg.draw(rounded(*card, r=h * 0.11), CARD)
        svg.stroke(rounded(*card.grown(-h * 0.065), r=h * 0.065), edge, h * 0.032)
        svg.draw(piece.path, ink)
    return InkChoice(piece, ink, worst)
