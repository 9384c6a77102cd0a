"""Tube, pouch, box and perfume: packs with a flat front."""

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import GOLD, brushed, lacquer
from pipeline.imageserver.studio.drawing.products.label_designs import draw_label
from pipeline.imageserver.studio.drawing.products.labels import LabelPanel, label_color
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.lathe import lathe
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path


def _bulge(svg: Svg, w: float, strength: float = 1.0) -> str:
    """Return the fill of light and shade across a bulging shape of half width w."""
    stops: list[Stop] = [
        (NEAR_BLACK, 0.50 * strength, 0),
        (NEAR_BLACK, 0.16 * strength, 0.10),
        ("#ffffff", 0.12, 0.18),
        ("#ffffff", 0.22, 0.24),
        ("#ffffff", 0.05, 0.34),
        (NEAR_BLACK, 0.0, 0.55),
        (NEAR_BLACK, 0.16 * strength, 0.76),
        ("#ffffff", 0.10, 0.91),
        (NEAR_BLACK, 0.42 * strength, 1),
    ]
    return svg.lin(stops, (-w, 0, w, 0), user=True)


def tube(svg: Svg, scene: Scene) -> Path:
    """Draw a tube that stands on its cap."""
    body = Path().move(-34, -32).cubic(-35, -90, -41, -150, -42, -184)
    body.line(-42, -196).line(42, -196).line(42, -184)
    body.cubic(41, -150, 35, -90, 34, -32).quad(0, -27, -34, -32).close()
    with svg.group(clip_path=svg.clip(body)):
        canvas = draw_label(
            svg, scene, LabelPanel(top=-184, height=156, front=62, half=43, pack=True)
        )
        svg.draw(body, _bulge(svg, 41))
        # flat at the crimp, round at the cap: the light narrows on its way down
        cone = polygon([(-42, -184), (42, -184), (20, -30), (-20, -30)])
        svg.draw(cone, svg.lin([("#ffffff", 0.14), ("#ffffff", 0)], (0, 0, 0, 1)))
        crimp = mix(scene.palette.soft, "#ffffff", 0.35)
        svg.draw(rect(-44, -198, 88, 14), crimp)
        lines = Path()
        for i in range(44):
            lines.extend(polygon([(-43 + 2 * i, -196), (-43 + 2 * i, -184.5)], close=False))
        svg.stroke(lines, NEAR_BLACK, 0.5, 0.16)
        svg.draw(rect(-44, -198, 88, 14), _bulge(svg, 42, 0.5))
        svg.stroke(polygon([(-43, -184), (43, -184)], close=False), NEAR_BLACK, 0.7, 0.25)
        canvas.draw_text()
    svg.draw(lathe(((33, 28), (34, 33)), bottom=0.07), NEAR_BLACK, fill_opacity=0.30)
    cap = lathe(((31, 0), (34, 2), (34.6, 29), (33.6, 31.5)), top=0.05)
    color = scene.part("cap", "lid") or label_color(scene)
    svg.draw(cap, lacquer(svg, 34.6, color))
    ribs = Path()
    for i in range(31):
        t = -1 + 2 * i / 30
        x = 34 * t * (1.5 - 0.5 * t * t)
        ribs.extend(polygon([(x, -2 + 2 * (1 - t * t)), (x, -29)], close=False))
    svg.stroke(ribs, darken(color, 0.7), 0.45, 0.26)
    return Path().extend(body).extend(cap)


