"""Burger, pizza, ice cream, cake, and a drink in a glass."""

import math
from itertools import pairwise
from random import Random

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, mix
from pipeline.imageserver.studio.drawing.materials import sheen
from pipeline.imageserver.studio.scene.product_shapes import product_shape
from pipeline.imageserver.studio.scene.scene import Camera, Family, Prop, Scene
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.lathe import lathe, radius_at, strip
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

_BUN = "#d98b3a"
_CRUST = "#d79a4e"


def _wavy(span: tuple[float, float], y: float, size: tuple[float, float], rng: Random) -> Path:
    """Return a leaf-like band with a ruffled lower edge; `size` is its height and its ruffle."""
    (left, right), (high, ruffle) = span, size
    n = 13
    path = Path().move(left, y - high).quad(0, y - high - 5, right, y - high)
    step = (right - left) / n
    for i in range(n):
        x0 = right - i * step
        path.quad(
            x0 - step / 2,
            y + ruffle * rng.uniform(0.7, 1.6),
            x0 - step,
            y - high * 0.2 * rng.random(),
        )
    return path.close()


def burger(svg: Svg, scene: Scene) -> Path:
    """Draw a cheeseburger: bun, lettuce, tomato, cheese, patty, bun."""
    rng = seeded_random(scene.seed, "burger")
    low = Path().move(-80, -30).line(80, -30).cubic(84, -12, 76, 0, 60, 0).line(-60, 0)
    low.cubic(-76, 0, -84, -12, -80, -30).close()
    svg.draw(low, svg.lin([lighten(_BUN, 0.25), _BUN, darken(_BUN, 0.35)], (0.1, 0, 0.5, 1)))
    crumb = rounded(-80, -34, 160, 9, r=4)
    svg.draw(crumb, svg.lin(["#f7e2b8", "#e4bd7c"], (0, 0, 0, 1)))
    patty = rounded(-86, -60, 172, 29, r=13)
    svg.draw(patty, svg.lin(["#7a4426", "#4c2612", "#2c140a"], (0.1, 0, 0.3, 1)))
    specks = Path()
    for _ in range(90):
        specks.extend(
            ellipse(
                rng.uniform(-80, 80),
                rng.uniform(-57, -35),
                rng.uniform(0.7, 2.2),
                rng.uniform(0.6, 1.4),
            )
        )
    with svg.group(clip_path=svg.clip(patty)):
        svg.draw(specks, "#1c0c05", fill_opacity=0.5)
        svg.draw(specks.moved(-0.8, -1.0), "#a8663c", fill_opacity=0.45)
    cheese = (
        Path().move(-84, -62).line(84, -62).line(80, -52).line(58, -54).line(42, -34).line(24, -54)
    )
    cheese.line(-30, -53).line(-44, -40).line(-58, -54).line(-80, -52).close()
    svg.draw(cheese.moved(0, 2), NEAR_BLACK, fill_opacity=0.28)
    svg.draw(cheese, svg.lin(["#ffd552", "#f2a81c"], (0, 0, 0, 1)))
    for x, wide in ((-42, 42), (40, 43)):
        slice_ = rounded(x - wide, -76, 2 * wide, 13, r=6)
        svg.draw(slice_, svg.lin(["#ff6b52", "#d5301f", "#96190f"], (0, 0, 0, 1)))
        svg.stroke(Path().move(x - wide + 8, -73).line(x + wide - 12, -73), "#ffc0b0", 1.6, 0.7)
    for tone, dy in (("#4f8f2a", 3.5), ("#86c440", 0.0)):
        leaf = _wavy((-90, 90), -76 + dy, (11, 7), rng)
        svg.draw(leaf, svg.lin([lighten(tone, 0.35), tone, darken(tone, 0.25)], (0, 0, 0, 1)))
    top = (
        Path()
        .move(-82, -84)
        .cubic(-88, -122, -56, -150, 0, -150)
        .cubic(56, -150, 88, -122, 82, -84)
    )
    top.quad(0, -78, -82, -84).close()
    dome: list[Stop] = [
        ("#ffd490", 1, 0),
        ("#e8a04a", 1, 0.35),
        ("#c87628", 1, 0.72),
        ("#8c4814", 1, 1),
    ]
    svg.draw(top, svg.rad(dome, (0.36, 0.22), 0.85))
    with svg.group(clip_path=svg.clip(top)):
        svg.draw(ellipse(-28, -130, 34, 13), svg.rad([("#ffffff", 0.55), ("#ffffff", 0)]))
    for _ in range(46):
        a, d = rng.uniform(0, math.tau), rng.random() ** 0.6
        x, y = 66 * d * math.cos(a), -121 + 22 * d * math.sin(a)
        with svg.at(x, y, angle=rng.uniform(-50, 50)):
            svg.draw(ellipse(0.4, 0.7, 3.0, 1.7), "#7a3c0c", fill_opacity=0.45)
            svg.draw(ellipse(0, 0, 2.9, 1.6), "#fff0cf")
    return Path().extend(top).extend(low).extend(patty)


