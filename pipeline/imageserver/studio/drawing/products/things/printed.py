"""Book, laptop, soap, and the name of a subject that is not known, set as a typographic poster."""

from pipeline.imageserver.studio.colors import (
    NEAR_BLACK,
    best_ink,
    contrast,
    darken,
    lighten,
    luminance,
)
from pipeline.imageserver.studio.drawing.copy.font_choice import display_face
from pipeline.imageserver.studio.drawing.products.things.shading import print_words
from pipeline.imageserver.studio.scene.product_shapes import product_shape
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextSetting, fit
from pipeline.lettering.path import Path


def book(svg: Svg, scene: Scene) -> Path:
    """Draw a hardback standing upright, its cover and the edge of its pages."""
    color = scene.part("cover") or scene.own or scene.palette.main
    cover = rounded(-66, -188, 124, 188, r=2.5)
    pages = polygon([(58, -184), (73, -190), (73, -10), (58, -3)])
    back = polygon([(58, -188), (76, -195), (76, -8), (58, 0)])
    svg.draw(back, darken(color, 0.52))
    svg.draw(pages, svg.lin(["#e9dfc8", "#cfc2a4"]))
    leaves = Path()
    for i in range(12):
        x = 59.5 + i * 1.1
        leaves.extend(
            polygon([(x, -183.4 - (x - 58) * 0.4), (x, -4 - (x - 58) * 0.45)], close=False)
        )
    svg.stroke(leaves, "#8f8262", 0.35, 0.45)
    top = polygon([(-66, -188), (58, -188), (76, -195), (-44, -195)])
    svg.draw(top, svg.lin(["#f3ead6", "#d8ccb0"]))
    svg.draw(cover, svg.lin([lighten(color, 0.16), color, darken(color, 0.24)], (0, 0, 1, 1)))
    svg.draw(
        rect(-66, -188, 11, 188),
        svg.lin([(NEAR_BLACK, 0.34), ("#ffffff", 0.14), (NEAR_BLACK, 0.22)]),
    )
    ink = best_ink([luminance(color)], color)[0]
    frame = rounded(-46, -176, 94, 164, r=2)
    svg.stroke(frame, ink, 0.9, 0.65)
    svg.stroke(rounded(-43, -173, 88, 158, r=1), ink, 0.4, 0.5)
    print_words(svg, scene, Box(-38, -160, 78, 118), color)
    if not scene.texts():
        svg.draw(ellipse(1, -100, 20), ink, fill_opacity=0.18)
    if ribbon := scene.part("ribbon"):
        svg.draw(polygon([(20, 0), (28, 0), (28, 14), (24, 10), (20, 14)]), ribbon)
    svg.stroke(cover, lighten(color, 0.5), 0.6, 0.5)
    return Path().extend(cover).extend(back)


def laptop(svg: Svg, scene: Scene) -> Path:
    """Draw an open laptop from the front, its screen in the brand's colours."""
    metal = scene.own or "#c9cdd2"
    colors = scene.palette
    screen = rounded(-96, -140, 192, 124, r=7)
    svg.draw(screen, svg.lin([lighten(metal, 0.1), darken(metal, 0.5)], (0, 0, 0, 1)))
    svg.draw(rounded(-93.5, -137.5, 187, 119, r=5), "#0d0e11")
    panel = rounded(-89, -133, 178, 108, r=2)
    tone = colors.main if contrast(colors.main, "#0d0e11") > 1.5 else colors.accent  # noqa: PLR2004 - a screen must show
    svg.draw(panel, svg.lin([lighten(tone, 0.28), tone, darken(colors.accent, 0.1)], (0, 0, 1, 1)))
    with svg.group(clip_path=svg.clip(panel)):
        svg.draw(ellipse(70, -40, 74), lighten(tone, 0.35), fill_opacity=0.35)
        svg.draw(ellipse(-70, -20, 60), colors.accent, fill_opacity=0.35)
        print_words(svg, scene, Box(-64, -112, 128, 62), tone)
        for i in range(6):
            svg.draw(rounded(-42 + i * 14.5, -37, 10, 9, r=2.6), "#ffffff", fill_opacity=0.72)
        glare = polygon([(-90, -134), (-10, -134), (-90, -50)])
        svg.draw(glare, svg.lin([("#ffffff", 0.22), ("#ffffff", 0.02)], (0, 0, 0.6, 1)))
    hinge = rect(-90, -19, 180, 5)
    svg.draw(hinge, darken(metal, 0.72))
    deck = polygon([(-98, -15), (98, -15), (122, -5), (-122, -5)])
    svg.draw(deck, svg.lin([lighten(metal, 0.35), metal], (0, 0, 0, 1)))
    keys = Path()
    for row in range(3):
        y, half = -13.6 + row * 2.0, 84 + row * 4.8
        for i in range(14):
            x = -half + 2 * half * i / 14
            keys.extend(rect(x, y, 2 * half / 14 - 1.6, 1.4))
    svg.draw(keys, "#2a2c31", fill_opacity=0.85)
    svg.draw(polygon([(-26, -7.2), (26, -7.2), (28, -5.4), (-28, -5.4)]), darken(metal, 0.14))
    front = (
        Path()
        .move(-123, -5.4)
        .line(123, -5.4)
        .quad(122, 0, 114, 0)
        .line(-114, 0)
        .quad(-122, 0, -123, -5.4)
    )
    svg.draw(front.close(), svg.lin([lighten(metal, 0.5), darken(metal, 0.32)], (0, 0, 0, 1)))
    svg.draw(rounded(-16, -5.4, 32, 2.2, r=1), darken(metal, 0.4))
    return (
        Path()
        .extend(screen)
        .extend(polygon([(-98, -16), (98, -16), (123, -5), (114, 0), (-114, 0), (-123, -5)]))
    )


