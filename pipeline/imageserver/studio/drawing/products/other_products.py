"""Phone, headphones, menu board, and the icons of all other subjects."""

from pipeline.imageserver.studio.colors import (
    NEAR_BLACK,
    best_ink,
    darken,
    lighten,
    luminance,
)
from pipeline.imageserver.studio.drawing.copy.font_choice import display_face, text_face
from pipeline.imageserver.studio.drawing.copy.menu_board import board
from pipeline.imageserver.studio.drawing.products.labels import label_lines
from pipeline.imageserver.studio.drawing.repainting import subject_icon
from pipeline.imageserver.studio.scene.icons import icon
from pipeline.imageserver.studio.scene.product_shapes import glyph_scale
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign, TextSetting, fit
from pipeline.lettering.path import Path


def phone(svg: Svg, scene: Scene) -> Path:
    """Draw a phone that shows a screen of the brand."""
    colors = scene.palette
    edge = rounded(-45, -200, 98, 200, r=14)
    side = scene.own or "#8d9299"
    lit = [side, darken(side, 0.55), lighten(side, 0.5), darken(side, 0.4)]
    svg.draw(edge, svg.lin(lit, (0, 0, 0, 1)))
    body = rounded(-49, -200, 98, 200, r=14)
    shell = scene.own or "#2b2d31"
    rim = [lighten(shell, 0.30), darken(shell, 0.5), shell, lighten(shell, 0.35)]
    svg.draw(body, svg.lin(rim, (0, 0, 1, 1)))
    screen = rounded(-45.4, -196.4, 90.8, 192.8, r=11)
    top = lighten(colors.main, 0.16)
    wall: list[Stop] = [(top, 1, 0), (colors.main, 1, 0.5), (darken(colors.accent, 0.2), 1, 1)]
    svg.draw(screen, svg.lin(wall, (0, 0, 0.5, 1)))
    with svg.group(clip_path=svg.clip(screen)):
        svg.draw(ellipse(40, -170, 52), colors.soft, fill_opacity=0.16)
        svg.draw(ellipse(-34, -18, 66), colors.accent, fill_opacity=0.28)
        _screen_copy(svg, scene, top)
        for i, share in enumerate((0.72, 0.48, 0.86)):
            _card(svg, -124 + i * 29, share, colors.main)
        svg.draw(rounded(-38, -31, 76, 17, r=8.5), "#ffffff", fill_opacity=0.96)
        svg.draw(rounded(-14, -23.8, 28, 2.8, r=1.4), darken(colors.main, 0.2))
        glare = polygon([(-46, -197), (20, -197), (-46, -60)])
        svg.draw(glare, svg.lin([("#ffffff", 0.20), ("#ffffff", 0.02)], (0, 0, 0.5, 1)))
    svg.draw(rounded(-12, -192.5, 24, 6.6, r=3.3), "#060607")
    svg.draw(ellipse(7.6, -189.2, 1.5), "#1b2a44")
    svg.draw(rounded(-15, -8, 30, 1.5, r=0.75), "#ffffff", fill_opacity=0.8)
    svg.stroke(body, "#b9bec5", 0.6, 0.75)
    return Path().extend(body).extend(edge)


def _screen_copy(svg: Svg, scene: Scene, background: str) -> None:
    main, lines = scene.palette.main, label_lines(scene)
    if not lines:
        return
    ink = best_ink([luminance(background), luminance(main)], main)[0]
    name = TextSetting(
        face=display_face(scene.style, lines[0]),
        across=TextAlign.START,
        down=TextAlign.START,
        max_lines=3,
    )
    rest = lines[1:]
    svg.draw(fit(lines[0], Box(-38, -178, 74, 30 if rest else 42), name).path, ink)
    for i, text in enumerate(rest):
        small = TextSetting(face=text_face(text), across=TextAlign.START, max_lines=1)
        svg.draw(fit(text, Box(-38, -144 + i * 7, 74, 6), small).path, ink)


