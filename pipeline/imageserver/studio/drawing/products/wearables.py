"""Wearables: sneaker, watch and sunglasses."""

import math

from pipeline.imageserver.studio.colors import (
    NEAR_BLACK,
    contrast,
    darken,
    lighten,
    luminance,
    mix,
    warm,
)
from pipeline.imageserver.studio.drawing.materials import GOLD
from pipeline.imageserver.studio.scene.scene import Family, Scene, Style
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

_STEEL = "#c4c9cf"
_PALE = 0.5
_SHOWS = 1.5


def sneaker(svg: Svg, scene: Scene) -> Path:
    """Draw a running shoe in profile, its toe to the right."""
    upper, panel, trim = _shoe_colors(scene)
    body = _upper()
    _tongue(svg, panel)
    fill: list[Stop] = [
        (lighten(upper, 0.30), 1, 0),
        (upper, 1, 0.42),
        (darken(upper, 0.10), 1, 0.75),
        (darken(upper, 0.30), 1, 1),
    ]
    svg.draw(body, svg.lin(fill, (0.25, 0, 0.45, 1)))
    with svg.group(clip_path=svg.clip(body)):
        _knit(svg, upper)
        _panels(svg, panel, trim)
        _shine(svg)
    svg.stroke(body, darken(upper, 0.5), 0.5, 0.35)
    _laces(svg, panel, trim, scene.part("laces"))
    sole = _midsole()
    asked = scene.part("sole")
    foam: list[Stop] = [("#ffffff", 1, 0), ("#f3f1ec", 1, 0.5), ("#c9c5bd", 1, 1)]
    if asked:
        foam = [(lighten(asked, 0.35), 1, 0), (asked, 1, 0.5), (darken(asked, 0.22), 1, 1)]
    svg.draw(sole, svg.lin(foam, (0, 0, 0, 1)))
    with svg.group(clip_path=svg.clip(sole)):
        wave = (
            Path()
            .move(-104, -16)
            .cubic(-60, -22, -30, -6, 10, -9)
            .cubic(50, -12, 80, -14, 106, -17)
        )
        svg.stroke(wave, trim, 2.6, 0.95)
        svg.stroke(wave.moved(0, 3.4), NEAR_BLACK, 0.6, 0.14)
        svg.draw(
            Path()
            .move(-104, -30)
            .quad(0, -17, 106, -28)
            .line(106, -25)
            .quad(0, -13, -104, -27)
            .close(),
            NEAR_BLACK,
            fill_opacity=0.10,
        )
    tread = Path().move(-97, -6).line(-84, -5).line(0, -5).cubic(45, -5, 80, -6.5, 101, -12)
    tread.cubic(102, -8, 99, -5, 95, -4).cubic(78, -1, 40, 0, 0, 0).line(-84, 0)
    tread.cubic(-92, 0, -96, -2, -97, -6).close()
    svg.draw(tread, darken(panel, 0.55) if luminance(panel) > _PALE else darken(panel, 0.25))
    svg.stroke(
        Path()
        .move(-98, -31)
        .cubic(-60, -25, -30, -19.4, 0, -19.4)
        .cubic(40, -19.4, 74, -21, 99, -24.6),
        NEAR_BLACK,
        0.9,
        0.22,
    )
    return Path().extend(body).extend(sole)


def _shoe_colors(scene: Scene) -> tuple[str, str, str]:
    """Return the colours of knit, overlays and trim."""
    main, accent = scene.palette.main, scene.palette.accent
    if luminance(main) > _PALE:
        return main, mix(main, "#b9bcc4", 0.55), accent
    trim = accent if contrast(accent, main) > _SHOWS else lighten(scene.palette.soft, 0.3)
    return main, darken(main, 0.34), trim


def _upper() -> Path:
    shoe = Path().move(-98, -28).cubic(-103, -46, -101, -72, -95, -94)
    shoe.cubic(-93, -104, -88, -108, -81, -104).cubic(-70, -94, -52, -90, -38, -95)
    shoe.cubic(-30, -98, -24, -103, -17, -104).cubic(-8, -104, -2, -98, 4, -93)
    shoe.cubic(20, -80, 34, -66, 56, -58).cubic(80, -52, 103, -46, 103, -24)
    return shoe.cubic(75, -19, 40, -17, 0, -17).cubic(-30, -17, -60, -22, -98, -28).close()


