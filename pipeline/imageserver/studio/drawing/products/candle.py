"""A burning candle in a glass."""

from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, mix
from pipeline.imageserver.studio.drawing.materials import sheen
from pipeline.imageserver.studio.drawing.products.glassware import TINTS, WALL, Tint, tint_of
from pipeline.imageserver.studio.drawing.products.wrapped_labels import wrapped_label
from pipeline.imageserver.studio.scene.product_shapes import product_shape
from pipeline.imageserver.studio.scene.scene import Scene
from pipeline.imageserver.studio.vector.lathe import Profile, inset, lathe, strip
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.path import Path

WAX = "#f8ecd2"


def candle(svg: Svg, scene: Scene) -> Path:
    """Draw the candle with its foot at the origin; returns its silhouette."""
    shape = product_shape(scene)
    profile, (r, rim), level = shape.profile, shape.profile[-1], shape.level
    outline = lathe(profile, top=-0.14)
    vessel = scene.part("jar", "pot", "glass", "tin", "vase", "mug", "bowl")
    tint = tint_of(vessel) if vessel else TINTS.get(scene.glass)
    _far_wall(svg, profile, level)
    _wax(svg, scene, profile, level)
    glow: list[Stop] = [("#ffe6a8", 0.95, 0), ("#ffc058", 0.50, 0.35), ("#ffb347", 0, 1)]
    with svg.group(clip_path=svg.clip(outline)):
        svg.draw(ellipse(0, -level - 8, r * 1.15, 46), svg.rad(glow))
    _near_wall(svg, outline, r, tint)
    _flame(svg, level)
    wrapped_label(svg, scene, shape, paper="#fbf5e8")
    with svg.group(clip_path=svg.clip(outline)):
        sheen(svg, strip(profile, (5, rim - 2), (-0.90, -0.75)), 0.62)
        sheen(svg, strip(profile, (5, rim - 2), (-0.71, -0.68)), 0.30)
        sheen(svg, strip(profile, (5, rim - 2), (0.86, 0.93)), 0.46)
    svg.stroke(ellipse(0, -rim, r - 0.4, 6.6), "#ffffff", 1.0, 0.9)
    svg.stroke(outline, "#ffffff", 0.5, 0.4)
    svg.stroke(Path().move(-40, -1.6).quad(0, 6.8, 40, -1.6), "#ffffff", 1.1, 0.55)
    return outline


def _far_wall(svg: Svg, profile: Profile, level: float) -> None:
    """Draw the back of the glass above the wax, lit by the flame."""
    r, rim = profile[-1]
    svg.draw(ellipse(0, -rim, r - 0.6, 6.6), svg.lin(["#b08d58", "#fbe6b8", "#b08d58"]))
    far = lathe(((r - 0.6, level), (r - 0.6, rim)), top=0.12)
    lit: list[Stop] = [("#ffefc6", 0.80, 0), ("#ffd58a", 0.92, 0.6), ("#ffc468", 0.95, 1)]
    svg.draw(far, svg.lin(lit, (0, 0, 0, 1)))


def _wax(svg: Svg, scene: Scene, profile: Profile, level: float) -> None:
    """Draw the wax, in the scent's hue and translucent near the flame."""
    r = profile[-1][0] - WALL
    wax = mix(scene.own, "#fffaf0", 0.12) if scene.own else mix(WAX, scene.palette.soft, 0.35)
    body = lathe(inset(profile, WALL, 6.0), 6, level, top=0.13)
    across: list[Stop] = [
        (darken(wax, 0.34), 1, 0),
        (darken(wax, 0.08), 1, 0.14),
        (lighten(wax, 0.35), 1, 0.30),
        (wax, 1, 0.60),
        (darken(wax, 0.12), 1, 0.86),
        (darken(wax, 0.34), 1, 1),
    ]
    svg.draw(body, svg.lin(across, (-r, 0, r, 0), user=True))
    warm: list[Stop] = [("#ffcf80", 0.95, 0), ("#ffc877", 0.45, 0.30), ("#c98a4a", 0.10, 1)]
    svg.draw(body, svg.lin(warm, (0, 0, 0, 1)))
    melt: list[Stop] = [("#fffdf2", 1, 0), ("#ffe9b4", 1, 0.5), ("#f2c878", 1, 1)]
    svg.draw(ellipse(0, -level, r, 6.2), svg.rad(melt))
    svg.stroke(ellipse(0, -level, r, 6.2), "#fff6d8", 0.5, 0.8)


def _flame(svg: Svg, level: float) -> None:
    y = -level
    svg.stroke(polygon([(0, y + 1), (0.7, y - 8)], close=False), "#2a1a10", 1.5)
    flame = Path().move(0.6, y - 4).cubic(9.2, y - 9, 5.2, y - 23, 0.8, y - 36)
    flame.cubic(-4.0, y - 23, -8.0, y - 9, 0.6, y - 4).close()
    halo: list[Stop] = [("#fff3c0", 0.9, 0), ("#ffd166", 0.35, 0.5), ("#ffb347", 0, 1)]
    svg.draw(ellipse(0.6, y - 17, 17, 25), svg.rad(halo))
    fire: list[Stop] = [
        ("#ffffff", 1, 0),
        ("#fffbe0", 1, 0.42),
        ("#ffd75e", 1, 0.74),
        ("#ff9a2e", 1, 1),
    ]
    svg.draw(flame, svg.rad(fire, (0.5, 0.70), 0.62))
    svg.draw(ellipse(0.6, y - 6.5, 2.2, 3.4), svg.rad([("#5b8dff", 0.55), ("#5b8dff", 0)]))


def _near_wall(svg: Svg, outline: Path, r: float, tint: Tint | None) -> None:
    """Draw the glass in front of the wax, clear or tinted."""
    edge = tint.edge if tint else "#6b5a44"
    body, veil = (tint.body, 0.72) if tint else ("#ffffff", 0.04)
    across: list[Stop] = [
        (edge, 0.80 if tint else 0.45, 0),
        (body, veil, 0.10),
        (tint.glow if tint else "#ffffff", veil, 0.45),
        (body, veil, 0.85),
        (edge, 0.80 if tint else 0.45, 1),
    ]
    svg.draw(outline, svg.lin(across, (-r, 0, r, 0), user=True))
    svg.draw(outline, svg.lin([(NEAR_BLACK, 0, 0.7), (NEAR_BLACK, 0.16, 1)], (0, 0, 0, 1)))