def pizza(svg: Svg, scene: Scene) -> Path:
    """Draw a pizza, seen obliquely, or from straight above if the camera is overhead."""
    flat = 1.0 if scene.camera is Camera.OVERHEAD else 0.44
    r, cy = (112.0, -118.0) if flat == 1.0 else (112.0, -54.0)
    rng = seeded_random(scene.seed, "pizza")
    outline = ellipse(0, cy, r + 4, (r + 4) * flat)
    with svg.at(0, cy, tall=flat):
        k = r / 112
        with svg.at(0, 0, k):
            _pizza_face(svg, rng, thick=8.0 if flat < 1 else 0.0)
    return outline


def _pizza_face(svg: Svg, rng: Random, *, thick: float) -> None:
    if thick:
        svg.draw(ellipse(0, thick * 2, 114), darken(_CRUST, 0.45))
    crust: list[Stop] = [("#f0c27a", 1, 0.72), ("#d8974a", 1, 0.90), ("#a5642a", 1, 1)]
    svg.draw(ellipse(0, 0, 114), svg.rad(crust))
    for _ in range(26):
        a = rng.random() * math.tau
        svg.draw(
            ellipse(106 * math.cos(a), 106 * math.sin(a), rng.uniform(2, 7), rng.uniform(2, 5)),
            "#6b3412",
            fill_opacity=0.32,
        )
    svg.draw(ellipse(0, 0, 97), svg.rad([("#d8421f", 1, 0.6), ("#a8280f", 1, 1)]))
    cheese = Path()
    for i in range(40):
        a, d = i * 2.4, 90 * math.sqrt((i + 0.5) / 40)
        cheese.extend(
            ellipse(d * math.cos(a), d * math.sin(a), rng.uniform(12, 19), rng.uniform(10, 17))
        )
    svg.draw(
        cheese,
        svg.rad(
            [("#ffedb4", 1, 0), ("#f9cf72", 1, 0.75), ("#eab350", 1, 1)], (0, 0), 98, user=True
        ),
    )
    for i in range(11):
        a, d = i * 2.4 + 0.5, 80 * math.sqrt((i + 0.4) / 11)
        x, y = d * math.cos(a), d * math.sin(a)
        svg.draw(ellipse(x + 1.5, y + 2.5, 15.5), "#5a1408", fill_opacity=0.35)
        svg.draw(
            ellipse(x, y, 15), svg.rad([("#e8553a", 1, 0), ("#c22f1c", 1, 0.75), ("#8a1a0e", 1, 1)])
        )
        for _ in range(7):
            svg.draw(
                ellipse(x + rng.uniform(-9, 9), y + rng.uniform(-9, 9), rng.uniform(0.9, 2)),
                "#f7a58f",
                fill_opacity=0.6,
            )
    for i in range(9):
        a, d = i * 2.4 + 1.7, 84 * math.sqrt((i + 0.8) / 9)
        with svg.at(d * math.cos(a), d * math.sin(a), angle=rng.uniform(0, 360)):
            leaf = Path().move(-11, 0).quad(0, -9, 11, 0).quad(0, 9, -11, 0).close()
            svg.draw(leaf, svg.lin(["#5fb04a", "#2c6e2a"], (0, 0, 0, 1)))
            svg.stroke(Path().move(-9, 0).line(9, 0), "#a8dc8c", 0.9, 0.7)


