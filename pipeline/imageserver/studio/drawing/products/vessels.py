"""Can, jar, cup and mug: round, and mostly opaque."""

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import GOLD, brushed, cylinder, sheen
from pipeline.imageserver.studio.drawing.products.glassware import TINTS, WALL
from pipeline.imageserver.studio.drawing.products.wrapped_labels import wrapped_label
from pipeline.imageserver.studio.scene.product_shapes import ProductShape, product_shape
from pipeline.imageserver.studio.scene.scene import Family, Glass, Scene
from pipeline.imageserver.studio.vector.lathe import inset, lathe, strip
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

_PALE = 0.2
ALUMINIUM = "#c9ced3"

_DARK_DRINKS = ("coffee", "espresso", "mocha", "cocoa", "chocolate")


def can(svg: Svg, scene: Scene) -> Path:
    """Draw a can, printed all over."""
    shape = product_shape(scene)
    outline = lathe(shape.profile, top=0.12)
    svg.draw(outline, brushed(svg, 42, ALUMINIUM))
    wrapped_label(svg, scene, shape)
    seam = Path().move(-41.8, -164.2).quad(0, -160.4, 41.8, -164.2)
    svg.stroke(seam, "#ffffff", 0.5, 0.55)
    svg.stroke(seam.moved(0, 0.8), NEAR_BLACK, 0.5, 0.25)
    _lid(svg)
    svg.stroke(Path().move(-33, -3.2).quad(0, 2.4, 33, -3.2), NEAR_BLACK, 0.7, 0.35)
    return outline


def _lid(svg: Svg) -> None:
    """Draw the rim, the sunk end, the tab."""
    svg.draw(ellipse(0, -184, 35.8, 4.6), brushed(svg, 36, "#dfe3e6"))
    well: list[Stop] = [("#7b8288", 1, 0), ("#d9dde0", 1, 0.55), ("#f4f6f7", 1, 1)]
    svg.draw(ellipse(0, -183.6, 32.6, 3.5), svg.lin(well, (0, 0, 0.6, 1)))
    svg.stroke(ellipse(0, -183.3, 29.5, 2.8), "#6d747b", 0.4, 0.6)
    svg.draw(ellipse(2.5, -183.5, 8.5, 1.25), "#aeb4b9")
    svg.stroke(ellipse(2.5, -183.5, 8.5, 1.25), "#60676d", 0.4, 0.8)
    svg.draw(ellipse(7.2, -183.4, 2.2, 0.55), "#5a6167")


def jar(svg: Svg, scene: Scene) -> Path:
    """Draw a jar with a metal lid: of opal glass, or with its content seen through the glass."""
    shape = product_shape(scene)
    outline = lathe(shape.profile)
    if scene.own or scene.glass is Glass.FROSTED:
        base = scene.own or mix(scene.palette.soft, "#ffffff", 0.72)
        svg.draw(outline, cylinder(svg, 57, base, edge=0.30, shine=0.75))
        wrapped_label(svg, scene, shape, paper=base)
    else:
        _filled(svg, scene, shape, outline)
        with svg.group(clip_path=svg.clip(outline)):
            sheen(svg, strip(shape.profile, (5, 70), (-0.88, -0.68)), 0.7)
        wrapped_label(svg, scene, shape)
    with svg.group(clip_path=svg.clip(outline)):
        frosted = bool(scene.own) or scene.glass is Glass.FROSTED
        sheen(svg, strip(shape.profile, (5, 70), (-0.86, -0.66)), 0.55 if frosted else 0.22)
        sheen(svg, strip(shape.profile, (5, 70), (0.86, 0.94)), 0.45)
    svg.stroke(outline, "#ffffff", 0.5, 0.4)
    _screw_lid(svg, scene)
    return outline


def _filled(svg: Svg, scene: Scene, shape: ProductShape, outline: Path) -> None:
    tint = TINTS.get(scene.glass)
    main = tint.body if tint else scene.palette.main
    deep = tint.edge if tint else darken(main, 0.45)
    glow = tint.glow if tint else lighten(main, 0.28)
    svg.draw(outline, "#dbe6e6", fill_opacity=0.55)
    inner = lathe(inset(shape.profile, WALL, 5.0), 5, shape.level, top=0.06)
    fill: list[Stop] = [
        (deep, 1, 0),
        (main, 1, 0.14),
        (glow, 1, 0.40),
        (glow, 1, 0.58),
        (main, 1, 0.80),
        (deep, 1, 1),
    ]
    svg.draw(inner, svg.lin(fill, (-56, 0, 56, 0), user=True))
    low: list[Stop] = [("#ffffff", 0.25, 0), ("#ffffff", 0, 0.3), (deep, 0.35, 1)]
    svg.draw(inner, svg.lin(low, (0, 0, 0, 1)))
    base = Path().move(-48, -2).quad(0, 7, 48, -2)
    svg.stroke(base, "#ffffff", 1.4, 0.7)