def _midsole() -> Path:
    sole = Path().move(-98, -6).cubic(-106, -12, -106, -27, -99, -31)
    sole.cubic(-60, -25, -30, -19.5, 0, -19.5).cubic(40, -19.5, 74, -21, 99, -25)
    sole.cubic(108, -22, 108, -12, 99, -6).cubic(80, -2, 40, -1, 0, -1)
    return sole.line(-84, -1).cubic(-92, -1, -96, -3, -98, -6).close()


def _tongue(svg: Svg, panel: str) -> None:
    """Draw the tongue and the dark inside that show above the collar."""
    inside = Path().move(-84, -103).cubic(-70, -110, -36, -108, -20, -103)
    inside.cubic(-40, -86, -66, -86, -84, -103).close()
    svg.draw(inside, darken(panel, 0.72))
    tongue = Path().move(-36, -94).cubic(-36, -110, -30, -121, -18, -122)
    tongue.cubic(-10, -122, -8, -116, -4, -108).line(14, -84).line(-20, -84).close()
    svg.draw(tongue, svg.lin([lighten(panel, 0.25), darken(panel, 0.22)], (0, 0, 0.6, 1)))
    svg.stroke(
        Path().move(-33, -104).cubic(-30, -116, -25, -119.5, -17, -119.5), "#ffffff", 0.9, 0.5
    )


def _knit(svg: Svg, upper: str) -> None:
    """Draw the knit of the upper: rows of small holes."""
    holes = Path()
    for row in range(13):
        for col in range(34):
            x, y = -40 + col * 4.2 + (row % 2) * 2.1, -92 + row * 5.2
            holes.extend(ellipse(x, y, 0.85, 0.6))
    svg.draw(holes, darken(upper, 0.6), fill_opacity=0.22)


def _panels(svg: Svg, panel: str, trim: str) -> None:
    """Draw the parts sewn on the upper: heel counter, toe guard, eyestay, two bars."""
    lit = svg.lin([lighten(panel, 0.22), panel, darken(panel, 0.22)], (0, 0, 0.3, 1))
    heel = Path().move(-106, -110).line(-80, -104).cubic(-76, -80, -66, -54, -38, -44)
    heel.line(-30, -10).line(-106, -10).close()
    toe = Path().move(110, -60).cubic(84, -48, 66, -42, 44, -40)
    toe.cubic(30, -38, 24, -28, 18, -10).line(110, -10).close()
    stay = Path().move(-24, -106).line(-12, -108).line(60, -59).cubic(50, -50, 40, -48, 28, -50)
    stay.cubic(8, -56, -10, -72, -24, -92).close()
    for shape in (heel, toe, stay):
        svg.draw(shape.moved(0.5, 1.2), NEAR_BLACK, fill_opacity=0.16)
        svg.draw(shape, lit)
    for shape in (
        Path().move(-77, -104).cubic(-73, -80, -63, -57, -36, -47),
        Path().move(108, -57).cubic(84, -45, 66, -39.5, 45, -37.5),
    ):
        svg.stroke(shape, lighten(panel, 0.55), 0.5, 0.7)
    for i in range(2):
        bar = (
            Path()
            .move(-34 + i * 19, -18)
            .cubic(-22 + i * 19, -38, -14 + i * 19, -52, -6 + i * 19, -66)
        )
        bar.line(4 + i * 19, -60).cubic(
            -4 + i * 19, -46, -12 + i * 19, -34, -23 + i * 19, -17
        ).close()
        svg.draw(bar.moved(0.6, 1.0), NEAR_BLACK, fill_opacity=0.18)
        svg.draw(bar, svg.lin([lighten(trim, 0.22), darken(trim, 0.12)], (0, 0, 0, 1)))
    tab = Path().move(-104, -100).cubic(-98, -110, -88, -112, -79, -105)
    tab.cubic(-79, -96, -82, -88, -88, -84).cubic(-94, -81, -100, -80, -106, -80).close()
    svg.draw(tab, svg.lin([lighten(trim, 0.2), darken(trim, 0.25)], (0, 0, 0, 1)))


