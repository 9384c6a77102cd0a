"""Phone, headphones, board and the icons of everything else."""

from pipeline.engine.studio.colors import darken, lighten, mix
from pipeline.engine.studio.contrast import ink_on, luminance
from pipeline.engine.studio.drawing.labels import label_lines
from pipeline.engine.studio.drawing.voice import display_face
from pipeline.engine.studio.lettering.fitting import Align, Setting, fit
from pipeline.engine.studio.scene.icons import icon
from pipeline.engine.studio.scene.nouns import Family, Scene
from pipeline.engine.studio.scene.products import GLYPH_SCALE
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.engine.studio.vector.svg import Svg


def phone(svg: Svg, scene: Scene) -> Path:
    """A phone that shows a screen of the brand."""
    colors = scene.palette
    body = rounded(-48, -196, 96, 196, r=12)
    screen = rounded(-44.5, -192.5, 89, 189, r=9.5)
    svg.draw(body, svg.lin(["#4a4c52", "#0f1012", "#24262a", "#6a6d74"], (0, 0, 1, 1)))
    svg.stroke(body, "#9aa0a8", 0.6, 0.7)
    wall = [lighten(colors.main, 0.30), colors.main, darken(colors.accent, 0.25)]
    svg.draw(screen, svg.lin(wall, (0, 0, 0.6, 1)))
    with svg.group(clip_path=svg.clip(screen)):
        svg.draw(ellipse(34, -150, 44), colors.soft, opacity=0.22)
        svg.draw(ellipse(-30, -20, 60), colors.accent, opacity=0.30)
        _screen_copy(svg, scene)
        for i, share in enumerate((0.72, 0.48, 0.86)):
            _card(svg, -126 + i * 29, share)
        svg.draw(rounded(-38, -32, 76, 17, r=8.5), "#ffffff", opacity=0.95)
        svg.draw(rounded(-12, -24.6, 24, 2.4, r=1.2), colors.main)
        sheen = polygon([(-44.5, -192.5), (12, -192.5), (-44.5, -70)])
        svg.draw(sheen, "#ffffff", opacity=0.10)
    svg.draw(rounded(-12, -189.5, 24, 6, r=3), "#0b0b0d")
    svg.draw(rounded(-14, -7, 28, 1.3, r=0.65), "#ffffff", opacity=0.7)
    return body


def _screen_copy(svg: Svg, scene: Scene) -> None:
    main, lines = scene.palette.main, label_lines(scene)
    if not lines:
        return
    ink = ink_on([luminance(lighten(main, 0.2))], main)[0]
    setting = Setting(
        face=display_face(scene.style, lines[0]), across=Align.START, down=Align.START, max_lines=3
    )
    svg.draw(fit(lines[0], Box(-38, -172, 70, 36), setting).path, ink)


def _card(svg: Svg, y: float, share: float) -> None:
    svg.draw(rounded(-38, y, 76, 24, r=5), "#ffffff", opacity=0.22)
    svg.draw(ellipse(-28, y + 12, 6), "#ffffff", opacity=0.85)
    svg.draw(rounded(-17, y + 7, 46 * share, 3.6, r=1.8), "#ffffff", opacity=0.85)
    svg.draw(rounded(-17, y + 14, 32 * share, 2.8, r=1.4), "#ffffff", opacity=0.5)


def headphones(svg: Svg, scene: Scene) -> Path:
    """Over-ear headphones, standing on their cups."""
    main, accent = scene.palette.main, scene.palette.accent
    band = Path().move(-62, -62).cubic(-66, -205, 66, -205, 62, -62)
    svg.stroke(band, darken(main, 0.55), 17)
    svg.stroke(band, main, 13.5)
    svg.stroke(band.moved(-1.5, -2), lighten(main, 0.45), 3.2, 0.8)
    pad = Path().move(-52, -92).cubic(-50, -172, 50, -172, 52, -92)
    svg.stroke(pad, darken(main, 0.7), 5, 0.9)
    outline = Path()
    for side in (-1, 1):
        x = side * 60
        svg.draw(rounded(x - 5, -104, 10, 36, r=4), svg.lin(["#8f959c", "#eceff1", "#7d838a"]))
        cushion = rounded(x - side * 14 - 15, -84, 30, 84, r=15)
        svg.draw(cushion, svg.lin([darken(main, 0.75), darken(main, 0.5), darken(main, 0.8)]))
        cup = rounded(x + side * 4 - 17, -88, 34, 88, r=17)
        shell = [lighten(main, 0.35), main, darken(main, 0.45)]
        svg.draw(cup, svg.lin(shell, (0, 0, 1, 1)))
        svg.stroke(cup, lighten(main, 0.5), 0.8, 0.6)
        svg.draw(ellipse(x + side * 5, -44, 9, 25), svg.lin([lighten(accent, 0.2), accent]))
        svg.draw(ellipse(x + side * 1, -66, 4, 12), "#ffffff", opacity=0.35)
        outline.extend(cup).extend(cushion)
    return outline


def board(svg: Svg, scene: Scene) -> Path:
    """A framed board; what is written on it belongs to the copy."""
    frame = rounded(-78, -190, 156, 184, r=5)
    wood = mix("#8a5a34", scene.palette.main, 0.15)
    svg.draw(rect(-60, -10, 12, 10), darken(wood, 0.5))
    svg.draw(rect(48, -10, 12, 10), darken(wood, 0.5))
    svg.draw(frame, svg.lin([lighten(wood, 0.25), wood, darken(wood, 0.35)], (0, 0, 1, 1)))
    slate = rect(-70, -182, 140, 168)
    svg.draw(slate, svg.lin(["#34383b", "#23272a"], (0, 0, 1, 1)))
    svg.stroke(slate, "#0b0c0d", 0.8, 0.7)
    return frame


def glyph(svg: Svg, scene: Scene) -> Path:
    """The icon of the subject, standing on its lowest ink."""
    found = icon(scene.glyph)
    k, ink = GLYPH_SCALE, found.ink
    with svg.at(-ink.cx * k, -ink.bottom * k, k):
        svg.raw(found.body)
    return rect(-ink.w * k / 2, -ink.h * k, ink.w * k, ink.h * k)


THINGS = {
    Family.PHONE: phone,
    Family.HEADPHONES: headphones,
    Family.BOARD: board,
    Family.GLYPH: glyph,
}
"""How everything that is no vessel and no pack is drawn."""