def ice_cream(svg: Svg, scene: Scene) -> Path:
    """Draw a waffle cone with one to three scoops in the flavour's colour."""
    color = scene.own or scene.palette.main
    cone_color = scene.part("cone") or "#d99a4a"
    cone = polygon([(-34, -116), (34, -116), (3, -2), (-3, -2)])
    svg.draw(cone, svg.lin([lighten(cone_color, 0.25), cone_color, darken(cone_color, 0.36)]))
    with svg.group(clip_path=svg.clip(cone)):
        lines = Path()
        for i in range(-9, 10):
            lines.extend(polygon([(i * 11 - 40, -118), (i * 11 + 34, 0)], close=False))
            lines.extend(polygon([(i * 11 + 40, -118), (i * 11 - 34, 0)], close=False))
        svg.stroke(lines, darken(cone_color, 0.45), 1.5, 0.65)
        svg.stroke(lines.moved(0, -1.2), lighten(cone_color, 0.5), 0.7, 0.6)
    rim = rounded(-37, -124, 74, 12, r=5)
    svg.draw(rim, svg.lin([lighten(cone_color, 0.35), darken(cone_color, 0.15)], (0, 0, 0, 1)))
    scoops = {1: ((0, -140, 40),), 2: ((-21, -136, 33), (21, -138, 33))}.get(
        scene.scoops, ((-23, -134, 31), (24, -135, 31), (0, -178, 33))
    )
    rng = seeded_random(scene.seed, "scoops")
    outline = Path().extend(cone)
    for i, (x, y, r) in enumerate(scoops):
        tone = (color, lighten(color, 0.35), mix(color, scene.palette.soft, 0.4))[i % 3]
        outline.extend(_scoop(svg, (x, y, r), tone, rng))
    return outline


def _scoop(svg: Svg, ball: tuple[float, float, float], color: str, rng: Random) -> Path:
    x, y, r = ball
    skirt = Path().move(x - r * 1.06, y + r * 0.40)
    n = 9
    for i in range(n):
        x0, x1 = (x - r * 1.06 + 2.12 * r * (i + t) / n for t in (0.5, 1.0))
        skirt.quad(x0, y + r * rng.uniform(0.72, 1.0), x1, y + r * 0.44)
    skirt.cubic(x + r * 0.8, y, x - r * 0.8, y, x - r * 1.06, y + r * 0.40).close()
    whole = ellipse(x, y, r)
    svg.draw(skirt, darken(color, 0.16))
    lit: list[Stop] = [
        (lighten(color, 0.62), 1, 0),
        (lighten(color, 0.1), 1, 0.45),
        (darken(color, 0.34), 1, 1),
    ]
    svg.draw(whole, svg.rad(lit, (0.35, 0.28), 0.78))
    grains = Path()
    for _ in range(26):
        a, d = rng.random() * math.tau, r * 0.9 * math.sqrt(rng.random())
        grains.extend(
            ellipse(
                x + d * math.cos(a),
                y + d * math.sin(a),
                rng.uniform(0.6, 2.0),
                rng.uniform(0.5, 1.2),
            )
        )
    svg.draw(grains, darken(color, 0.35), fill_opacity=0.28)
    svg.draw(grains.moved(-0.9, -1.1), "#ffffff", fill_opacity=0.35)
    svg.draw(ellipse(x - r * 0.36, y - r * 0.42, r * 0.24, r * 0.13), "#ffffff", fill_opacity=0.6)
    return whole


def cake(svg: Svg, scene: Scene) -> Path:
    """Draw a layer cake on a plate, with a dripping glaze and berries on top."""
    color = scene.own or mix(scene.palette.main, "#8a5a3a", 0.25)
    glaze = scene.part("frosting") or scene.palette.soft
    plate = scene.part("plate") or "#f4f2ee"
    svg.draw(ellipse(0, -7, 97, 12), darken(plate, 0.22))
    svg.draw(ellipse(0, -10, 96, 11), svg.lin([lighten(plate, 0.4), plate, darken(plate, 0.15)]))
    body = lathe(((74, 12), (74, 92)), bottom=0.13, top=0.13)
    svg.draw(body, svg.lin([darken(color, 0.34), lighten(color, 0.12), color, darken(color, 0.4)]))
    with svg.group(clip_path=svg.clip(body)):
        for z in (36, 62):
            band = (
                Path()
                .move(-75, -z)
                .quad(0, -z + 19, 75, -z)
                .line(75, -z + 7)
                .quad(0, -z + 26, -75, -z + 7)
            )
            svg.draw(band.close(), svg.lin([darken(glaze, 0.28), glaze, darken(glaze, 0.3)]))
    drip = Path().move(-76, -92)
    rng = seeded_random(scene.seed, "glaze")
    n = 10
    edge = [(-76 + 152 * i / n, 8.5 * (1 - (2 * i / n - 1) ** 2)) for i in range(n + 1)]
    for (x0, s0), (x1, s1) in pairwise(edge):
        down = rng.uniform(9, 30)
        drip.cubic(x0 + 2, -84 + s0 + down, x1 - 2, -84 + s1 + down, x1, -84 + s1)
    drip.line(76, -96).quad(0, -108, -76, -96).close()
    svg.draw(drip.moved(0, 2), NEAR_BLACK, fill_opacity=0.20)
    svg.draw(drip, svg.lin([darken(glaze, 0.24), lighten(glaze, 0.3), glaze, darken(glaze, 0.28)]))
    svg.draw(ellipse(0, -94, 76, 11), svg.lin([lighten(glaze, 0.5), glaze], (0, 0, 0.4, 1)))
    for i in range(7):
        a = math.pi * (0.08 + 0.84 * i / 6)
        x, y, r = 54 * math.cos(a), -98 + 6 * math.sin(a), 11.5
        red = "#d1263d"
        svg.draw(ellipse(x + 1, y + 4, r, r * 0.5), NEAR_BLACK, fill_opacity=0.2)
        ball: list[Stop] = [("#ff8f92", 1, 0), (red, 1, 0.5), (darken(red, 0.5), 1, 1)]
        svg.draw(ellipse(x, y - 5, r, r * 1.05), svg.rad(ball, (0.36, 0.3), 0.75))
        svg.draw(ellipse(x - 3.5, y - 10, 2.6, 1.7), "#ffffff", fill_opacity=0.8)
    return Path().extend(body).extend(drip)