def _shine(svg: Svg) -> None:
    """Draw the light from the upper left and the shade at heel and toe."""
    soft = svg.rad([("#ffffff", 0.42), ("#ffffff", 0)])
    svg.draw(ellipse(58, -46, 40, 13), soft)
    svg.draw(ellipse(-78, -74, 18, 26), svg.rad([("#ffffff", 0.30), ("#ffffff", 0)]))
    round_off: list[Stop] = [
        (NEAR_BLACK, 0.34, 0),
        (NEAR_BLACK, 0, 0.14),
        (NEAR_BLACK, 0, 0.84),
        (NEAR_BLACK, 0.30, 1),
    ]
    svg.draw(polygon([(-106, -120), (106, -120), (106, 0), (-106, 0)]), svg.lin(round_off))
    foot = polygon([(-106, -44), (106, -44), (106, 0), (-106, 0)])
    svg.draw(foot, svg.lin([(NEAR_BLACK, 0), (NEAR_BLACK, 0.20)], (0, 0, 0, 1)))


def _laces(svg: Svg, panel: str, trim: str, asked: str) -> None:
    usual = "#fbfaf7" if contrast(panel, "#fbfaf7") > _SHOWS else darken(trim, 0.15)
    lace = asked or usual
    for i in range(5):
        x, y = -15 + i * 13.6, -99.5 + i * 10.0
        for dy, color, width in (
            (1.3, darken(panel, 0.6), 4.8),
            (0, darken(lace, 0.14), 4.4),
            (-0.6, lace, 3.0),
        ):
            across = (
                Path()
                .move(x - 7, y + 9 + dy)
                .cubic(x - 3, y + 2 + dy, x + 4, y - 4 + dy, x + 11, y - 3 + dy)
            )
            svg.stroke(across, color, width, 0.4 if dy > 1 else 1.0)


def watch(svg: Svg, scene: Scene) -> Path:
    """Draw a wristwatch standing on its strap, with hands or, in the style `tech`, a screen."""
    metal = scene.own or (GOLD if scene.style is Style.LUX else _STEEL)
    leather = mix(warm(scene.palette.main), "#17110e", 0.62 if scene.style is Style.LUX else 0.25)
    usual = "#3a2a22" if scene.own else leather
    strap_color = scene.part("band") or usual
    strap = _strap(svg, strap_color)
    smart = scene.style is Style.TECH
    case = rounded(-50, -161, 100, 112, r=30) if smart else ellipse(0, -105, 56)
    crown = rounded(46 if smart else 50, -113, 13, 16, r=2.5)
    svg.draw(crown, svg.lin([lighten(metal, 0.5), darken(metal, 0.5)], (0, 0, 0, 1)))
    svg.draw(case.moved(1.2, 2.2), NEAR_BLACK, fill_opacity=0.35)
    rim: list[Stop] = [
        (lighten(metal, 0.75), 1, 0),
        (metal, 1, 0.28),
        (darken(metal, 0.55), 1, 0.52),
        (lighten(metal, 0.35), 1, 0.74),
        (darken(metal, 0.35), 1, 1),
    ]
    svg.draw(case, svg.lin(rim, (0, 0, 1, 1)))
    if smart:
        _screen(svg, scene)
    else:
        _dial(svg, scene, metal)
    svg.stroke(case, "#ffffff", 0.7, 0.55)
    return Path().extend(strap).extend(case)


def _strap(svg: Svg, color: str) -> Path:
    upper = Path().move(-31, -140).cubic(-29, -180, -26, -200, -24, -208).quad(0, -214, 24, -208)
    upper.cubic(26, -200, 29, -180, 31, -140).close()
    lower = Path().move(-31, -70).cubic(-30, -40, -28, -16, -27, -3).quad(0, 4, 27, -3)
    lower.cubic(28, -16, 30, -40, 31, -70).close()
    across: list[Stop] = [
        (darken(color, 0.55), 1, 0),
        (lighten(color, 0.16), 1, 0.22),
        (color, 1, 0.5),
        (darken(color, 0.45), 1, 0.9),
        (darken(color, 0.65), 1, 1),
    ]
    for part, fade in ((upper, (0.0, 1.0, 0.0, 0.0)), (lower, (0.0, 0.0, 0.0, 1.0))):
        svg.draw(part, svg.lin(across))
        svg.draw(part, svg.lin([(NEAR_BLACK, 0), (NEAR_BLACK, 0.50)], fade))
    stitches = Path()
    for side in (-1, 1):
        for i in range(11):
            for y, wide in ((-202 + i * 5.2, 20.5 + i * 0.5), (-46 + i * 4.2, 26.6 - i * 0.30)):
                stitches.extend(polygon([(side * wide, y), (side * wide, y + 2.6)], close=False))
    svg.stroke(stitches, lighten(color, 0.55), 0.8, 0.7)
    return Path().extend(upper).extend(lower)