def _screw_lid(svg: Svg, scene: Scene) -> None:
    dark = luminance(scene.backdrop) < _PALE and scene.glass in TINTS
    usual = "#26262b" if dark or scene.glass is Glass.BLACK else GOLD
    color = scene.part("lid", "cap") or usual
    lid = lathe(((57.5, 71), (59, 73), (59, 100), (57, 104)), bottom=0.09, top=0.02)
    svg.draw(lathe(((56, 68), (57, 73)), bottom=0.09), NEAR_BLACK, fill_opacity=0.35)
    svg.draw(lid, brushed(svg, 59, color))
    grooves = Path()
    for i in range(41):
        t = -1.0 + 2.0 * i / 40
        x = 58.6 * (t * (1.5 - 0.5 * t * t))
        sag = 5.0 * (1 - (x / 59) ** 2)
        grooves.extend(polygon([(x, -74.5 + sag), (x, -98.5 + sag * 0.5)], close=False))
    svg.stroke(grooves, darken(color, 0.7), 0.4, 0.22)
    top: list[Stop] = [
        (lighten(color, 0.62), 1, 0),
        (lighten(color, 0.34), 1, 0.55),
        (lighten(color, 0.12), 1, 1),
    ]
    svg.draw(ellipse(0, -104, 57, 4.8), svg.lin(top, (0, 0, 0.25, 1)))
    svg.stroke(ellipse(0, -104, 57, 4.8), "#ffffff", 0.4, 0.5)


def cup(svg: Svg, scene: Scene) -> Path:
    """Draw a paper cup to go, with its lid."""
    shape = product_shape(scene)
    outline = lathe(shape.profile)
    paper = scene.own or mix(scene.palette.soft, "#ffffff", 0.5)
    svg.draw(outline, cylinder(svg, 47, paper, edge=0.38))
    wrapped_label(svg, scene, shape)
    svg.draw(lathe(((34, 0), (34.6, 3.2))), NEAR_BLACK, fill_opacity=0.22)
    under = Path().move(-47.5, -133).quad(0, -125.5, 47.5, -133).line(47, -129)
    under.quad(0, -121, -47, -129).close()
    svg.draw(under, NEAR_BLACK, fill_opacity=0.25)
    usual = "#f6f2ea" if luminance(scene.palette.main) > _PALE else "#26211f"
    color = scene.part("lid") or usual
    lid = lathe(((48.6, 134), (50.4, 136), (50.4, 140.5), (46.6, 143), (45, 151)), bottom=0.10)
    svg.draw(lid, brushed(svg, 50, color) if color != "#f6f2ea" else cylinder(svg, 50, color))
    svg.draw(ellipse(0, -151, 45, 4.2), svg.lin([darken(color, 0.06), lighten(color, 0.4)]))
    svg.stroke(ellipse(0, -151, 45, 4.2), "#ffffff", 0.4, 0.5)
    svg.draw(ellipse(16, -150.4, 5.2, 0.9), NEAR_BLACK, fill_opacity=0.6)
    svg.stroke(Path().move(-50.3, -138).quad(0, -128.4, 50.3, -138), "#ffffff", 0.5, 0.45)
    return outline


def mug(svg: Svg, scene: Scene) -> Path:
    """Draw a glazed mug, printed without a label."""
    shape = product_shape(scene)
    outline, base = lathe(shape.profile), _glaze(scene)
    _handle(svg, scene.part("handle") or base)
    svg.draw(outline, cylinder(svg, 45, base, edge=0.40, shine=0.62))
    low: list[Stop] = [(NEAR_BLACK, 0, 0.6), (NEAR_BLACK, 0.16, 1)]
    svg.draw(outline, svg.lin(low, (0, 0, 0, 1)))
    wrapped_label(svg, scene, shape, paper=base, plain=True)
    r, z = shape.profile[-1]
    inside = svg.lin([darken(base, 0.42), darken(base, 0.12), lighten(base, 0.2)])
    svg.draw(ellipse(0, -z, r, 7.4), inside)
    svg.draw(ellipse(0, -z + 1.9, r * 0.915, 5.0), svg.lin(_liquid(scene)))
    svg.stroke(ellipse(0, -z + 1.9, r * 0.90, 4.8), "#b07a4c", 0.6, 0.65)
    svg.stroke(ellipse(0, -z, r - 0.4, 7.2), lighten(base, 0.7), 1.0, 0.9)
    with svg.group(clip_path=svg.clip(outline)):
        sheen(svg, strip(shape.profile, (7, 95), (-0.84, -0.66)), 0.62)
        sheen(svg, strip(shape.profile, (7, 95), (0.87, 0.94)), 0.40)
    return outline


def _liquid(scene: Scene) -> list[Stop]:
    """Return what a mug is filled with: coffee, unless something else is named."""
    contents = scene.understood.contents
    if not contents or any(word in contents for word in _DARK_DRINKS):
        return [("#2a150b", 1, 0), ("#4d2a16", 1, 0.5), ("#2a150b", 1, 1)]
    tone = "#c9781f" if "tea" in contents else lighten(scene.palette.main, 0.62)
    return [(darken(tone, 0.18), 1, 0), (tone, 1, 0.5), (darken(tone, 0.18), 1, 1)]


def _glaze(scene: Scene) -> str:
    """Return the colour of the glaze."""
    return scene.own or mix(scene.palette.soft, "#ffffff", 0.45)


def _handle(svg: Svg, base: str) -> None:
    handle = Path().move(40, -84).cubic(92, -96, 88, -14, 40, -24)
    for dx, dy, color, width, alpha in (
        (0.0, 0.8, darken(base, 0.50), 14.5, 1.0),
        (-0.6, -0.4, darken(base, 0.16), 12.0, 1.0),
        (-1.4, -1.2, base, 8.6, 1.0),
        (-2.4, -2.0, lighten(base, 0.75), 2.6, 0.9),
    ):
        svg.stroke(handle.moved(dx, dy), color, width, alpha)
    svg.draw(ellipse(44, -54, 6, 34), NEAR_BLACK, fill_opacity=0.10)


VESSELS = {Family.CAN: can, Family.JAR: jar, Family.CUP: cup, Family.MUG: mug}
"""The drawing function of each round, mostly opaque family."""
