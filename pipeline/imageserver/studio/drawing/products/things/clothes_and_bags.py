"""T-shirt, dress, handbag, backpack and suitcase."""

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import GOLD
from pipeline.imageserver.studio.drawing.products.things.shading import (
    fold,
    print_words,
    round_off,
    seam,
)
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path


def tshirt(svg: Svg, scene: Scene) -> Path:
    """Draw a T-shirt laid flat, with its words on the chest."""
    color = scene.own or scene.palette.main
    body = Path().move(-26, -174).cubic(-14, -162, 14, -162, 26, -174)
    body.cubic(40, -172, 54, -168, 64, -160).line(97, -112).line(72, -93).line(57, -112)
    body.cubic(55, -80, 56, -40, 58, -3).quad(0, 5, -58, -3)
    body.cubic(-56, -40, -55, -80, -57, -112).line(-72, -93).line(-97, -112)
    body.line(-64, -160).cubic(-54, -168, -40, -172, -26, -174).close()
    back = Path().move(-26, -174).cubic(-14, -179, 14, -179, 26, -174)
    back.cubic(14, -160, -14, -160, -26, -174).close()
    svg.draw(back, darken(color, 0.38))
    svg.draw(body, svg.lin([lighten(color, 0.22), color, darken(color, 0.12)], (0.1, 0, 0.8, 1)))
    with svg.group(clip_path=svg.clip(body)):
        round_off(svg, 98, 178, 0.24)
        for side in (-1, 1):
            fold(svg, ((side * 54, -116), (side * 28, -86)), color, 0.22)
            fold(svg, ((side * 57, -104), (side * 36, -52)), color, 0.16)
            fold(svg, ((side * 40, -4), (side * 30, -58)), color, 0.13)
            seam(
                svg,
                Path()
                .move(side * 64, -160)
                .cubic(side * 56, -146, side * 55, -128, side * 57, -110),
                color,
            )
            cuff = polygon([(side * 93, -108), (side * 69, -90)], close=False)
            seam(svg, cuff.moved(-side * 2, -6), color)
        seam(svg, Path().move(-58, -10).quad(0, -2, 58, -10), color)
    collar = scene.part("collar") or darken(color, 0.10)
    neck = Path().move(-26, -174).cubic(-15, -158, 15, -158, 26, -174)
    svg.stroke(neck, collar, 5.2)
    svg.stroke(neck.moved(0, 2.6), darken(color, 0.5), 0.7, 0.4)
    svg.stroke(body, darken(color, 0.55), 0.6, 0.35)
    print_words(svg, scene, Box(-40, -138, 80, 62), color)
    return body


def dress(svg: Svg, scene: Scene) -> Path:
    """Draw a summer dress with a fitted waist and a wide skirt."""
    color = scene.own or scene.palette.main
    body = Path().move(-25, -218).cubic(-24, -200, -12, -190, 0, -188)
    body.cubic(12, -190, 24, -200, 25, -218).line(33, -216).cubic(33, -196, 38, -184, 36, -172)
    body.cubic(32, -158, 27, -150, 25, -140).cubic(40, -104, 60, -58, 69, -8)
    body.cubic(52, 2, 38, -4, 24, 0).cubic(10, 4, -8, -3, -24, 0).cubic(-40, 3, -54, 0, -69, -8)
    body.cubic(-60, -58, -40, -104, -25, -140).cubic(-27, -150, -32, -158, -36, -172)
    body.cubic(-38, -184, -33, -196, -33, -216).close()
    svg.draw(body, svg.lin([lighten(color, 0.24), color, darken(color, 0.16)], (0.1, 0, 0.7, 1)))
    with svg.group(clip_path=svg.clip(body)):
        round_off(svg, 70, 230, 0.28)
        for top, low, alpha in (
            (-20, -52, 0.30),
            (-12, -32, 0.24),
            (-4, -8, 0.22),
            (6, 14, 0.24),
            (14, 36, 0.26),
            (21, 56, 0.30),
        ):
            pleat = Path().move(top, -138).cubic(top * 1.1, -90, low * 0.9, -50, low, 4)
            pleat.line(low + 9, 4).cubic(low * 0.9 + 5, -50, top * 1.1 + 1, -90, top, -138).close()
            svg.draw(pleat, darken(color, 0.55), fill_opacity=alpha * 0.75)
            svg.stroke(
                Path().move(top - 2, -136).cubic(top - 2, -90, low * 0.9 - 8, -50, low - 9, 2),
                lighten(color, 0.5),
                2.2,
                0.28,
            )
    belt = (
        Path().move(-25.5, -146).quad(0, -140, 25.5, -146).line(25, -137).quad(0, -131, -25, -137)
    )
    sash = scene.part("bow", "ribbon") or darken(color, 0.30)
    svg.draw(belt.close(), svg.lin([darken(sash, 0.3), lighten(sash, 0.15), darken(sash, 0.3)]))
    svg.stroke(body, darken(color, 0.55), 0.6, 0.4)
    return body