def glass(svg: Svg, scene: Scene) -> Path:
    """Draw a drink in a straight glass, with ice or a straw where the prompt has them."""
    shape = product_shape(scene)
    drink = scene.own or scene.palette.main
    profile = ((29, 0), (30.5, 2), (39, 150))
    outline = lathe(profile, bottom=0.12, top=-0.10)
    straw = scene.part("straw") or scene.palette.accent
    svg.draw(
        polygon([(6, -60), (12, -60), (30, -196), (24, -196)]),
        svg.lin([lighten(straw, 0.4), straw, darken(straw, 0.3)]),
    )
    svg.draw(outline, "#e4eef0", fill_opacity=0.34)
    inner = lathe(((27, 10), (35.4, shape.level)), bottom=0.12, top=0.10)
    across: list[Stop] = [
        (darken(drink, 0.42), 1, 0),
        (drink, 1, 0.16),
        (lighten(drink, 0.30), 1, 0.42),
        (drink, 1, 0.74),
        (darken(drink, 0.40), 1, 1),
    ]
    svg.draw(inner, svg.lin(across, (-36, 0, 36, 0), user=True))
    svg.draw(
        inner,
        svg.lin([("#ffffff", 0.30, 0), ("#ffffff", 0, 0.3), (NEAR_BLACK, 0.22, 1)], (0, 0, 0, 1)),
    )
    r = radius_at(shape.level, profile) - 2
    svg.draw(
        ellipse(0, -shape.level, r, r * 0.12),
        svg.lin([darken(drink, 0.1), lighten(drink, 0.5), drink]),
    )
    with svg.group(clip_path=svg.clip(outline)):
        if Prop.ICE in scene.props:
            for x, y, turn in ((-13, -112, -14), (14, -116, 10), (-2, -96, 24)):
                with svg.at(x, y, angle=turn):
                    cube = rounded(-11, -11, 22, 22, r=4)
                    svg.draw(
                        cube,
                        svg.lin(
                            [("#ffffff", 0.75), ("#d4ecf6", 0.30), ("#ffffff", 0.6)], (0, 0, 1, 1)
                        ),
                    )
                    svg.stroke(cube, "#ffffff", 0.9, 0.8)
        svg.draw(
            polygon([(9, -60), (12, -60), (20, -124), (17, -124)]),
            lighten(straw, 0.2),
            fill_opacity=0.25,
        )
        sheen(svg, strip(profile, (8, 146), (-0.84, -0.64)), 0.62)
        sheen(svg, strip(profile, (8, 146), (0.82, 0.90)), 0.45)
    base = Path().move(-26, -3).quad(0, 4, 26, -3).line(27, -9).quad(0, -2, -27, -9).close()
    svg.draw(base, svg.lin([("#ffffff", 0.7), ("#b7c6ca", 0.5), ("#ffffff", 0.7)]))
    svg.stroke(ellipse(0, -150, 38.6, 4.4), "#ffffff", 1.2, 0.85)
    svg.stroke(outline, "#ffffff", 0.8, 0.5)
    return outline


FOOD = {
    Family.BURGER: burger,
    Family.PIZZA: pizza,
    Family.ICE_CREAM: ice_cream,
    Family.CAKE: cake,
    Family.GLASS: glass,
}
"""The drawing function of each family."""
