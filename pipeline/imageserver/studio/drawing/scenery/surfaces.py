"""The table: its colour and sheen, and its material."""

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from pipeline.imageserver.studio.colors import darken, deepen, lighten, mix, warm
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.scenery.backdrop import glow_color, is_dark, is_sweep
from pipeline.imageserver.studio.scene.scene import Family, Layout, Scene, Surface
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path

REFLECTION = {
    Surface.WET: (0.62, 3.0),
    Surface.MIRROR: (0.72, 0.0),
    Surface.MARBLE: (0.34, 2.5),
    Surface.WOOD: (0.15, 5.0),
    Surface.MATTE: (0.13, 4.0),
    Surface.STONE: (0.08, 6.0),
    Surface.FABRIC: (0.0, 0.0),
    Surface.SAND: (0.0, 0.0),
}
"""Strength and blur of the reflection on each surface; blur in thousandths of the unit."""


def table_color(scene: Scene) -> str:
    """Return the surface's own colour."""
    background, dark = scene.backdrop, is_dark(scene)
    match scene.surface:
        case Surface.WET:
            return mix(warm(background), "#0d1418", 0.55) if dark else deepen(background, 0.34)
        case Surface.MARBLE:
            return "#1d1c21" if dark else mix("#f2efeb", background, 0.08)
        case Surface.WOOD:
            return "#4a2b18" if dark else "#ad7346"
        case Surface.STONE:
            return "#2b2b2f" if dark else mix("#bdb8b0", background, 0.30)
        case Surface.SAND:
            return "#e8cf9f"
        case Surface.MIRROR:
            return mix(background, "#101214", 0.20)
        case Surface.FABRIC:
            return lighten(background, 0.12 if dark else 0.34)
        case Surface.MATTE:
            return _matte_color(scene)


def _matte_color(scene: Scene) -> str:
    """Return the colour of a matte table: close to the backdrop, or the backdrop itself."""
    if scene.layout is Layout.PHOTO:
        return scene.backdrop
    return lighten(scene.backdrop, 0.05) if is_dark(scene) else deepen(scene.backdrop, 0.10)


