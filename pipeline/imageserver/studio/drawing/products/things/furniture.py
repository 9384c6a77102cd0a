"""Sofa, armchair, lamp and vase."""

from pipeline.imageserver.studio.colors import NEAR_BLACK, contrast, darken, lighten, mix
from pipeline.imageserver.studio.drawing.materials import GOLD, brushed, cylinder, sheen
from pipeline.imageserver.studio.drawing.products.things.shading import seam
from pipeline.imageserver.studio.drawing.repainting import icon_body
from pipeline.imageserver.studio.scene.icons import icon
from pipeline.imageserver.studio.scene.product_shapes import FLOOR_LAMPS, STEM
from pipeline.imageserver.studio.scene.scene import Family, Scene
from pipeline.imageserver.studio.vector.lathe import lathe, strip
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rounded
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

_WOOD = "#7a4d2c"
_SHOWS = 1.8
"""The least contrast of a lamp's shade with the wall."""


def sofa(svg: Svg, scene: Scene) -> Path:
    """Draw a sofa from the front with three seats."""
    return _seat(svg, scene, (140, 3, 112))


def armchair(svg: Svg, scene: Scene) -> Path:
    """Draw an armchair from the front."""
    return _seat(svg, scene, (82, 1, 138))


def _pad(svg: Svg, box: tuple[float, float, float, float], color: str, r: float) -> Path:
    """Draw one cushion, lit from the upper left."""
    x, y, w, h = box
    shape = rounded(x, y, w, h, r=r)
    svg.draw(shape.moved(0, 1.6), NEAR_BLACK, fill_opacity=0.22)
    svg.draw(shape, svg.lin([lighten(color, 0.26), color, darken(color, 0.20)], (0.1, 0, 0.4, 1)))
    glow = svg.rad([(lighten(color, 0.6), 0.5), (lighten(color, 0.6), 0)])
    with svg.group(clip_path=svg.clip(shape)):
        svg.draw(ellipse(x + w * 0.38, y + h * 0.22, w * 0.42, h * 0.32), glow)
        low: list[Stop] = [(NEAR_BLACK, 0, 0.6), (NEAR_BLACK, 0.26, 1)]
        svg.draw(shape, svg.lin(low, (0, 0, 0, 1)))
    svg.stroke(shape, darken(color, 0.5), 0.7, 0.5)
    return shape


def _seat(svg: Svg, scene: Scene, size: tuple[float, int, float]) -> Path:
    half, seats, high = size
    color, wood = scene.own or scene.palette.main, scene.part("leg") or _WOOD
    soft = scene.part("cushion") or scene.palette.accent
    arm = 24.0
    for x in (-half + 14, half - 22):
        leg = polygon([(x, -20), (x + 9, -20), (x + 6, 0), (x + 3, 0)])
        svg.draw(leg, svg.lin([lighten(wood, 0.25), darken(wood, 0.3)]))
    back = rounded(-half + 10, -high, 2 * half - 20, high - 26, r=16)
    svg.draw(back, svg.lin([lighten(color, 0.10), darken(color, 0.16)], (0, 0, 0, 1)))
    wide = (2 * half - 2 * arm) / seats
    for i in range(seats):
        x = -half + arm + i * wide
        _pad(svg, (x + 1, -high + 5, wide - 2, high - 52), color, 11)
    base = rounded(-half + 8, -38, 2 * half - 16, 22, r=6)
    svg.draw(base, svg.lin([darken(color, 0.12), darken(color, 0.42)], (0, 0, 0, 1)))
    for i in range(seats):
        x = -half + arm + i * wide
        _pad(svg, (x + 0.6, -58, wide - 1.2, 26), lighten(color, 0.06), 8)
    for side in (-1, 1):
        x = -half if side < 0 else half - arm
        _pad(svg, (x, -84, arm, 68), color, 11)
        seam(svg, rounded(x + 3.4, -80, arm - 6.8, 60, r=8), color)
    if seats > 1:
        _pillow(svg, (-half + arm + 24, -60), 34, (soft, -9))
        _pillow(svg, (half - arm - 24, -60), 30, (mix(soft, "#ffffff", 0.45), 11))
    else:
        _pillow(svg, (0, -58), 36, (soft, 6))
    return Path().extend(back).extend(rounded(-half, -84, 2 * half, 68, r=11))


def _pillow(svg: Svg, at: tuple[float, float], size: float, look: tuple[str, float]) -> None:
    """Draw a pillow in a colour, turned by degrees."""
    color, angle = look
    k = size / 2
    with svg.at(at[0], at[1] - k * 0.82, angle=angle):
        shape = Path().move(-k, -k).quad(0, -k * 0.78, k, -k).quad(k * 0.82, 0, k, k)
        shape.quad(0, k * 0.86, -k, k).quad(-k * 0.82, 0, -k, -k).close()
        svg.draw(shape.moved(1.2, 2), NEAR_BLACK, fill_opacity=0.28)
        svg.draw(shape, svg.lin([lighten(color, 0.32), color, darken(color, 0.24)], (0, 0, 0.7, 1)))
        svg.stroke(shape, darken(color, 0.45), 0.7, 0.5)


