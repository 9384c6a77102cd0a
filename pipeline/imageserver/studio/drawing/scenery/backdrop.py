"""The wall and its light; both are blurred, so they are painted small and enlarged."""

import math

from pipeline.imageserver.studio.colors import darken, deepen, lighten, luminance, mix, warm
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.scene.scene import Family, Layout, Light, Prop, Scene, Surface
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path

DARK = 0.12
"""The luminance below which a backdrop is dark."""
_RICH = 0.28
"""The luminance below which light keeps the backdrop's colour instead of whitening it."""
MAGENTA, CYAN = "#ff2fb3", "#27e1ff"


def is_dark(scene: Scene) -> bool:
    """Return whether the backdrop is dark."""
    return luminance(scene.backdrop) < DARK


def is_sweep(scene: Scene) -> bool:
    """Return whether wall and floor are one surface without a horizon."""
    return scene.surface is Surface.MATTE and scene.layout is Layout.PHOTO


def glow_color(scene: Scene) -> str:
    """Return the backdrop's colour where the light is brightest."""
    if is_dark(scene):
        return mix(warm(scene.palette.main), scene.backdrop, 0.42)
    rich = luminance(scene.backdrop) < _RICH
    light = lighten(
        scene.backdrop, 0.14 if scene.family is Family.WORDS else 0.36 if rich else 0.72
    )
    return mix(light, "#ffe9c4", 0.35) if scene.warm else light