def table(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the table's colour, its sheen and the pool of light round the product."""
    if is_sweep(scene):
        _sweep(svg, scene, composition)
        return
    w, h, y0 = composition.width, composition.height, composition.horizon
    depth, color, background = h - y0, table_color(scene), scene.backdrop
    top = rect(0, y0, w, depth)
    far = mix(color, glow_color(scene), 0.45)
    front = darken(color, 0.34) if is_dark(scene) else deepen(color, 0.36)
    receding: list[Stop] = [(far, 1, 0), (color, 1, 0.34), (front, 1, 1)]
    svg.draw(top, svg.lin(receding, (0, 0, 0, 1)))
    if scene.surface in (Surface.WET, Surface.MIRROR):
        sheen = glow_color(scene)
        film: list[Stop] = [(sheen, 0.80, 0), (sheen, 0.30, 0.3), (sheen, 0, 1)]
        svg.draw(top, svg.lin(film, (0, 0, 0, 1)))
    _pool(svg, scene, composition, top)
    line = darken(mix(color, background, 0.5), 0.25)
    crease = rect(0, y0 - h * 0.004, w, h * 0.012)
    svg.draw(crease, svg.lin([(line, 0), (line, 0.35), (line, 0)], (0, 0, 0, 1)))


def _pool(svg: Svg, scene: Scene, composition: Composition, top: Path) -> None:
    pool = lighten(table_color(scene), 0.30 if is_dark(scene) else 0.55)
    if is_dark(scene) or scene.warm:
        pool = mix(pool, "#ffb45c", 0.35 if scene.family is Family.CANDLE else 0.18)
    spread = composition.unit * 0.42
    stops: list[Stop] = [(pool, 0.50, 0), (pool, 0.20, 0.5), (pool, 0, 1)]
    with svg.group(clip_path=svg.clip(top)):
        svg.draw(ellipse(composition.cx, composition.floor, spread, spread * 0.42), svg.rad(stops))


def _sweep(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw a floor that continues the wall without an edge."""
    w, h = composition.width, composition.height
    start = composition.horizon - composition.unit * 0.05
    area = rect(0, start, w, h - start)
    background = scene.backdrop
    lit = mix(glow_color(scene), background, 0.30)
    front = darken(background, 0.30) if is_dark(scene) else deepen(background, 0.17)
    turn: list[Stop] = [(lit, 0, 0), (lit, 0.62, 0.30), (background, 0.7, 0.62), (front, 0.9, 1)]
    svg.draw(area, svg.lin(turn, (0, 0, 0, 1)))
    _pool(svg, scene, composition, area)


def draw_material(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the material of the surface."""
    y0 = composition.horizon
    area = Box(0, y0, composition.width, composition.height - y0)
    rng = seeded_random(scene.seed, "grain")
    with svg.group(clip_path=svg.clip(rect(*area))):
        match scene.surface:
            case Surface.WOOD:
                _wood(svg, area, rng, dark=is_dark(scene))
            case Surface.MARBLE:
                _marble(svg, area, rng, "#cfae72" if is_dark(scene) else "#8d898a")
            case Surface.STONE:
                stone = table_color(scene)
                tones = (
                    lighten(stone, 0.35),
                    darken(stone, 0.30),
                    mix(stone, scene.palette.main, 0.5),
                )
                _terrazzo(svg, area, rng, tones)
            case Surface.SAND:
                _specks(svg, area, rng, dark=False)
                _ridges(svg, area, rng)
            case Surface.FABRIC:
                _folds(svg, area, rng, darken(scene.backdrop, 0.5))
            case Surface.WET:
                _puddles(svg, scene, composition, rng)
            case _:
                pass


def shows_material(scene: Scene) -> bool:
    """Return whether the surface has a visible material."""
    return scene.surface not in (Surface.MATTE, Surface.MIRROR)


def _wander(
    span: tuple[float, float], y: float, rng: Random, *, amp: float, slope: float = 0
) -> Path:
    """Return a line that drifts smoothly from left to right."""
    (x0, x1), n = span, 6
    step = (x1 - x0) / n
    points = [(x0 + i * step, y + slope * i * step + rng.uniform(-amp, amp)) for i in range(n + 1)]
    path = Path().move(*points[0])
    for i in range(n):
        (ax, ay), (bx, by) = points[i], points[i + 1]
        before, after = points[max(0, i - 1)], points[min(n, i + 2)]
        path.cubic(
            ax + (bx - before[0]) / 6,
            ay + (by - before[1]) / 6,
            bx - (after[0] - ax) / 6,
            by - (after[1] - ay) / 6,
            bx,
            by,
        )
    return path


def _wood(svg: Svg, area: Box, rng: Random, *, dark: bool) -> None:
    w = area.w
    edges = [area.y + area.h * (i / 5) ** 1.45 for i in range(6)]
    light, deep = ("#c58f5c", "#1c0f07") if dark else ("#f0c592", "#5a3418")
    for top, bottom in pairwise(edges):
        tall = bottom - top
        tint = rng.choice((light, deep))
        svg.draw(rect(0, top, w, tall), tint, fill_opacity=round(rng.uniform(0.04, 0.16), 3))
        for _ in range(11):
            y = top + tall * rng.uniform(0.04, 0.96)
            vein = _wander((-w * 0.05, w * 1.05), y, rng, amp=tall * 0.05)
            color = rng.choice((deep, deep, light))
            width = max(0.6, tall * rng.uniform(0.008, 0.040))
            svg.stroke(vein, color, width, rng.uniform(0.08, 0.26))
        seam = rng.uniform(0.08, 0.92) * w
        joint = polygon([(seam, top), (seam, bottom)], close=False)
        svg.stroke(joint, deep, max(0.8, tall * 0.022), 0.55)
        gap = polygon([(0, bottom), (w, bottom)], close=False)
        svg.stroke(gap, deep, max(1, tall * 0.030), 0.65)
        svg.stroke(gap.moved(0, tall * 0.03), light, max(0.6, tall * 0.014), 0.30)


def _marble(svg: Svg, area: Box, rng: Random, tint: str) -> None:
    """Draw the veins of marble from edge to edge, with branches."""
    veins, twigs = Path(), Path()
    for _ in range(6):
        y, slope = area.y + rng.uniform(-0.2, 1.2) * area.h, rng.uniform(-0.16, 0.16)
        across = (-area.w * 0.05, area.w * 1.05)
        veins.extend(_wander(across, y, rng, amp=area.h * 0.11, slope=slope))
        x = rng.uniform(0.0, 0.8) * area.w
        long = area.w * rng.uniform(0.12, 0.28)
        start = y + slope * x
        twigs.extend(_wander((x, x + long), start, rng, amp=area.h * 0.05, slope=slope * 3))
    for width, alpha in ((0.075, 0.045), (0.042, 0.06), (0.018, 0.09)):
        svg.stroke(veins, tint, area.h * width, alpha)
    svg.stroke(veins, tint, max(0.8, area.h * 0.0042), 0.46)
    svg.stroke(twigs, tint, max(0.6, area.h * 0.0030), 0.34)


def _terrazzo(svg: Svg, area: Box, rng: Random, tones: Sequence[str]) -> None:
    """Draw terrazzo: chips that grow towards the viewer."""
    found = [Path() for _ in tones]
    for _ in range(230):
        t = rng.random() ** 0.75
        x, y = rng.random() * area.w, area.y + t * area.h
        r = area.w * (0.0025 + 0.0095 * t) * rng.uniform(0.35, 1.25)
        start, corners = rng.random() * math.tau, rng.choice((4, 5, 5, 6))
        points = []
        for i in range(corners):
            a = start + math.tau * i / corners
            far = r * rng.uniform(0.6, 1.1)
            points.append((x + math.cos(a) * far, y + math.sin(a) * far * 0.5))
        found[rng.randrange(len(tones))].extend(polygon(points))
    for path, tone in zip(found, tones, strict=True):
        svg.draw(path, tone, fill_opacity=0.42)


def _specks(svg: Svg, area: Box, rng: Random, *, dark: bool) -> None:
    """Draw sand and grit."""
    marks = (
        (("#000000", 0.22), ("#ffffff", 0.16)) if dark else (("#3a3126", 0.14), ("#ffffff", 0.34))
    )
    for tone, alpha in marks:
        specks = Path()
        for _ in range(520):
            t = rng.random() ** 0.8
            r = (0.25 + t) * area.w / 1000 * rng.uniform(0.4, 1.5)
            x, y = rng.random() * area.w, area.y + t * area.h
            specks.extend(polygon([(x - r, y), (x, y - r * 0.6), (x + r, y), (x, y + r * 0.6)]))
        svg.draw(specks, tone, fill_opacity=alpha)


def _ridges(svg: Svg, area: Box, rng: Random) -> None:
    for i in range(9):
        t = ((i + 0.6) / 9) ** 1.4
        ridge = _wander((-area.w * 0.1, area.w * 1.1), area.y + area.h * t, rng, amp=area.h * 0.035)
        thick = area.h * (0.012 + 0.016 * t)
        svg.stroke(ridge, "#a87f45", thick, 0.20)
        svg.stroke(ridge.moved(0, -thick * 0.75), "#fff4d6", thick * 0.6, 0.40)


def _folds(svg: Svg, area: Box, rng: Random, shade: str) -> None:
    """Draw cloth: soft pleats that fan out towards the viewer."""
    w, y0, depth = area.w, area.y, area.h
    with svg.group(filter=svg.blur(depth * 0.022)):
        for i in range(10):
            x = w * (i + rng.uniform(-0.35, 0.35)) / 9
            lean = (x - w / 2) * 0.45
            fold = Path().move(x, y0 - depth * 0.05)
            fold.cubic(
                x + lean * 0.2 + rng.uniform(-0.04, 0.04) * w,
                y0 + depth * 0.3,
                x + lean * 0.6 + rng.uniform(-0.06, 0.06) * w,
                y0 + depth * 0.7,
                x + lean,
                y0 + depth * 1.1,
            )
            wide = depth * rng.uniform(0.05, 0.13)
            svg.stroke(fold, shade, wide, rng.uniform(0.08, 0.16))
            svg.stroke(fold.moved(wide * 0.8, 0), "#ffffff", wide * 0.6, rng.uniform(0.16, 0.30))


def _puddles(svg: Svg, scene: Scene, composition: Composition, rng: Random) -> None:
    """Draw standing water: brighter than the table, with a lit rim."""
    light, deep = glow_color(scene), darken(table_color(scene), 0.45)
    depth = composition.height - composition.horizon
    places = [
        (
            composition.cx,
            composition.floor + depth * 0.05,
            composition.product_box.w * 1.05,
            depth * 0.24,
        )
    ]
    for _ in range(5):
        t = rng.uniform(0.15, 1.0)
        wide = composition.unit * rng.uniform(0.05, 0.15) * (0.4 + t)
        places.append(
            (rng.random() * composition.width, composition.horizon + depth * t, wide, wide * 0.20)
        )
    for x, y, rx, ry in places:
        blob = _blob(x, y, rx, ry, rng)
        svg.draw(blob.moved(0, ry * 0.09), deep, fill_opacity=0.16)
        svg.draw(blob, svg.lin([(light, 0.26), (light, 0.05)], (0, 0, 0, 1)))
        svg.stroke(blob, lighten(light, 0.4), composition.unit * 0.0011, 0.22)


def _blob(x: float, y: float, rx: float, ry: float, rng: Random) -> Path:  # noqa: PLR0917 - a blob is an ellipse and its chance
    n = 9
    points = []
    for i in range(n):
        a = math.tau * i / n
        r = rng.uniform(0.82, 1.14)
        points.append((x + math.cos(a) * rx * r, y + math.sin(a) * ry * r))
    path = Path().move((points[0][0] + points[-1][0]) / 2, (points[0][1] + points[-1][1]) / 2)
    for i, (px, py) in enumerate(points):
        nx, ny = points[(i + 1) % n]
        path.quad(px, py, (px + nx) / 2, (py + ny) / 2)
    return path.close()