def handbag(svg: Svg, scene: Scene) -> Path:
    """Draw a structured leather handbag with a flap, two rings and a handle."""
    color, metal = scene.own or scene.palette.main, scene.part("hardware") or GOLD
    grip = Path().move(-44, -104).cubic(-46, -190, 46, -190, 44, -104)
    strap = scene.part("handle") or color
    for dy, tone, width in (
        (0, darken(strap, 0.55), 10.5),
        (-1, darken(strap, 0.1), 8),
        (-2.4, lighten(strap, 0.3), 2.4),
    ):
        svg.stroke(grip.moved(0, dy), tone, width)
    body = Path().move(-78, -112).cubic(-84, -70, -90, -34, -90, -10).quad(-90, 0, -80, 0)
    body.line(80, 0).quad(90, 0, 90, -10).cubic(90, -34, 84, -70, 78, -112)
    body.quad(0, -119, -78, -112).close()
    svg.draw(body, svg.lin([lighten(color, 0.18), color, darken(color, 0.30)], (0, 0, 0.3, 1)))
    with svg.group(clip_path=svg.clip(body)):
        round_off(svg, 90, 120, 0.36)
        svg.draw(ellipse(-26, -34, 52, 30), svg.rad([("#ffffff", 0.16), ("#ffffff", 0)]))
    flap = Path().move(-79, -113).cubic(-82, -92, -83, -76, -80, -68).quad(-40, -46, 0, -44)
    flap.quad(40, -46, 80, -68).cubic(83, -76, 82, -92, 79, -113).quad(0, -120, -79, -113).close()
    svg.draw(flap.moved(0, 3), NEAR_BLACK, fill_opacity=0.26)
    svg.draw(flap, svg.lin([lighten(color, 0.30), color, darken(color, 0.14)], (0, 0, 0.2, 1)))
    inner = Path().move(-75, -108).cubic(-78, -90, -79, -78, -76, -71).quad(-38, -50, 0, -48)
    inner.quad(38, -50, 76, -71).cubic(79, -78, 78, -90, 75, -108)
    seam(svg, inner, color)
    svg.draw(
        rounded(-9, -56, 18, 22, r=4),
        svg.lin([lighten(metal, 0.6), metal, darken(metal, 0.45)], (0, 0, 1, 1)),
    )
    svg.draw(rounded(-4, -50, 8, 9, r=2), darken(metal, 0.35))
    for side in (-1, 1):
        svg.stroke(ellipse(side * 44, -107, 6, 7), metal, 2.6)
        svg.stroke(ellipse(side * 44, -107.6, 6, 7), lighten(metal, 0.6), 0.8, 0.8)
    svg.stroke(body, darken(color, 0.6), 0.7, 0.45)
    return Path().extend(body).extend(rounded(-50, -176, 100, 80, r=40))