def wall(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the wall, lit behind the product, with the shadows or glow of the scene's light."""
    w, h, background = composition.width, composition.height, scene.backdrop
    whole = rect(0, 0, w, h)
    top = darken(background, 0.28) if is_dark(scene) else deepen(background, 0.07)
    if scene.light is Light.GOLDEN and not is_dark(scene):
        background, top = deepen(background, 0.09), deepen(background, 0.20)
    svg.draw(
        whole, svg.lin([(top, 1, 0), (background, 1, 0.6), (background, 1, 1)], (0, 0, 0.35, 1))
    )
    glow = glow_color(scene)
    stops: list[Stop] = [(glow, 0.88, 0), (glow, 0.52, 0.35), (glow, 0.16, 0.7), (glow, 0, 1)]
    aside = (-0.05, 0.26, -0.30, 0.10)[scene.take % 4]
    lift = (0.05, -0.35, -0.10, 0.30)[scene.take % 4]
    at = (
        composition.cx + composition.unit * aside,
        composition.mid + composition.reach * lift,
    )
    svg.draw(
        whole, svg.rad(stops, at, max(composition.unit * 0.66, composition.reach * 1.6), user=True)
    )
    match scene.light:
        case Light.NEON:
            _neon_glow(svg, composition)
        case Light.GOLDEN:
            _window(svg, scene, composition)
        case Light.DRAMATIC:
            _beam(svg, scene, composition)
        case Light.BRIGHT:
            _leaves(svg, scene, composition)
        case Light.SOFT:
            pass
    if scene.family is Family.CANDLE:
        _candle_light(svg, scene, composition)


def _neon_glow(svg: Svg, composition: Composition) -> None:
    for side, color in ((-1, MAGENTA), (1, CYAN)):
        x = composition.cx + side * neon_reach(composition)
        glow: list[Stop] = [(color, 0.62, 0), (color, 0.22, 0.45), (color, 0, 1)]
        svg.draw(ellipse(x, composition.mid, composition.unit * 0.50), svg.rad(glow))


def neon_reach(composition: Composition) -> float:
    """Return the distance of the neon tubes from the axis."""
    return min(composition.width * 0.42, composition.product_box.w * 0.5 + composition.unit * 0.17)


def _window(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the light of a window on the wall, and the shadow of leaves."""
    unit = composition.unit * 0.42
    x0 = composition.cx - unit * (0.1 if scene.seed % 2 else 1.15)
    y0 = composition.mid - unit * 0.95
    with svg.group(filter=svg.blur(unit * 0.030), fill_opacity=0.42 if is_dark(scene) else 0.55):
        panes = Path()
        for i in range(2):
            for j in range(3):
                x, y = x0 + i * unit * 0.66, y0 + j * unit * 0.62 + i * unit * 0.18
                panes.extend(
                    polygon(
                        [
                            (x, y),
                            (x + unit * 0.60, y + unit * 0.16),
                            (x + unit * 0.60, y + unit * 0.72),
                            (x, y + unit * 0.56),
                        ]
                    )
                )
        svg.draw(panes, "#ffe2a8" if is_dark(scene) else "#fff6dc")
    _frond(svg, scene, (x0 + unit * 1.25, y0 + unit * 0.25), unit * 0.9, alpha=0.13)


def _leaves(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the shadow of a plant outside the picture, if the scene is about plants."""
    if scene.layout is Layout.POSTER or Prop.MINT not in scene.props:
        return
    _frond(
        svg,
        scene,
        (composition.width * 0.98, composition.height * 0.02),
        composition.unit * 0.62,
        alpha=0.10,
    )
    _frond(
        svg,
        scene,
        (composition.width * 1.02, composition.height * 0.30),
        composition.unit * 0.45,
        alpha=0.08,
    )


def _frond(svg: Svg, scene: Scene, at: tuple[float, float], size: float, *, alpha: float) -> None:
    """Draw the blurred shadow of a palm leaf that hangs in from the right."""
    rng = seeded_random(scene.seed, f"frond {at[0]:.0f}")
    shade = mix(darken(scene.backdrop, 0.75), "#3a2408", 0.2)
    leaf = Path()
    for i in range(11):
        t = (i + 1) / 11
        x, y = at[0] - size * t, at[1] + size * 0.42 * t * t
        for side in (-1, 1):
            length = size * 0.34 * (1 - abs(t - 0.45)) * rng.uniform(0.9, 1.1)
            angle = math.pi * (0.93 if side < 0 else 1.36) - t * 0.5 * side
            tip = (x + math.cos(angle) * length, y - math.sin(angle) * length)
            mid = ((x + tip[0]) / 2, (y + tip[1]) / 2)
            off = size * 0.022
            leaf.move(x, y).quad(mid[0] + off, mid[1] + off, *tip)
            leaf.quad(mid[0] - off, mid[1] - off, x, y).close()
    with svg.group(filter=svg.blur(size * 0.018)):
        svg.draw(leaf, shade, fill_opacity=alpha * (1.6 if is_dark(scene) else 1.0))


def _beam(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw a spotlight from above, and lights out of focus."""
    tint = "#ffdca6" if scene.warm else "#fff2d8"
    x, y, r = (
        composition.cx - composition.unit * 0.04,
        composition.mid - composition.reach * 0.4,
        composition.unit * 0.46,
    )
    cone: list[Stop] = [(tint, 0.22, 0), (tint, 0.10, 0.45), (tint, 0, 1)]
    svg.draw(ellipse(x, y, r, r * 1.25), svg.rad(cone))
    rng = seeded_random(scene.seed, "bokeh")
    color = warm(lighten(scene.palette.main, 0.30))
    for _ in range(9):
        r = composition.unit * rng.uniform(0.018, 0.055)
        tone = rng.choice(("#ffcf8a", color, "#ffffff"))
        x, y = rng.random() * composition.width, composition.horizon * rng.uniform(0.25, 0.97)
        light = rng.uniform(0.05, 0.12)
        disc: list[Stop] = [(tone, light * 0.75, 0), (tone, light, 0.80), (tone, 0, 1)]
        svg.draw(ellipse(x, y, r), svg.rad(disc))


def _candle_light(svg: Svg, scene: Scene, composition: Composition) -> None:
    y = composition.base - composition.product_box.h * 0.86
    strong = 0.85 if is_dark(scene) else 0.55
    halo: list[Stop] = [
        ("#ffdf9a", strong, 0),
        ("#ffb650", strong * 0.42, 0.30),
        ("#ff9a3c", strong * 0.12, 0.62),
        ("#ff9a3c", 0, 1),
    ]
    svg.draw(ellipse(composition.cx, y, composition.reach * 2.4), svg.rad(halo))


def vignette(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw darker corners."""
    w, h = composition.width, composition.height
    dark = is_dark(scene)
    shade = darken(scene.backdrop, 0.80) if dark else deepen(scene.backdrop, 0.62)
    alpha = 0.42 if dark else 0.30
    stops: list[Stop] = [
        (shade, 0, 0),
        (shade, 0, 0.55),
        (shade, alpha * 0.4, 0.8),
        (shade, alpha, 1),
    ]
    svg.draw(
        rect(0, 0, w, h), svg.rad(stops, (w / 2, h * 0.46), math.hypot(w, h) * 0.58, user=True)
    )


def area_above_horizon(composition: Composition) -> Box:
    """Return the part of the picture above the horizon."""
    return Box(0, 0, composition.width, max(1.0, min(composition.height, composition.horizon)))