def lamp(svg: Svg, scene: Scene) -> Path:
    """Draw a table lamp, or a floor lamp on a long stem: a turned foot, a lit shade."""
    metal = scene.own or scene.palette.main
    lift = STEM if scene.understood.subject in FLOOR_LAMPS else 0.0
    foot = lathe(((38, 0), (39, 3), (36, 7), (12, 12), (5, 18), (5, 46 + lift)), bottom=0.12)
    svg.draw(foot, brushed(svg, 39, metal))
    with svg.at(0, -lift):
        bulb, shade = _lamp_head(svg, scene, metal)
    return Path().extend(foot).extend(bulb.moved(0, -lift)).extend(shade.moved(0, -lift))


def _shade_on(wall: str, accent: str) -> str:
    """Return a shade that stands out from the wall: pale before a deep one, else deep."""
    pale = "#f5ead2"
    return pale if contrast(pale, wall) > _SHOWS else mix(darken(accent, 0.12), "#5a4632", 0.25)


def _lamp_head(svg: Svg, scene: Scene, metal: str) -> tuple[Path, Path]:
    """Draw the turned body and the shade of a lamp; returns their outlines."""
    shade = scene.part("shade") or _shade_on(scene.backdrop, scene.palette.accent)
    bulb = lathe(((5, 44), (13, 54), (19, 70), (17, 86), (8, 98), (5, 104), (5, 118)), bottom=0.1)
    svg.draw(bulb, brushed(svg, 19, metal))
    for z in (50.0, 101.0):
        svg.draw(
            lathe(((9, z), (9.6, z + 1.4), (9, z + 3))), brushed(svg, 10, lighten(metal, 0.12))
        )
    outline = lathe(((63, 112), (40, 214)), bottom=0.13, top=0.12)
    lit: list[Stop] = [
        (darken(shade, 0.34), 1, 0),
        (mix(shade, "#ffdf9e", 0.35), 1, 0.22),
        (mix(lighten(shade, 0.4), "#fff3cf", 0.6), 1, 0.46),
        (mix(shade, "#ffdf9e", 0.35), 1, 0.74),
        (darken(shade, 0.30), 1, 1),
    ]
    svg.draw(outline, svg.lin(lit))
    warm: list[Stop] = [("#ffca73", 0.05, 0), ("#ffd98e", 0.10, 0.5), ("#ffe9bc", 0.62, 1)]
    svg.draw(outline, svg.lin(warm, (0, 0, 0, 1)))
    svg.draw(ellipse(0, -214, 40, 4.8), mix(shade, "#fff0c4", 0.5))
    svg.draw(ellipse(0, -214, 33, 3.4), "#fffbe8")
    for z, r in ((112.6, 63.0), (212.0, 40.4)):
        edge = Path().move(-r, -z).quad(0, -z + r * 0.25, r, -z)
        svg.stroke(edge, darken(shade, 0.42), 1.6, 0.7)
    glow = svg.rad([("#ffe2a0", 0.55), ("#ffe2a0", 0)])
    svg.draw(ellipse(0, -104, 62, 24), glow)
    chain = polygon([(16, -112), (17, -88)], close=False)
    svg.stroke(chain, GOLD, 1.0)
    svg.draw(ellipse(17, -86, 2.4), GOLD)
    return bulb, outline


def vase(svg: Svg, scene: Scene) -> Path:
    """Draw a glazed vase with a narrow neck; flowers named with it stand in it."""
    color = scene.own or scene.palette.main
    profile = (
        (27, 0),
        (31, 2),
        (44, 34),
        (49, 62),
        (43, 92),
        (26, 118),
        (18, 132),
        (19, 142),
        (24, 150),
    )
    _stems(svg, scene)
    outline = lathe(profile, bottom=0.12, top=-0.14)
    svg.draw(ellipse(0, -150, 24, 3.6), darken(color, 0.66))
    svg.draw(outline, cylinder(svg, 49, color, edge=0.46, shine=0.5))
    low: list[Stop] = [(NEAR_BLACK, 0, 0.55), (NEAR_BLACK, 0.26, 1)]
    svg.draw(outline, svg.lin(low, (0, 0, 0, 1)))
    with svg.group(clip_path=svg.clip(outline)):
        sheen(svg, strip(profile, (14, 116), (-0.80, -0.60)), 0.55)
        sheen(svg, strip(profile, (20, 108), (0.84, 0.92)), 0.30)
    rim = Path().move(-24, -150).quad(0, -143, 24, -150)
    svg.stroke(rim, lighten(color, 0.55), 1.3, 0.8)
    return outline


def _stems(svg: Svg, scene: Scene) -> None:
    """Draw leaves that stand in the vase where no flower is named."""
    if scene.icons:
        found = icon(scene.icons[0])
        k = 62 / max(found.ink.w, found.ink.h)
        for dx, lift, turn in ((-26, 2, -16), (27, 0, 15), (0, 16, -2)):
            with (
                svg.at(dx * 0.55, -146, angle=turn),
                svg.at(-found.ink.cx * k, -found.ink.bottom * k - lift, k),
            ):
                svg.raw(icon_body(scene, 0))
        return
    for lean, long in ((-26, 40), (4, 54), (30, 36)):
        stem = Path().move(lean * 0.15, -144).quad(lean * 0.4, -150 - long * 0.4, lean, -150 - long)
        svg.stroke(stem, "#4f7a4a", 1.6)


FURNITURE = {
    Family.SOFA: sofa,
    Family.ARMCHAIR: armchair,
    Family.LAMP: lamp,
    Family.VASE: vase,
}
"""The drawing function of each family."""
