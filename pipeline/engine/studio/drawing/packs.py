"""Tube, pouch, box and perfume: packs with a flat front."""

from pipeline.engine.studio.colors import DEEP, darken, lighten
from pipeline.engine.studio.drawing.labels import Panel, draw_label
from pipeline.engine.studio.drawing.marks import GOLD, metal
from pipeline.engine.studio.scene.nouns import Family, Scene
from pipeline.engine.studio.vector.lathe import lathe
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.engine.studio.vector.svg import Svg


def soft_volume(svg: Svg, w: float, strength: float = 1.0) -> str:
    """Light and shade across something that bulges, half width w."""
    return svg.lin(
        [
            (DEEP, 0.46 * strength, 0),
            (DEEP, 0.08, 0.14),
            ("#ffffff", 0.34, 0.25),
            ("#ffffff", 0.04, 0.42),
            (DEEP, 0.06, 0.70),
            ("#ffffff", 0.12, 0.88),
            (DEEP, 0.42 * strength, 1),
        ],
        (-w, 0, w, 0),
        user=True,
    )


def tube(svg: Svg, scene: Scene) -> Path:
    """A tube that stands on its cap."""
    body = polygon([(-33, -30), (-42, -190), (42, -190), (33, -30)])
    with svg.group(clip_path=svg.clip(body)):
        draw_label(svg, scene, Panel(top=-178, height=148, front=60, half=44))
        svg.draw(rect(-44, -192, 88, 14), lighten(scene.palette.soft, 0.25))
        svg.draw(body, soft_volume(svg, 42))
        svg.draw(rect(-44, -192, 88, 14), DEEP, opacity=0.10)
        for i in range(7):
            y = -188.5 + 1.7 * i
            svg.stroke(polygon([(-44, y), (44, y)], close=False), "#ffffff", 0.45, 0.45)
        fold = polygon([(-40, -176), (-24, -176), (-10, -30), (-30, -30)])
        svg.draw(fold, svg.lin([("#ffffff", 0.22), ("#ffffff", 0)], (0, 0, 0, 1)))
    cap = lathe(((31, 0), (33.5, 2), (34, 28), (33, 31)))
    svg.draw(cap, metal(svg, 34, scene.palette.main))
    for i in range(25):
        x = -31 + 62 * i / 24
        svg.stroke(polygon([(x, -2.5), (x, -28.5)], close=False), "#160c04", 0.45, 0.20)
    return body.extend(rect(-34, -30, 68, 30))


def pouch(svg: Svg, scene: Scene) -> Path:
    """A stand-up pouch, sealed at the top."""
    body = Path().move(-57, 0).quad(-60, -90, -56, -175).line(56, -175)
    body.quad(60, -90, 57, 0).quad(0, 5, -57, 0).close()
    with svg.group(clip_path=svg.clip(body)):
        draw_label(svg, scene, Panel(top=-175, height=180, front=92, half=62))
        svg.draw(body, soft_volume(svg, 60, 0.9))
        crease = svg.lin([("#ffffff", 0), ("#ffffff", 0.16), (DEEP, 0.10), (DEEP, 0)])
        left = Path().move(-57, -150).quad(-46, -80, -57, -6).line(-40, -6)
        svg.draw(left.quad(-30, -80, -44, -150).close(), crease)
        right = Path().move(46, -150).quad(34, -80, 48, -6).line(57, -6)
        svg.draw(right.quad(50, -80, 57, -150).close(), crease)
        svg.draw(rect(-62, -177, 124, 15), DEEP, opacity=0.12)
        for i in range(6):
            y = -173 + 2.1 * i
            svg.stroke(polygon([(-60, y), (60, y)], close=False), "#ffffff", 0.45, 0.40)
        svg.draw(rect(-62, -12, 124, 18), svg.lin([(DEEP, 0), (DEEP, 0.35)], (0, 0, 0, 1)))
    return body


def box(svg: Svg, scene: Scene) -> Path:
    """A carton with its right side in shade."""
    front, main = rect(-56, -170, 112, 170), scene.palette.main
    side = polygon([(56, 0), (80, -8), (80, -164), (56, -170)])
    svg.draw(side, svg.lin([darken(main, 0.25), darken(main, 0.60)]))
    stripe = polygon([(56, -30), (80, -36), (80, -48), (56, -43)])
    svg.draw(stripe, scene.palette.soft, opacity=0.55)
    with svg.group(clip_path=svg.clip(front)):
        draw_label(svg, scene, Panel(top=-170, height=170, front=94, half=58))
    light = [("#ffffff", 0.28, 0), ("#ffffff", 0, 0.45), (DEEP, 0.20, 1)]
    svg.draw(front, svg.lin(light, (0, 0, 1, 1)))
    svg.stroke(polygon([(56, 0), (56, -170)], close=False), "#ffffff", 0.8, 0.7)
    svg.stroke(polygon([(-56, -170), (56, -170)], close=False), "#ffffff", 0.6, 0.6)
    return Path().extend(front).extend(side)


def perfume(svg: Svg, scene: Scene) -> Path:
    """A flacon of thick glass with a black cap."""
    main, soft = scene.palette.main, scene.palette.soft
    body, juice = rounded(-46, -100, 92, 100, r=6), rounded(-38.5, -88, 77, 79, r=4)
    shell = [
        ("#c4d0d4", 0.92),
        ("#ffffff", 0.75),
        ("#dfe8ea", 0.6),
        ("#ffffff", 0.8),
        ("#a9b7bb", 0.92),
    ]
    svg.draw(body, svg.lin(shell))
    liquid = [lighten(soft, 0.45), lighten(main, 0.22), darken(main, 0.30)]
    svg.draw(juice, svg.lin(liquid, (0, 0, 1, 1)))
    svg.draw(ellipse(10, -22, 30, 18), svg.rad([("#ffffff", 0.55), ("#ffffff", 0)]))
    svg.stroke(juice, "#ffffff", 0.6, 0.6)
    draw_label(svg, scene, Panel(top=-70, height=40, front=54, half=29))
    svg.stroke(rect(-29, -70, 58, 40), GOLD, 0.7, 0.9)
    glint = polygon([(-46, -96), (-20, -96), (-40, -4), (-46, -4)])
    with svg.group(clip_path=svg.clip(body)):
        svg.draw(glint, svg.lin([("#ffffff", 0.55), ("#ffffff", 0.05)], (0, 0, 0, 1)))
    svg.stroke(body, "#ffffff", 0.7, 0.7)
    svg.draw(lathe(((17, 100), (17, 108))), metal(svg, 17, GOLD))
    cap = rounded(-19.5, -146, 39, 38.5, r=3)
    svg.draw(cap, metal(svg, 19.5, "#202026"))
    svg.draw(rect(-19.5, -112, 39, 1.6), GOLD)
    return Path().extend(body).extend(cap)


PACKS = {Family.TUBE: tube, Family.POUCH: pouch, Family.BOX: box, Family.PERFUME: perfume}
"""How each flat-fronted family is drawn."""
