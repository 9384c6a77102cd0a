"""The table: its colour and sheen (soft), its grain (sharp)."""

from itertools import pairwise
from random import Random

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import darken, lighten, mix, warm
from pipeline.engine.studio.drawing.backdrop import is_dark
from pipeline.engine.studio.drawing.stage import Stage
from pipeline.engine.studio.scene.nouns import Scene, Surface
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon, rect
from pipeline.engine.studio.vector.svg import Svg

REFLECTION = {
    Surface.WET: 0.60,
    Surface.MIRROR: 0.70,
    Surface.MARBLE: 0.34,
    Surface.WOOD: 0.16,
    Surface.MATTE: 0.16,
    Surface.STONE: 0.10,
    Surface.FABRIC: 0.0,
    Surface.SAND: 0.0,
}
"""How much of the product each surface mirrors."""


def table_color(scene: Scene) -> str:
    """The surface's own colour."""
    ground, dark = scene.backdrop, is_dark(scene)
    match scene.surface:
        case Surface.WET:
            return mix(ground, "#0d1418", 0.62 if dark else 0.34)
        case Surface.MARBLE:
            return "#1c1c21" if dark else "#f1efec"
        case Surface.WOOD:
            return "#4f2f1b" if dark else "#a86d41"
        case Surface.STONE:
            return "#2c2d31" if dark else "#a9a7a3"
        case Surface.SAND:
            return "#e6cd9f"
        case Surface.MIRROR:
            return mix(ground, "#101214", 0.22)
        case Surface.FABRIC:
            return lighten(ground, 0.3)
        case Surface.MATTE:
            return darken(ground, 0.05)


def table(svg: Svg, scene: Scene, stage: Stage) -> None:
    """The table's colour, its sheen and the pool of light round the product."""
    w, h, y0 = stage.width, stage.height, stage.horizon
    depth, color, ground = h - y0, table_color(scene), scene.backdrop
    dark, main = is_dark(scene), warm(scene.palette.main)
    top = rect(0, y0, w, depth)
    receding = [(mix(color, ground, 0.60), 1, 0), (color, 1, 0.28), (darken(color, 0.28), 1, 1)]
    svg.draw(top, svg.lin(receding, (0, 0, 0, 1)))
    if scene.surface in (Surface.WET, Surface.MIRROR):
        sheen = main if dark else lighten(ground, 0.65)
        svg.draw(top, svg.lin([(sheen, 0.55, 0), (sheen, 0.12, 0.5), (ground, 0, 1)], (0, 0, 0, 1)))
    pool = lighten(main if dark else ground, 0.35 if dark else 0.75)
    with svg.group(clip_path=svg.clip(top)):
        svg.draw(
            ellipse(stage.cx, stage.base, stage.reach * 1.9, depth * 0.62),
            svg.rad([(pool, 0.42, 0), (pool, 0.16, 0.5), (pool, 0, 1)]),
        )
    haze = mix(color, ground, 0.55)
    edge = rect(0, y0 - h * 0.014, w, h * 0.028)
    svg.draw(edge, svg.lin([(haze, 0), (haze, 0.65), (haze, 0)], (0, 0, 0, 1)))


def grain(svg: Svg, scene: Scene, stage: Stage) -> None:
    """What the surface is made of, drawn sharply."""
    y0 = stage.horizon
    area = Box(0, y0, stage.width, stage.height - y0)
    rng = stream(scene.seed, "grain")
    with svg.group(clip_path=svg.clip(rect(*area))):
        match scene.surface:
            case Surface.WOOD:
                _wood(svg, area, rng)
            case Surface.MARBLE:
                _marble(svg, area, rng, "#c9a86a" if is_dark(scene) else "#8d898a")
            case Surface.STONE:
                _specks(svg, area, rng)
            case Surface.SAND:
                _specks(svg, area, rng)
                _ridges(svg, area, rng)
            case Surface.FABRIC:
                _folds(svg, area, rng, darken(scene.backdrop, 0.4))
            case _:
                pass


