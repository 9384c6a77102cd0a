"""Copy drawn: inks chosen against what really lies underneath, plates, cards, scrims."""

from pipeline.engine.studio.colors import darken, lighten, mix
from pipeline.engine.studio.contrast import contrast, ink_on, luminance
from pipeline.engine.studio.drawing.backdrop import is_dark
from pipeline.engine.studio.drawing.copy import Kind, Piece
from pipeline.engine.studio.drawing.marks import SHADOW
from pipeline.engine.studio.scene.nouns import Scene
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.shapes import rounded
from pipeline.engine.studio.vector.svg import Svg

_CARD = "#fffdf6"


def draw_piece(svg: Svg, scene: Scene, piece: Piece, ink: str) -> None:
    """Draw one piece; `ink` is for what lies on the picture itself."""
    match piece.kind:
        case Kind.PRICE:
            _price_card(svg, scene, piece)
        case Kind.CTA:
            _button(svg, scene, piece)
        case _:
            svg.draw(piece.path, ink)


def _button(svg: Svg, scene: Scene, piece: Piece) -> None:
    main = scene.palette.main
    deep = 0.30
    fill = main if luminance(main) < deep else mix(main, "#2a1200", 0.62)
    if contrast(fill, scene.backdrop) < 1.6:  # noqa: PLR2004 - a plate must show
        fill = lighten(main, 0.75) if is_dark(scene) else darken(main, 0.75)
    if piece.plate:
        svg.draw(piece.plate.moved(0, piece.box.h * 0.06), "#000000", fill_opacity=0.18)
        svg.draw(piece.plate, fill)
    svg.draw(piece.path, ink_on([luminance(fill)], main)[0])


def _price_card(svg: Svg, scene: Scene, piece: Piece) -> None:
    x, y, w, h = piece.box
    with svg.group(transform=f"rotate(-4 {x + w / 2:.1f} {y + h / 2:.1f})"):
        card = Box(x + w * 0.03, y + h * 0.05, w * 0.94, h * 0.90)
        for grow, alpha in ((0.045, 0.10), (0.028, 0.12), (0.012, 0.16)):
            below = rounded(
                card.x - w * grow * 0.3,
                card.y + h * 0.05,
                card.w + w * grow,
                card.h + h * grow,
                r=h * 0.12,
            )
            svg.draw(below, SHADOW, fill_opacity=alpha)
        svg.draw(rounded(*card, r=h * 0.10), _CARD)
        line = rounded(*card.grown(-h * 0.06), r=h * 0.06)
        svg.stroke(line, scene.palette.main, h * 0.028)
        svg.draw(piece.path, ink_on([luminance(_CARD)], scene.palette.main)[0])


def draw_scrim(svg: Svg, box: Box, side: float, tone: str) -> None:
    """Quiet the ground under copy that no ink could be read on."""
    pad = side * 0.05
    area = box.grown(pad)
    with svg.group(filter=svg.blur(side * 0.03)):
        svg.draw(rounded(*area, r=pad), tone, fill_opacity=0.62)
