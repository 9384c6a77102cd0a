"""Can, jar, candle, cup and mug: round and opaque."""

from pipeline.engine.studio.colors import darken, lighten
from pipeline.engine.studio.contrast import luminance
from pipeline.engine.studio.drawing.marks import GOLD, cylinder, glare
from pipeline.engine.studio.drawing.wraps import wrapped_label
from pipeline.engine.studio.scene.nouns import Family, Scene
from pipeline.engine.studio.scene.products import product
from pipeline.engine.studio.vector.lathe import lathe
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon
from pipeline.engine.studio.vector.svg import Svg

_PALE = 0.2


def can(svg: Svg, scene: Scene) -> Path:
    """A sleek can, all label."""
    shape = product(scene)
    outline = lathe(shape.profile)
    svg.draw(outline, cylinder(svg, 42, "#c3c9cf", edge=0.55, shine=0.8))
    wrapped_label(svg, scene, shape)
    rim = lathe(((34.5, 170), (35.5, 174), (34, 175.5)), top=0.16)
    svg.draw(rim, cylinder(svg, 35, "#dfe3e6", edge=0.5, shine=0.75))
    svg.draw(ellipse(0, -175, 33.5, 3.4), svg.lin(["#8b9299", "#eef1f3", "#9aa1a8"]))
    svg.draw(ellipse(3, -174.6, 9, 1.3), "#6d747b", opacity=0.8)
    with svg.group(clip_path=svg.clip(outline)):
        glare(svg, -27, 9, (10, 160), alpha=0.55)
        glare(svg, 34, 4, (10, 160), alpha=0.5)
    return outline


def jar(svg: Svg, scene: Scene) -> Path:
    """A cream jar with a metal lid."""
    shape, soft = product(scene), scene.palette.soft
    outline = lathe(shape.profile)
    svg.draw(outline, cylinder(svg, 56, lighten(soft, 0.45), edge=0.36, shine=0.65))
    wrapped_label(svg, scene, shape, paper=lighten(soft, 0.75))
    lid = lathe(((57, 63), (58.5, 66), (58.5, 86), (56, 90)), top=0.05)
    svg.draw(lid, cylinder(svg, 58, GOLD, edge=0.55, shine=0.68))
    top = svg.lin([lighten(GOLD, 0.25), lighten(GOLD, 0.7), GOLD])
    svg.draw(ellipse(0, -90, 55.5, 3.0), top)
    svg.draw(lathe(((56.5, 61), (57.5, 63.5))), "#1a1008", opacity=0.30)
    with svg.group(clip_path=svg.clip(outline)):
        glare(svg, -40, 10, (6, 60), alpha=0.5)
    return outline


def cup(svg: Svg, scene: Scene) -> Path:
    """A paper cup to go, with its lid."""
    shape = product(scene)
    outline = lathe(shape.profile)
    svg.draw(outline, cylinder(svg, 47, lighten(scene.palette.soft, 0.45), edge=0.38, shine=0.6))
    wrapped_label(svg, scene, shape)
    color = "#f4f1ea" if luminance(scene.palette.main) > _PALE else "#2e2825"
    lid = lathe(((47.5, 132), (49.5, 134), (49.5, 139), (44, 147), (40, 148)), top=0.02)
    svg.draw(lid, cylinder(svg, 50, color, edge=0.4))
    _gleam(svg, outline, shape.profile[-1])
    return outline


def mug(svg: Svg, scene: Scene) -> Path:
    """A glazed mug, printed without a label."""
    shape = product(scene)
    outline, base = lathe(shape.profile), lighten(scene.palette.soft, 0.45)
    handle = Path().move(38, -82).cubic(84, -88, 84, -22, 38, -26)
    for color, width, alpha in (
        (darken(base, 0.38), 12.5, 1.0),
        (base, 10.0, 1.0),
        (lighten(base, 0.6), 3.0, 0.8),
    ):
        svg.stroke(handle, color, width, alpha)
    svg.draw(outline, cylinder(svg, 44, base, edge=0.38, shine=0.6))
    wrapped_label(svg, scene, shape, paper=base, plain=True)
    _mouth(svg, shape.profile[-1], base, "#3a1f10")
    _gleam(svg, outline, shape.profile[-1])
    return outline


def candle(svg: Svg, scene: Scene) -> Path:
    """A lit candle in a tumbler."""
    shape = product(scene)
    outline, base = lathe(shape.profile), lighten(scene.palette.soft, 0.45)
    svg.draw(outline, cylinder(svg, 46, base, edge=0.38, shine=0.6))
    wrapped_label(svg, scene, shape, paper="#fbf6ea")
    _mouth(svg, shape.profile[-1], base, "#f6e8c6")
    svg.draw(outline, svg.lin([("#ffb347", 0.45, 0), ("#ffb347", 0, 0.55)], (0, 0, 0, 1)))
    halo = [("#ffd98a", 0.85, 0), ("#ffbf5a", 0.30, 0.45), ("#ffb347", 0, 1)]
    svg.draw(ellipse(0, -112, 44), svg.rad(halo))
    svg.stroke(polygon([(0, -99), (0.6, -106)], close=False), "#2a1a10", 1.1)
    flame = Path().move(0, -104).cubic(7, -108, 3.5, -119, 0, -127)
    flame.cubic(-3.5, -119, -7, -108, 0, -104).close()
    svg.draw(flame, svg.rad(["#ffffff", ("#ffe08a", 1, 0.5), "#ff9a2e"], (0.5, 0.75), 0.7))
    _gleam(svg, outline, shape.profile[-1])
    return outline


def _mouth(svg: Svg, rim: tuple[float, float], base: str, inside: str) -> None:
    r, z = rim
    svg.draw(ellipse(0, -z, r, 7), cylinder(svg, r, darken(base, 0.12), edge=0.22, shine=0.4))
    fill = cylinder(svg, r, inside, edge=0.35, shine=0.25)
    svg.draw(ellipse(0, -z + 0.4, r * 0.92, 5.4), fill)


def _gleam(svg: Svg, outline: Path, rim: tuple[float, float]) -> None:
    r, z = rim
    with svg.group(clip_path=svg.clip(outline)):
        glare(svg, -r * 0.70, 9, (5, z * 0.95), alpha=0.5)
        glare(svg, r * 0.84, 3.5, (5, z * 0.95), alpha=0.4)


ROUND = {Family.CAN: can, Family.JAR: jar, Family.CUP: cup, Family.MUG: mug, Family.CANDLE: candle}
"""How each round, opaque family is drawn."""