def pouch(svg: Svg, scene: Scene) -> Path:
    """Draw a stand-up pouch, sealed at the top, full at the foot."""
    body = Path().move(-58, -3).cubic(-63, -50, -62, -110, -57, -166).line(-57.5, -180)
    body.line(57.5, -180).line(57, -166).cubic(62, -110, 63, -50, 58, -3)
    body.quad(0, 6, -58, -3).close()
    svg.draw(body, scene.own or label_color(scene))
    with svg.group(clip_path=svg.clip(body)):
        canvas = draw_label(
            svg, scene, LabelPanel(top=-166, height=168, front=94, half=63, pack=True)
        )
        svg.draw(body, _bulge(svg, 61, 0.9))
        _creases(svg)
        canvas.draw_text()
        svg.draw(
            rect(-64, -181, 128, 15.5),
            darken(scene.own or label_color(scene), 0.3),
            fill_opacity=0.55,
        )
        ribs = Path()
        for i in range(5):
            y = -178.5 + 2.6 * i
            ribs.extend(polygon([(-60, y), (60, y)], close=False))
        svg.stroke(ribs, "#ffffff", 0.5, 0.35)
        svg.stroke(ribs.moved(0, 0.9), NEAR_BLACK, 0.5, 0.30)
        svg.draw(
            rect(-64, -166, 128, 5), svg.lin([(NEAR_BLACK, 0.32), (NEAR_BLACK, 0)], (0, 0, 0, 1))
        )
        gusset = Path().move(-60, -2).quad(0, -24, 60, -2).line(60, 8).line(-60, 8).close()
        svg.draw(gusset, svg.lin([(NEAR_BLACK, 0.10), (NEAR_BLACK, 0.48)], (0, 0, 0, 1)))
        svg.stroke(Path().move(-60, -2).quad(0, -24, 60, -2), "#ffffff", 0.7, 0.28)
    return body


def _creases(svg: Svg) -> None:
    """Draw the folds that a full pouch gets at its sides."""
    for side in (-1, 1):
        for x0, x1, y0, y1, alpha in (
            (56, 44, -158, -96, 0.20),
            (58, 49, -116, -40, 0.16),
            (52, 44, -64, -14, 0.14),
        ):
            fold = Path().move(side * x0, y0)
            fold.quad(side * (x1 - 6), (y0 + y1) / 2, side * x0 * 0.98, y1)
            fold.quad(side * x1, (y0 + y1) / 2, side * x0, y0).close()
            ends = ("#ffffff", NEAR_BLACK) if side < 0 else (NEAR_BLACK, "#ffffff")
            lit: list[Stop] = [(ends[0], alpha), (ends[0], 0), (ends[1], alpha * 0.7)]
            svg.draw(fold, svg.lin(lit))
    svg.draw(ellipse(0, -84, 40, 62), svg.rad([("#ffffff", 0.13), ("#ffffff", 0)]))


def box(svg: Svg, scene: Scene) -> Path:
    """Draw a carton seen from its right and from above, its right side in shade."""
    front = rect(-58, -167, 116, 167)
    side = polygon([(58, 0), (84, -12), (84, -175), (58, -167)])
    lid = polygon([(-58, -167), (58, -167), (84, -175), (-26, -175)])
    main = label_color(scene)
    svg.draw(lid, svg.lin([lighten(main, 0.42), lighten(main, 0.22)]))
    svg.stroke(polygon([(-52, -169.4), (64, -169.4)], close=False), NEAR_BLACK, 0.4, 0.22)
    with svg.group(clip_path=svg.clip(front)):
        canvas = draw_label(
            svg, scene, LabelPanel(top=-167, height=167, front=98, half=58, pack=True)
        )
    with svg.group(clip_path=svg.clip(side)):
        svg.draw(side, svg.lin([darken(main, 0.28), darken(main, 0.52)]))
        band = polygon([(58, -26), (84, -37), (84, -47), (58, -36)])
        svg.draw(band, scene.palette.soft, fill_opacity=0.55)
        svg.draw(band.moved(0, 14), scene.palette.accent, fill_opacity=0.6)
        svg.draw(side, svg.lin([(NEAR_BLACK, 0, 0.6), (NEAR_BLACK, 0.30, 1)], (0, 0, 0, 1)))
    light: list[Stop] = [
        ("#ffffff", 0.30, 0),
        ("#ffffff", 0.06, 0.40),
        (NEAR_BLACK, 0.04, 0.6),
        (NEAR_BLACK, 0.20, 1),
    ]
    svg.draw(front, svg.lin(light, (0, 0, 1, 1)))
    canvas.draw_text()
    svg.stroke(polygon([(58, 0), (58, -167)], close=False), "#ffffff", 0.6, 0.5)
    svg.stroke(polygon([(-58, -167), (58, -167)], close=False), "#ffffff", 0.6, 0.5)
    return Path().extend(front).extend(side).extend(lid)