def _dial(svg: Svg, scene: Scene, metal: str) -> None:
    deep = scene.part("dial") or mix(darken(scene.palette.accent, 0.62), "#0d1020", 0.35)
    with svg.at(0, -105):
        svg.draw(ellipse(0, 0, 48.5), darken(metal, 0.72))
        svg.draw(
            ellipse(0, 0, 47),
            svg.rad([lighten(deep, 0.26), deep, darken(deep, 0.5)], (0.42, 0.36), 0.72),
        )
        rays = Path()
        for i in range(0, 72, 2):
            a = math.tau * i / 72
            rays.extend(
                polygon(
                    [
                        (0, 0),
                        (47 * math.cos(a), 47 * math.sin(a)),
                        (47 * math.cos(a + 0.05), 47 * math.sin(a + 0.05)),
                    ]
                )
            )
        svg.draw(rays, "#ffffff", fill_opacity=0.035)
        minutes, hours = Path(), Path()
        for i in range(60):
            a, inner = math.tau * i / 60, 35.5 if i % 5 == 0 else 42.0
            line = polygon(
                [(inner * math.cos(a), inner * math.sin(a)), (44 * math.cos(a), 44 * math.sin(a))],
                close=False,
            )
            (hours if i % 5 == 0 else minutes).extend(line)
        svg.stroke(minutes, "#ffffff", 0.55, 0.55)
        svg.stroke(hours.moved(0.4, 0.7), "#000000", 2.4, 0.45)
        svg.stroke(hours, lighten(metal, 0.35), 2.3)
        _hands(svg, metal, scene.palette.main)
        glare = (
            Path()
            .move(-44, -16)
            .cubic(-36, -38, -10, -48, 12, -45)
            .cubic(-8, -30, -26, -12, -34, 12)
        )
        glare.cubic(-42, 4, -46, -6, -44, -16).close()
        svg.draw(glare, svg.lin([("#ffffff", 0.26), ("#ffffff", 0.03)], (0, 0, 1, 1)))
        svg.stroke(ellipse(0, 0, 48.5), "#ffffff", 0.5, 0.35)


def _hands(svg: Svg, metal: str, sweep: str) -> None:
    """Draw the hands at ten past ten."""
    bright = lighten(metal, 0.55)
    for angle, length, width in ((-150.0, 25.0, 4.0), (-32.0, 37.0, 3.0)):
        a = math.radians(angle)
        hand = polygon(
            [(-6 * math.cos(a), -6 * math.sin(a)), (length * math.cos(a), length * math.sin(a))],
            close=False,
        )
        svg.stroke(hand.moved(0.8, 1.4), "#000000", width, 0.45)
        svg.stroke(hand, bright, width)
        svg.stroke(hand, darken(metal, 0.25), width * 0.22, 0.8)
    red = sweep if contrast(sweep, "#10121c") > 2 else "#e0533a"  # noqa: PLR2004 - a hand must show
    svg.stroke(polygon([(-3, -12), (10, 38)], close=False), red, 1.0)
    svg.draw(ellipse(0, 0, 3.6), bright)
    svg.draw(ellipse(0, 0, 1.6), darken(metal, 0.5))


def _screen(svg: Svg, scene: Scene) -> None:
    glass = rounded(-44.5, -155.5, 89, 101, r=25)
    svg.draw(glass, svg.lin(["#15161b", "#050506"], (0, 0, 0, 1)))
    main, accent = lighten(scene.palette.main, 0.25), lighten(scene.palette.accent, 0.30)
    bright = lighten(scene.palette.soft, 0.4)
    for i, wide in enumerate((46.0, 30.0)):
        svg.draw(rounded(-wide / 2, -143 + i * 11, wide, 5, r=2.5), "#ffffff", fill_opacity=0.85)
    for r, color, share in ((23, main, 0.78), (17, accent, 0.62), (11, bright, 0.45)):
        svg.stroke(ellipse(0, -86, r), color, 4.2, 0.22)
        turn = Path().move(0, -86 - r)
        for i in range(1, 25):
            a = math.tau * share * i / 24 - math.pi / 2
            turn.line(r * math.cos(a), -86 + r * math.sin(a))
        svg.stroke(turn, color, 4.2)
    with svg.group(clip_path=svg.clip(glass)):
        glare = polygon([(-46, -157), (16, -157), (-46, -74)])
        svg.draw(glare, svg.lin([("#ffffff", 0.20), ("#ffffff", 0.02)], (0, 0, 0.5, 1)))


