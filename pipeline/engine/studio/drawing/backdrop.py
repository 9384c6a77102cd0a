"""The wall and its light. All of it is soft, so it is painted small and enlarged."""

import math

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import lighten, mix, warm
from pipeline.engine.studio.contrast import contrast, luminance
from pipeline.engine.studio.drawing.stage import Stage
from pipeline.engine.studio.scene.nouns import Light, Scene
from pipeline.engine.studio.vector.shapes import ellipse, polygon, rect
from pipeline.engine.studio.vector.svg import Svg

DARK = 0.12
"""A backdrop of less luminance is dark."""


def is_dark(scene: Scene) -> bool:
    """Whether the backdrop is dark."""
    return luminance(scene.backdrop) < DARK


def wall(svg: Svg, scene: Scene, stage: Stage) -> None:
    """The wall, lit behind the product."""
    w, h, ground = stage.width, stage.height, scene.backdrop
    whole = rect(0, 0, w, h)
    svg.draw(whole, ground)
    glow = lighten(ground, 0.80)
    if is_dark(scene):
        glow = mix(warm(scene.palette.main), ground, 0.30)
    stops = [(glow, 0.85, 0), (glow, 0.38, 0.42), (ground, 0, 1)]
    svg.draw(whole, svg.rad(stops, (stage.cx, stage.mid), max(w, h) * 0.55, user=True))
    match scene.light:
        case Light.NEON:
            _neon(svg, stage)
        case Light.GOLDEN:
            _window(svg, stage)
        case Light.DRAMATIC:
            _spotlight(svg, scene, stage)
        case _:
            pass


def _neon(svg: Svg, stage: Stage) -> None:
    w, h = stage.width, stage.height
    for side, color in ((-1, "#ff2fb3"), (1, "#27e1ff")):
        x = stage.cx + side * min(w * 0.42, stage.reach * 1.5)
        glow = svg.rad([(color, 0.55, 0), (color, 0.20, 0.45), (color, 0, 1)])
        svg.draw(ellipse(x, stage.mid, max(w, h) * 0.42), glow)
        ends = [(x, stage.mid - stage.reach * 0.75), (x, stage.mid + stage.reach * 0.55)]
        tube = polygon(ends, close=False)
        for width, alpha in ((0.10, 0.12), (0.055, 0.22), (0.022, 0.85)):
            svg.stroke(tube, color, stage.reach * width, alpha)
        svg.stroke(tube, "#ffffff", stage.reach * 0.008, 0.95)


def _window(svg: Svg, stage: Stage) -> None:
    """Slanted panes of warm light."""
    unit = stage.reach
    x0, y0 = stage.cx - unit * 0.2, stage.mid - unit * 1.05
    with svg.group(filter=svg.blur(unit * 0.022), fill_opacity=".30"):
        for i in range(2):
            for j in range(3):
                x, y = x0 + i * unit * 0.62, y0 + j * unit * 0.58 + i * unit * 0.16
                pane = [
                    (x, y),
                    (x + unit * 0.55, y + unit * 0.14),
                    (x + unit * 0.55, y + unit * 0.64),
                    (x, y + unit * 0.50),
                ]
                svg.draw(polygon(pane), "#fff3cf")


def _spotlight(svg: Svg, scene: Scene, stage: Stage) -> None:
    cone = svg.rad([("#fff2d8", 0.20, 0), ("#fff2d8", 0.09, 0.45), ("#fff2d8", 0, 1)])
    y = stage.mid - stage.reach * 0.75
    svg.draw(ellipse(stage.cx, y, stage.reach * 1.15, stage.reach * 2.0), cone)
    rng = stream(scene.seed, "bokeh")
    for _ in range(16):
        r = stage.reach * rng.uniform(0.03, 0.12)
        tint = rng.choice(("#ffcf8a", lighten(scene.palette.main, 0.3), "#ffffff"))
        x, y = rng.random() * stage.width, rng.random() * stage.horizon * 0.92
        svg.draw(ellipse(x, y, r), svg.rad([(tint, 0.03, 0), (tint, 0.09, 0.82), (tint, 0, 1)]))


def disc(svg: Svg, scene: Scene, stage: Stage, radius: float) -> None:
    """A poster's sun behind the product, down to the horizon."""
    colors, ground = scene.palette, scene.backdrop
    if is_dark(scene):
        core = lighten(colors.main, 0.10)
        if luminance(core) < 1.6 * luminance(ground):
            core = lighten(ground, 0.28)
        fill = svg.rad([(core, 0.75), (colors.accent, 0.12)])
    else:
        far = contrast(colors.main, ground) > 1.25  # noqa: PLR2004 - barely told apart
        low = colors.main if far else lighten(colors.main, 0.35)
        fill = svg.lin([lighten(colors.soft, 0.20), low], (0, 0, 0.6, 1))
    with svg.group(clip_path=svg.clip(rect(0, 0, stage.width, stage.horizon))):
        svg.draw(ellipse(stage.cx, stage.mid, radius * 0.92), fill)
        ring = ellipse(stage.cx, stage.mid, radius)
        svg.stroke(ring, lighten(colors.main, 0.45), radius * 0.011, 0.75)


def vignette(svg: Svg, stage: Stage) -> None:
    """Darker corners."""
    w, h = stage.width, stage.height
    stops = [("#08040c", 0, 0), ("#08040c", 0, 0.62), ("#08040c", 0.22, 1)]
    svg.draw(rect(0, 0, w, h), svg.rad(stops, (w / 2, h / 2), math.hypot(w, h) * 0.56, user=True))