def _card(svg: Svg, y: float, share: float, tone: str) -> None:
    svg.draw(rounded(-38, y + 1.2, 76, 25, r=6), NEAR_BLACK, fill_opacity=0.10)
    svg.draw(rounded(-38, y, 76, 25, r=6), "#ffffff", fill_opacity=0.90)
    svg.draw(ellipse(-27.5, y + 12.5, 6.4), tone, fill_opacity=0.85)
    svg.draw(rounded(-16, y + 7, 46 * share, 4, r=2), "#2b2e36", fill_opacity=0.80)
    svg.draw(rounded(-16, y + 14.6, 33 * share, 3, r=1.5), "#2b2e36", fill_opacity=0.35)


def headphones(svg: Svg, scene: Scene) -> Path:
    """Draw over-ear headphones that stand on their cups."""
    main, accent = scene.palette.main, scene.part("ear cups") or scene.palette.accent
    band = scene.part("band") or main
    arc = Path().move(-61, -74).cubic(-72, -188, 72, -188, 61, -74)
    for dx, dy, color, width, alpha in (
        (0.0, 0.0, darken(band, 0.62), 17.0, 1.0),
        (-0.8, -1.2, darken(band, 0.10), 13.5, 1.0),
        (-1.6, -2.4, lighten(band, 0.22), 8.0, 0.9),
        (-2.6, -4.0, "#ffffff", 2.2, 0.55),
    ):
        svg.stroke(arc.moved(dx, dy), color, width, alpha)
    pad = Path().move(-44, -126).cubic(-26, -160, 26, -160, 44, -126)
    svg.stroke(pad, darken(main, 0.78), 6.5, 1.0)
    svg.stroke(pad.moved(-0.5, 1.4), lighten(main, 0.1), 1.0, 0.35)
    outline = Path()
    cups = scene.part("ear cups") or main
    for side in (-1, 1):
        outline.extend(_ear_cup(svg, side, cups, accent))
    return outline


def _ear_cup(svg: Svg, side: int, main: str, accent: str) -> Path:
    x = side * 60
    arm = rounded(x - 4.5, -106, 9, 34, r=4)
    svg.draw(arm, svg.lin(["#7f858c", "#f1f3f5", "#6d737a"]))
    cushion = rounded(x - side * 15 - 14, -86, 28, 86, r=14)
    svg.draw(cushion, svg.lin([darken(main, 0.85), darken(main, 0.52), darken(main, 0.82)]))
    svg.stroke(rounded(x - side * 15 - 8, -80, 16, 74, r=8), lighten(main, 0.2), 0.8, 0.25)
    cup = rounded(x + side * 3 - 17, -90, 34, 90, r=17)
    shell: list[Stop] = [
        (lighten(main, 0.30), 1, 0),
        (main, 1, 0.45),
        (darken(main, 0.50), 1, 1),
    ]
    svg.draw(cup, svg.lin(shell, (0, 0, 1, 1)))
    plate = ellipse(x + side * 5, -45, 11, 31)
    svg.draw(plate, svg.lin([lighten(main, 0.45), darken(main, 0.25)], (0, 0, 1, 1)))
    svg.stroke(plate, accent, 1.5, 0.95)
    svg.draw(ellipse(x + side * 5, -45, 4.4, 4.8), accent)
    svg.draw(rounded(x + side * 3 - 12, -80, 4, 62, r=2), "#ffffff", fill_opacity=0.32)
    svg.stroke(cup, lighten(main, 0.6), 0.6, 0.5)
    return Path().extend(cup).extend(cushion)


def glyph(svg: Svg, scene: Scene) -> Path:
    """Draw the icon of the subject, its lowest ink at the origin."""
    found = icon(scene.glyph)
    k, ink = glyph_scale(scene.glyph), found.ink
    with svg.at(-ink.cx * k, -ink.bottom * k, k):
        svg.raw(subject_icon(scene))
    return rect(-ink.w * k / 2, -ink.h * k, ink.w * k, ink.h * k)


OTHER_PRODUCTS = {
    Family.PHONE: phone,
    Family.HEADPHONES: headphones,
    Family.BOARD: board,
    Family.GLYPH: glyph,
}
"""The drawing function of each family that is no vessel and no pack."""