def sunglasses(svg: Svg, scene: Scene) -> Path:
    """Draw sunglasses from the front, standing on their rims, the arms folded out behind."""
    frame, tint = _sunglasses_colors(scene)
    for side in (-1, 1):
        arm = Path().move(side * 91, -66).line(side * 101, -62).line(side * 88, -8)
        arm.line(side * 84, -9).close()
        svg.draw(arm, darken(frame, 0.45))
    bridge = Path().move(-24, -76).cubic(-9, -69, 9, -69, 24, -76).line(15, -50)
    bridge.cubic(9, -60, -9, -60, -15, -50).close()
    svg.draw(bridge, svg.lin([lighten(frame, 0.35), darken(frame, 0.35)], (0, 0, 0, 1)))
    gloss = Path().move(-14, -70.6).cubic(-6, -67.4, 6, -67.4, 14, -70.6)
    svg.stroke(gloss, "#ffffff", 1.2, 0.45)
    outline = Path()
    for side in (-1, 1):
        rim, lens = _eye(side, 0.0), _eye(side, 8.0)
        body = [lighten(frame, 0.42), frame, darken(frame, 0.42)]
        svg.draw(rim, svg.lin(body, (0, 0, 0.35, 1)))
        through: list[Stop] = [
            (darken(tint, 0.72), 0.97, 0),
            (darken(tint, 0.25), 0.93, 0.6),
            (lighten(tint, 0.25), 0.88, 1),
        ]
        svg.draw(lens, svg.lin(through, (0, 0, 0, 1)))
        with svg.group(clip_path=svg.clip(lens)):
            x = side * 50
            for dx, w, alpha in ((-26, 20, 0.30), (2, 7, 0.22)):
                beam = polygon(
                    [
                        (x + dx + 18, -84),
                        (x + dx + 18 + w, -84),
                        (x + dx - 14 + w, 0),
                        (x + dx - 14, 0),
                    ]
                )
                svg.draw(beam, svg.lin([("#ffffff", alpha), ("#ffffff", 0.02)], (0, 0, 0, 1)))
        svg.stroke(lens, darken(frame, 0.65), 0.9, 0.8)
        gleam = Path().move(side * 50 - 30, -74.5).quad(side * 50, -80, side * 50 + 30, -74.5)
        svg.stroke(gleam, "#ffffff", 1.6, 0.60)
        svg.draw(ellipse(side * 92, -64, 2.2, 1.6), lighten(_STEEL, 0.4))
        outline.extend(rim)
    return outline


def _sunglasses_colors(scene: Scene) -> tuple[str, str]:
    """Return the frame's colour and the lenses'."""
    main = scene.palette.main
    usual = main if luminance(main) < _PALE else darken(main, 0.12)
    frame = scene.part("frame") or scene.own or usual
    return frame, scene.part("lens") or mix(scene.palette.accent, "#3a2a20", 0.35)


def _eye(side: int, inset: float) -> Path:
    """Return the outline of one rim, or with an inset that of its lens."""
    i = inset
    eye = Path().move(9 + i, -62 + i * 0.4).cubic(12 + i, -80 + i, 40, -83 + i, 62, -82 + i)
    eye.cubic(82, -82 + i, 98 - i, -78 + i, 97 - i, -62 + i * 0.3)
    eye.cubic(96 - i, -28, 84 - i * 0.7, 0 - i, 56, 0 - i).cubic(
        28 + i * 0.4, 0 - i, 12 + i, -26, 9 + i, -62 + i * 0.4
    )
    return eye.close().moved(0, 0) if side > 0 else eye.close().bent(lambda x, y: (-x, y))


WEARABLES = {Family.SNEAKER: sneaker, Family.WATCH: watch, Family.SUNGLASSES: sunglasses}
"""The drawing function of each family."""