def perfume(svg: Svg, scene: Scene) -> Path:
    """Draw a perfume bottle of thick glass with a dark cap."""
    main, soft = scene.palette.main, scene.palette.soft
    body = rounded(-48, -104, 96, 104, r=7)
    juice = rounded(-40, -92, 80, 82, r=4)
    shell: list[Stop] = [
        ("#7f8d92", 0.95, 0),
        ("#f2f6f7", 0.90, 0.05),
        ("#b9c5c9", 0.80, 0.10),
        ("#f7fafa", 0.75, 0.5),
        ("#aab7bb", 0.85, 0.90),
        ("#f2f6f7", 0.92, 0.95),
        ("#6f7d82", 0.95, 1),
    ]
    svg.draw(body, svg.lin(shell))
    svg.draw(
        body,
        svg.lin([("#ffffff", 0.5, 0), ("#ffffff", 0, 0.2), (NEAR_BLACK, 0.3, 1)], (0, 0, 0, 1)),
    )
    liquid: list[Stop] = [
        (mix(soft, "#ffffff", 0.3), 1, 0),
        (lighten(main, 0.28), 1, 0.35),
        (main, 1, 0.7),
        (darken(main, 0.35), 1, 1),
    ]
    svg.draw(juice, svg.lin(liquid, (0, 0, 0.8, 1)))
    glow = svg.rad([("#ffffff", 0.75, 0), (lighten(main, 0.5), 0.3, 0.5), (main, 0, 1)])
    with svg.group(clip_path=svg.clip(juice)):
        svg.draw(ellipse(12, -16, 36, 18), glow)
        svg.draw(rect(-40, -92, 80, 7), darken(main, 0.2), fill_opacity=0.25)
    svg.stroke(juice, "#ffffff", 0.7, 0.7)
    svg.draw(
        polygon([(-1.2, -92), (1.2, -92), (1.0, -18), (-0.4, -16)]), "#ffffff", fill_opacity=0.4
    )
    draw_label(svg, scene, LabelPanel(top=-74, height=46, front=58, half=29)).draw_text()
    svg.stroke(rect(-29, -74, 58, 46), GOLD, 0.6, 0.9)
    glint = polygon([(-46, -101), (-28, -101), (-40, -3), (-46, -3)])
    with svg.group(clip_path=svg.clip(body)):
        svg.draw(glint, svg.lin([("#ffffff", 0.70), ("#ffffff", 0.08)], (0, 0, 0, 1)))
        thin = polygon([(42, -100), (45.4, -100), (45.4, -4), (43.4, -4)])
        svg.draw(thin, "#ffffff", fill_opacity=0.55)
    svg.stroke(body, "#ffffff", 0.7, 0.7)
    svg.draw(lathe(((17, 103), (17, 111))), brushed(svg, 17, GOLD))
    cap = rounded(-21, -152, 42, 41.5, r=3)
    dark = "#1c1c20" if luminance(main) > 0.02 else "#2c2c32"  # noqa: PLR2004 - black on black
    asked = scene.part("cap", "stopper", "lid")
    svg.draw(cap, brushed(svg, 21, asked or dark))
    svg.stroke(polygon([(-20, -150.6), (20, -150.6)], close=False), "#ffffff", 0.8, 0.35)
    svg.draw(rect(-21, -114.4, 42, 1.7), GOLD)
    return Path().extend(body).extend(cap)


PACKS = {Family.TUBE: tube, Family.POUCH: pouch, Family.BOX: box, Family.PERFUME: perfume}
"""The drawing function of each family with a flat front."""
