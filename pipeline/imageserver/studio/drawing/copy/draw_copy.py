"""Drawing copy in inks that can be read on what is painted under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.imageserver.studio.colors import (
    READABLE,
    best_ink,
    contrast,
    darken,
    lighten,
    luminance,
    luminance_contrast,
    mix,
)
from pipeline.imageserver.studio.drawing.copy.column import CopyKind, CopyPiece
from pipeline.imageserver.studio.drawing.materials import SHADOW
from pipeline.imageserver.studio.scene.scene import Scene
from pipeline.imageserver.studio.vector.shapes import rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around

CARD = "#fffdf6"
Backgrounds = Callable[[Box], Sequence[float]]
"""Returns the darkest and the lightest luminance of the picture under a box."""
_PLATE = 2.2


@dataclass(frozen=True, slots=True)
class InkChoice:
    """A piece of copy, its ink, and their least contrast with the background."""

    piece: CopyPiece
    ink: str
    contrast: float


@dataclass(frozen=True, slots=True)
class CopyBacking:
    """A translucent area to lay under copy that could not be read otherwise."""

    box: Box
    color: str
    alpha: float


def backing_for(
    scene: Scene, copy: Sequence[CopyPiece], backgrounds: Backgrounds
) -> CopyBacking | None:
    """Return the backing that the copy needs; None if an ink can be read without it."""
    bare = _without_plate(copy)
    _, worst = _common_ink(scene, bare, backgrounds)
    if not bare or worst >= READABLE + 0.3:
        return None
    backgrounds_below = [background for piece in bare for background in backgrounds(piece.box)]
    options = [
        _minimum_backing(backgrounds_below, color)
        for color in (darken(scene.backdrop, 0.80), lighten(scene.backdrop, 0.92))
    ]
    color, alpha = min(options, key=lambda way: way[1])
    return CopyBacking(around([p.box for p in bare]), color, alpha)


def _minimum_backing(backgrounds_below: Sequence[float], color: str) -> tuple[str, float]:
    """Return the colour with the least alpha at which an ink can be read on it."""
    tone = luminance(color)
    for alpha in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        quieter = [background + (tone - background) * alpha for background in backgrounds_below]
        best = max(
            min(luminance_contrast(ink, background) for background in quieter) for ink in (0.0, 1.0)
        )
        if best > READABLE + 0.9:
            return color, alpha + 0.05
    return color, 0.88


def draw_copy(
    svg: Svg, scene: Scene, copy: Sequence[CopyPiece], backgrounds: Backgrounds
) -> list[InkChoice]:
    """Draw all pieces and return the ink of each."""
    ink, worst = _common_ink(scene, _without_plate(copy), backgrounds)
    done: list[InkChoice] = []
    for piece in copy:
        match piece.kind:
            case CopyKind.PRICE:
                done.append(_price_card(svg, scene, piece))
            case CopyKind.CTA:
                done.append(_button(svg, scene, piece, backgrounds(piece.box)))
            case _:
                svg.draw(piece.path, ink)
                done.append(InkChoice(piece, ink, worst))
    return done


def _without_plate(copy: Sequence[CopyPiece]) -> list[CopyPiece]:
    """Return the pieces that lie directly on the picture."""
    return [p for p in copy if p.kind in (CopyKind.HEADLINE, CopyKind.SUB)]


def draw_outlined_copy(svg: Svg, scene: Scene, copy: Sequence[CopyPiece]) -> list[InkChoice]:
    """Draw all pieces for an unknown background: dark ink with a pale outline."""
    ink, worst = best_ink([luminance("#ffffff")], scene.palette.main)
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


def _common_ink(
    scene: Scene, bare: Sequence[CopyPiece], backgrounds: Backgrounds
) -> tuple[str, float]:
    """Return one ink for headline and sub lines, the best on all their backgrounds."""
    backgrounds_below = [background for piece in bare for background in backgrounds(piece.box)]
    return (
        best_ink(backgrounds_below, scene.palette.main, target=7.0)
        if backgrounds_below
        else ("#000000", 21.0)
    )


def _plate_color(scene: Scene, backgrounds_below: Sequence[float]) -> str:
    """Return a button's colour: the brand's if it stands out and text can be read on it."""
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
        apart = min(
            luminance_contrast(luminance(color), background) for background in backgrounds_below
        )
        readable = max(contrast(color, "#ffffff"), contrast(color, "#0c0a08"))
        return apart >= _PLATE and readable >= READABLE + 0.7

    return next((c for c in options if stands_out(c)), "#16130f")


def _button(
    svg: Svg, scene: Scene, piece: CopyPiece, backgrounds_below: Sequence[float]
) -> InkChoice:
    fill = _plate_color(scene, backgrounds_below)
    if piece.plate:
        svg.draw(piece.plate.moved(0, piece.box.h * 0.055), SHADOW, fill_opacity=0.20)
        svg.draw(piece.plate, fill)
    ink, worst = best_ink([luminance(fill)], scene.palette.main)
    svg.draw(piece.path, ink)
    return InkChoice(piece, ink, worst)


def _price_card(svg: Svg, scene: Scene, piece: CopyPiece) -> InkChoice:
    """Draw a card, tilted within its box, with a border in the brand's colour."""
    x, y, w, h = piece.box
    edge = scene.palette.main
    if contrast(edge, CARD) < 1.3:  # noqa: PLR2004 - a border must show
        edge = scene.palette.accent
    ink, worst = best_ink([luminance(CARD)], scene.palette.main, target=7.0)
    with svg.group(transform=f"rotate(-4 {x + w / 2:.1f} {y + h / 2:.1f})"):
        card = piece.box.grown(-w * 0.045, -h * 0.085)
        for grow, drop, alpha in ((0.05, 0.09, 0.06), (0.025, 0.06, 0.09), (0.0, 0.035, 0.12)):
            below = card.grown(h * grow).moved(h * 0.02, h * drop)
            svg.draw(rounded(*below, r=h * (0.11 + grow)), SHADOW, fill_opacity=alpha)
        svg.draw(rounded(*card, r=h * 0.11), CARD)
        svg.stroke(rounded(*card.grown(-h * 0.065), r=h * 0.065), edge, h * 0.032)
        svg.draw(piece.path, ink)
    return InkChoice(piece, ink, worst)