def backpack(svg: Svg, scene: Scene) -> Path:
    """Draw a backpack from the front: lid, body, a pocket, two straps behind."""
    color = scene.own or scene.palette.main
    pocket_color = scene.part("pocket") or darken(color, 0.06)
    for side in (-1, 1):
        strap = Path().move(side * 44, -172).cubic(side * 84, -150, side * 84, -60, side * 66, -14)
        svg.stroke(strap, darken(color, 0.62), 11)
        svg.stroke(strap.moved(-side * 1.2, 0), darken(color, 0.42), 7)
    loop = Path().move(-16, -186).cubic(-16, -208, 16, -208, 16, -186)
    svg.stroke(loop, darken(color, 0.5), 6.5)
    body = (
        Path()
        .move(-62, -14)
        .cubic(-70, -70, -66, -130, -58, -158)
        .cubic(-50, -190, -24, -196, 0, -196)
    )
    body.cubic(24, -196, 50, -190, 58, -158).cubic(66, -130, 70, -70, 62, -14).quad(58, 0, 44, 0)
    body.line(-44, 0).quad(-58, 0, -62, -14).close()
    svg.draw(body, svg.lin([lighten(color, 0.25), color, darken(color, 0.22)], (0.1, 0, 0.5, 1)))
    with svg.group(clip_path=svg.clip(body)):
        round_off(svg, 68, 200, 0.36)
        zipper = Path().move(-54, -84).cubic(-54, -172, 54, -172, 54, -84)
        svg.stroke(zipper, darken(color, 0.55), 4.4, 0.8)
        svg.stroke(zipper, lighten(color, 0.35), 0.9, 0.8)
    pocket = Path().move(-46, -8).cubic(-50, -40, -49, -66, -46, -82).quad(0, -90, 46, -82)
    pocket.cubic(49, -66, 50, -40, 46, -8).quad(0, -2, -46, -8).close()
    svg.draw(pocket.moved(0, 2.4), NEAR_BLACK, fill_opacity=0.28)
    tone = pocket_color
    svg.draw(pocket, svg.lin([lighten(tone, 0.26), tone, darken(tone, 0.2)], (0.1, 0, 0.5, 1)))
    with svg.group(clip_path=svg.clip(pocket)):
        round_off(svg, 49, 90, 0.26)
    across = Path().move(-46, -68).quad(0, -76, 46, -68)
    svg.stroke(across, darken(tone, 0.5), 2.4, 0.8)
    svg.stroke(across.moved(0, -0.4), GOLD, 0.8, 0.9)
    svg.draw(rounded(28, -72, 4.4, 12, r=2), GOLD)
    patch = rounded(-13, -128, 26, 18, r=3)
    svg.draw(patch.moved(0, 1), NEAR_BLACK, fill_opacity=0.25)
    svg.draw(patch, svg.lin(["#c08a56", "#8d5a30"], (0, 0, 0, 1)))
    svg.stroke(body, darken(color, 0.6), 0.7, 0.4)
    return Path().extend(body).extend(rounded(-78, -172, 156, 160, r=30))


def suitcase(svg: Svg, scene: Scene) -> Path:
    """Draw a hard-shell suitcase with a pulled-out handle and wheels."""
    color = scene.own or scene.palette.main
    grip = scene.part("handle") or "#43464c"
    for x in (-26, 26):
        svg.stroke(polygon([(x, -178), (x, -218)], close=False), "#7c8087", 5)
        svg.stroke(polygon([(x - 1, -178), (x - 1, -218)], close=False), "#d9dce0", 1.4)
    svg.draw(
        rounded(-34, -228, 68, 13, r=6),
        svg.lin([lighten(grip, 0.3), darken(grip, 0.35)], (0, 0, 0, 1)),
    )
    for x in (-50, 50):
        svg.draw(rounded(x - 9, -16, 18, 8, r=3), "#2b2d31")
        svg.draw(ellipse(x, -7, 7.4), svg.rad(["#5d6168", "#17181b"]))
        svg.draw(ellipse(x, -7, 2.6), "#b9bdc3")
    body = rounded(-70, -182, 140, 170, r=17)
    svg.draw(body, svg.lin([lighten(color, 0.30), color, darken(color, 0.30)], (0, 0, 1, 1)))
    with svg.group(clip_path=svg.clip(body)):
        round_off(svg, 70, 182, 0.34)
        for i in range(7):
            x = -54 + i * 18
            rib = rounded(x - 4, -170, 8, 146, r=4)
            svg.draw(rib.moved(1.4, 0), darken(color, 0.55), fill_opacity=0.34)
            svg.draw(
                rib,
                svg.lin([(lighten(color, 0.5), 0.75), (color, 0.5), (darken(color, 0.25), 0.6)]),
            )
    svg.stroke(polygon([(-70, -97), (70, -97)], close=False), darken(color, 0.6), 2.0, 0.6)
    svg.draw(rounded(-9, -104, 18, 14, r=3), svg.lin(["#f2f3f5", "#868b92"], (0, 0, 1, 1)))
    if tag := scene.part("tag"):
        svg.stroke(polygon([(30, -214), (44, -176)], close=False), "#43464c", 1.6)
        svg.draw(rounded(36, -178, 20, 32, r=4), tag)
    svg.stroke(body, mix(color, "#ffffff", 0.5 if luminance(color) < 0.5 else 0.1), 0.9, 0.5)  # noqa: PLR2004 - light or dark shell
    return Path().extend(body)


CLOTHES_AND_BAGS = {
    Family.TSHIRT: tshirt,
    Family.DRESS: dress,
    Family.HANDBAG: handbag,
    Family.BACKPACK: backpack,
    Family.SUITCASE: suitcase,
}
"""The drawing function of each family."""
