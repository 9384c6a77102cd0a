"""Round things as a camera straight above them sees them: cup, glass and cake."""

import math

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, mix
from pipeline.imageserver.studio.scene.scene import Family, Prop, Scene
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.shapes import ellipse, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

MIDDLE = -80.0
"""Height of the middle of every drawing, in product units."""


def cup_from_above(svg: Svg, scene: Scene) -> Path:
    """Draw a cup of coffee on its saucer."""
    color = scene.own or mix(scene.palette.soft, "#ffffff", 0.45)
    saucer = mix(color, "#ffffff", 0.35)
    with svg.at(0, MIDDLE):
        _disc(svg, 78, saucer)
        svg.stroke(ellipse(0, 0, 60), darken(saucer, 0.3), 1.2, 0.35)
        for width, tone in ((17, darken(color, 0.45)), (13.5, color), (4.5, lighten(color, 0.55))):
            handle = Path().move(40, 8).cubic(70, 22, 84, 4, 62, -18)
            svg.stroke(handle.moved(0, -0.4), tone, width * 0.8)
        svg.draw(ellipse(3, 5, 55), NEAR_BLACK, fill_opacity=0.22)
        _disc(svg, 52, color)
        svg.draw(ellipse(0, 0, 46), svg.rad([darken(color, 0.2), darken(color, 0.5)]))
        coffee: list[Stop] = [("#7a4a28", 1, 0), ("#4a2814", 1, 0.7), ("#2a150b", 1, 1)]
        svg.draw(ellipse(0, 1.5, 43.5), svg.rad(coffee, (0.42, 0.38), 0.65))
        svg.stroke(ellipse(0, 1.5, 42), "#c08a56", 1.6, 0.7)
        svg.draw(ellipse(-13, -12, 15, 9), "#ffffff", fill_opacity=0.10)
    return Path().extend(ellipse(0, MIDDLE, 78))


def glass_from_above(svg: Svg, scene: Scene) -> Path:
    """Draw a drink in a glass, with its ice and its straw."""
    drink = scene.own or scene.palette.main
    with svg.at(0, MIDDLE):
        svg.draw(ellipse(0, 0, 66), "#dfeaed")
        svg.draw(ellipse(0, 0, 62), svg.rad([lighten(drink, 0.3), drink, darken(drink, 0.35)]))
        if Prop.ICE in scene.props:
            for x, y, turn in ((-20, -14, 12), (16, -22, -20), (8, 22, 34)):
                with svg.at(x, y, angle=turn):
                    cube = rounded(-15, -15, 30, 30, r=6)
                    svg.draw(cube, "#ffffff", fill_opacity=0.42)
                    svg.stroke(cube, "#ffffff", 1.2, 0.8)
        straw = scene.part("straw") or scene.palette.accent
        svg.stroke(Path().move(12, 10).line(62, -62), darken(straw, 0.35), 9)
        svg.stroke(Path().move(11, 9).line(61, -63), straw, 6.4)
        svg.stroke(ellipse(0, 0, 64), "#ffffff", 3.0, 0.85)
        svg.stroke(ellipse(0, 0, 66), darken(drink, 0.4), 0.8, 0.4)
    return Path().extend(ellipse(0, MIDDLE, 66))


def cake_from_above(svg: Svg, scene: Scene) -> Path:
    """Draw a round cake on a plate, a ring of berries on its glaze."""
    glaze = scene.part("frosting") or scene.palette.soft
    base = scene.own or mix(scene.palette.main, "#8a5a3a", 0.25)
    plate = scene.part("plate") or "#f4f2ee"
    rng = seeded_random(scene.seed, "cake")
    with svg.at(0, MIDDLE):
        _disc(svg, 80, plate)
        svg.draw(ellipse(2, 4, 65), NEAR_BLACK, fill_opacity=0.20)
        _disc(svg, 63, base)
        edge = Path()
        n = 22
        for i in range(n + 1):
            a, r = math.tau * i / n, 59 + rng.uniform(-3.5, 3.5)
            at = (r * math.cos(a), r * math.sin(a))
            edge = edge.move(*at) if i == 0 else edge.line(*at)
        lit: list[Stop] = [
            (lighten(glaze, 0.5), 1, 0),
            (glaze, 1, 0.75),
            (darken(glaze, 0.18), 1, 1),
        ]
        svg.draw(edge.close(), svg.rad(lit, (0.4, 0.36), 0.7))
        for i in range(12):
            a = math.tau * i / 12
            _berry(svg, 46 * math.cos(a), 46 * math.sin(a))
        for x, y in ((-8, -5), (8, -4), (0, 9)):
            _berry(svg, x, y)
    return Path().extend(ellipse(0, MIDDLE, 80))


def _berry(svg: Svg, x: float, y: float) -> None:
    svg.draw(ellipse(x + 1.5, y + 2.5, 9), NEAR_BLACK, fill_opacity=0.22)
    ball: list[Stop] = [("#ff8f92", 1, 0), ("#d1263d", 1, 0.5), ("#6d0f22", 1, 1)]
    svg.draw(ellipse(x, y, 8.6), svg.rad(ball, (0.36, 0.3), 0.75))
    svg.draw(ellipse(x - 2.6, y - 3, 2.0, 1.4), "#ffffff", fill_opacity=0.8)


def _disc(svg: Svg, r: float, color: str) -> None:
    """Draw a round, slightly hollow disc, lit from the upper left."""
    lit = [lighten(color, 0.45), color, darken(color, 0.22)]
    svg.draw(ellipse(0, 0, r), svg.lin(lit, (0.1, 0, 0.9, 1)))
    svg.stroke(ellipse(0, 0, r - 0.8), lighten(color, 0.6), 1.4, 0.7)


FROM_ABOVE = {
    Family.MUG: cup_from_above,
    Family.GLASS: glass_from_above,
    Family.CAKE: cake_from_above,
}
"""The drawing of each family that looks another from above."""