def soap(svg: Svg, scene: Scene) -> Path:
    """Draw a bar of soap, lying, with a stamped oval."""
    color = scene.own or scene.palette.soft
    side = rounded(-66, -44, 132, 44, r=18)
    svg.draw(side, svg.lin([darken(color, 0.06), darken(color, 0.34)], (0, 0, 0, 1)))
    top = Path().move(-60, -34).cubic(-64, -54, -48, -57, -34, -57).line(38, -57)
    top.cubic(54, -57, 66, -52, 62, -34).cubic(60, -26, 46, -25, 30, -25).line(-30, -25)
    top.cubic(-46, -25, -58, -26, -60, -34).close()
    svg.draw(top, svg.lin([lighten(color, 0.55), lighten(color, 0.16), color], (0, 0, 0.5, 1)))
    oval = ellipse(1, -41, 36, 9.5)
    svg.draw(oval, svg.lin([darken(color, 0.16), lighten(color, 0.2)], (0, 0, 0, 1)))
    svg.stroke(oval, darken(color, 0.3), 0.9, 0.6)
    svg.stroke(oval.moved(0, 1), "#ffffff", 0.8, 0.6)
    svg.draw(ellipse(-34, -50, 18, 3), "#ffffff", fill_opacity=0.5)
    svg.stroke(side, darken(color, 0.4), 0.6, 0.35)
    return Path().extend(side).extend(top)


def noun(svg: Svg, scene: Scene) -> Path:
    """Draw the subject's name in large type on a card, for a subject that has no drawing."""
    shape = product_shape(scene)
    w, h = shape.width, shape.height
    color = scene.own or scene.palette.main
    if contrast(color, scene.backdrop) < 1.25:  # noqa: PLR2004 - a card must show
        color = darken(color, 0.45) if luminance(color) > 0.3 else lighten(color, 0.5)  # noqa: PLR2004 - pale or deep
    card = rounded(-w / 2, -h, w, h, r=5)
    svg.draw(card, svg.lin([lighten(color, 0.10), color, darken(color, 0.10)], (0, 0, 0.6, 1)))
    ink = best_ink([luminance(color), luminance(darken(color, 0.1))], color, target=6.5)[0]
    svg.stroke(rounded(-w / 2 + 7, -h + 7, w - 14, h - 14, r=2), ink, 1.0, 0.75)
    svg.stroke(rounded(-w / 2 + 9.6, -h + 9.6, w - 19.2, h - 19.2, r=1), ink, 0.4, 0.6)
    text = scene.noun.upper() if scene.noun.isascii() else scene.noun
    setting = TextSetting(
        face=display_face(scene.style, text), max_lines=3, gain=1.1, tracking=0.01
    )
    area = Box(-w / 2 + 20, -h + 24, w - 40, h - 48)
    block = fit(text, area, setting)
    svg.draw(block.path, ink)
    for y in (-h + 18.5, -18.5):
        svg.stroke(polygon([(-16, y), (16, y)], close=False), ink, 1.2, 0.8)
    return card


PRINTED = {Family.BOOK: book, Family.LAPTOP: laptop, Family.SOAP: soap, Family.NOUN: noun}
"""The drawing function of each family."""