def _wander(
    span: tuple[float, float], y: float, rng: Random, *, amp: float, slope: float = 0
) -> Path:
    """A line that drifts from left to right."""
    x0, x1 = span
    path, n = Path().move(x0, y), 6
    for i in range(n):
        a, b = x0 + (x1 - x0) * i / n, x0 + (x1 - x0) * (i + 1) / n
        ya, yb = y + slope * (a - x0), y + slope * (b - x0)
        third = (b - a) / 3
        path.cubic(
            a + third,
            ya + rng.uniform(-amp, amp),
            b - third,
            yb + rng.uniform(-amp, amp),
            b,
            yb,
        )
    return path


def _wood(svg: Svg, area: Box, rng: Random) -> None:
    w = area.w
    edges = [area.y + area.h * (i / 6) ** 1.5 for i in range(7)]
    for top, bottom in pairwise(edges):
        tall = bottom - top
        tone = rng.choice(("#000000", "#ffd9a8"))
        svg.draw(rect(0, top, w, tall), tone, fill_opacity=round(rng.uniform(0.02, 0.10), 3))
        for _ in range(7):
            y = top + tall * rng.uniform(0.08, 0.92)
            vein = _wander((-w * 0.05, w * 1.05), y, rng, amp=tall * 0.07)
            color = rng.choice(("#4a2a12", "#3d210d", "#dca66c"))
            width = max(0.6, tall * rng.uniform(0.012, 0.035))
            svg.stroke(vein, color, width, rng.uniform(0.14, 0.34))
        seam = rng.uniform(0.1, 0.9) * w
        joint = polygon([(seam, top), (seam, bottom)], close=False)
        svg.stroke(joint, "#1d0e05", max(0.8, tall * 0.02), 0.5)
        gap = polygon([(0, bottom), (w, bottom)], close=False)
        svg.stroke(gap, "#1d0e05", max(1, tall * 0.035), 0.55)
        svg.stroke(gap.moved(0, tall * 0.03), "#ffe3bd", max(0.6, tall * 0.015), 0.22)


def _marble(svg: Svg, area: Box, rng: Random, tint: str) -> None:
    for _ in range(9):
        x, y = rng.uniform(-0.2, 0.8) * area.w, area.y + rng.random() * area.h
        span = (x, x + area.w * rng.uniform(0.3, 0.8))
        vein = _wander(span, y, rng, amp=area.h * 0.045, slope=rng.uniform(-0.25, 0.25))
        svg.stroke(vein, tint, area.h * rng.uniform(0.02, 0.05), 0.07)
        svg.stroke(vein, tint, max(0.7, area.h * rng.uniform(0.002, 0.006)), 0.42)


def _specks(svg: Svg, area: Box, rng: Random) -> None:
    for tone, alpha in (("#000000", 0.14), ("#ffffff", 0.20)):
        specks = Path()
        for _ in range(420):
            t = rng.random() ** 0.8
            r = (0.3 + t) * area.w / 900 * rng.uniform(0.4, 1.3)
            specks.extend(ellipse(rng.random() * area.w, area.y + t * area.h, r * 1.3, r * 0.8))
        svg.draw(specks, tone, fill_opacity=alpha)


def _ridges(svg: Svg, area: Box, rng: Random) -> None:
    for i in range(7):
        y = area.y + area.h * ((i + 0.6) / 7) ** 1.4
        ridge = _wander((-area.w * 0.1, area.w * 1.1), y, rng, amp=area.h * 0.035)
        svg.stroke(ridge, "#b08a52", area.h * 0.02, 0.16)
        svg.stroke(ridge.moved(0, -area.h * 0.014), "#fff4d6", area.h * 0.012, 0.30)


def _folds(svg: Svg, area: Box, rng: Random, shade: str) -> None:
    w, y0, depth = area.w, area.y, area.h
    for i in range(6):
        x = w * (i + rng.random() * 0.6) / 6
        fold = Path().move(x, y0)
        fold.cubic(
            x + w * 0.05,
            y0 + depth * 0.4,
            x - w * 0.06,
            y0 + depth * 0.7,
            x + w * 0.1,
            y0 + depth * 1.1,
        )
        svg.stroke(fold, shade, w * 0.030, 0.10)
        svg.stroke(fold.moved(w * 0.018, 0), "#ffffff", w * 0.016, 0.22)
