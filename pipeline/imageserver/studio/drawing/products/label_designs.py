"""The label designs, one for each style."""

import math
from collections.abc import Callable
from dataclasses import replace

from pipeline.imageserver.studio.colors import contrast, darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import FRUIT, GOLD, leaf_path, slice_parts
from pipeline.imageserver.studio.drawing.products.labels import (
    LabelCanvas,
    LabelPanel,
    LabelText,
    label_color,
    label_ink,
    label_lines,
    paper_color,
    set_label_text,
)
from pipeline.imageserver.studio.scene.scene import Prop, Scene, Style
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign
from pipeline.lettering.path import Path

_DARK = 0.10
_SHOWS = 1.3
"""The least contrast at which a shape shows on its background."""


def draw_label(svg: Svg, scene: Scene, panel: LabelPanel) -> LabelCanvas:
    """Draw a label without its text, which the returned canvas draws after the light."""
    if panel.pack and scene.own and not panel.paper:
        panel = replace(panel, paper=scene.own)
    canvas = LabelCanvas(svg, panel)
    _design(canvas, scene)
    return canvas


def _design(canvas: LabelCanvas, scene: Scene) -> None:
    if canvas.panel.plain:
        _plain(canvas, scene)
        return
    fruit = [p for p in scene.props if p in FRUIT]
    if scene.style is Style.LUX:
        _luxury_label(canvas, scene)
    elif fruit:
        _fruit_label(canvas, scene, fruit)
    elif Prop.MINT in scene.props:
        _leaf_label(canvas, scene)
    else:
        usual = _DESIGNS[scene.style]
        choice = (usual, *(d for d in _IN_OTHER_TAKES if d is not usual))
        choice[scene.take % len(choice)](canvas, scene)


def _plain(canvas: LabelCanvas, scene: Scene) -> None:
    panel = canvas.panel
    ground = panel.paper or "#ffffff"
    ink = label_ink(ground, scene.palette.main)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.47, 0.47), (0.16, 0.66 if small else 0.80))
    under = panel.box((-0.42, 0.42), (0.72, 0.88))
    set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _slices(
    canvas: LabelCanvas, fruit: list[Prop], places: tuple[tuple[float, float, float], ...]
) -> None:
    """Draw fruit slices; a place is x in half widths, y and radius in heights of the panel."""
    panel = canvas.panel
    for i, (u, v, r) in enumerate(places):
        x, y = u * panel.half * 0.64, panel.top + v * panel.height
        for path, color in slice_parts(r * panel.height, fruit[i % len(fruit)], i * 0.8 + 0.2):
            canvas.fill_path(path.moved(x, y), color)


def _fruit_label(canvas: LabelCanvas, scene: Scene, fruit: list[Prop]) -> None:
    """Draw a paper label with fruit along its bottom."""
    panel, colors = canvas.panel, scene.palette
    paper = panel.paper or paper_color(scene)
    canvas.fill_panel(paper)
    ink = label_ink(paper, colors.main)
    squat = panel.height < panel.front
    foot = 0.80 if squat else 0.74
    canvas.band(0.0, 0.055, colors.main)
    canvas.band(0.055, 0.018, colors.accent)
    canvas.fill_path(_hill(panel, foot + 0.03, 0.05), colors.soft)
    canvas.fill_path(_hill(panel, foot + 0.12, 0.04, 1.9), colors.main)
    size = 0.17 if squat else 0.125
    _slices(
        canvas,
        fruit,
        ((-1.18, 0.83, size), (1.2, 0.84, size), (0.48, 0.96, size), (-0.46, 0.95, size * 1.1)),
    )
    for u, turn in ((-0.86, -2.2), (0.88, -0.9)):
        x, y = u * panel.half * 0.64, panel.top + panel.height * (foot + 0.05)
        leaf = leaf_path(panel.height * 0.12).turned(turn, x, y)
        canvas.fill_path(leaf, mix(colors.accent, "#2f8f4e", 0.35))
    small = len(label_lines(scene)) > 1
    if label_lines(scene):
        name = panel.box((-0.46, 0.46), (0.15, (0.52 if small else foot - 0.08)))
        under = panel.box((-0.44, 0.44), (0.55, foot - 0.05))
        set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))
    else:
        _slices(canvas, fruit[:1], ((0, 0.40, 0.22),))


def _hill(panel: LabelPanel, crest: float, swell: float, phase: float = 0.0) -> Path:
    """Return a wavy area from the crest, a share of the height, to the bottom."""
    half, bottom = panel.half, panel.top + panel.height
    y = panel.top + panel.height * crest
    points = [
        (-half + half * k / 18, y + panel.height * swell * math.sin(k * 0.42 + phase))
        for k in range(37)
    ]
    return polygon([*points, (half, bottom), (-half, bottom)])


def _leaf_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw a pale label with leaves at its top and bottom."""
    panel, colors = canvas.panel, scene.palette
    paper = panel.paper or paper_color(scene)
    canvas.fill_panel(paper)
    canvas.fill_path(_hill(panel, 0.86, 0.02), colors.main)
    canvas.fill_path(_hill(panel, 0.93, 0.02, 2.0), colors.accent)
    rng, green = seeded_random(scene.seed, "label leaves"), mix(colors.main, "#3f8f57", 0.5)
    for edge, low, high in ((0.10, 0.4, 2.7), (0.84, -2.7, -0.4)):
        for i in range(9):
            x = panel.half * (i / 4 - 1) * 0.9
            y = panel.top + panel.height * (edge + rng.uniform(-0.03, 0.03))
            length, angle = panel.height * rng.uniform(0.12, 0.16), rng.uniform(low, high)
            color = mix(darken(green, 0.22), lighten(green, 0.30), rng.random())
            canvas.fill_path(leaf_path(length).turned(angle, x, y), color)
            vein = polygon([(0.0, 0.0), (length * 0.9, 0.0)], close=False).turned(angle, x, y)
            canvas.stroke_path(vein, lighten(color, 0.4), length * 0.03, 0.7)
    ink = label_ink(paper, colors.main)
    if label_lines(scene):
        small = len(label_lines(scene)) > 1
        name = panel.box((-0.45, 0.45), (0.29, 0.56 if small else 0.70))
        under = panel.box((-0.42, 0.42), (0.60, 0.70))
        set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))
    else:
        upright = -1.57
        for turn in (-1.1, -2.04, upright):
            leaf = leaf_path(panel.height * 0.30).turned(turn, *panel.at(0, 0.66))
            canvas.fill_path(leaf, lighten(green, 0.25) if turn == upright else green)


def _sunrise_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw a sun rising from the bottom: on the brand's colour for packs, else on paper."""
    panel, colors = canvas.panel, scene.palette
    if panel.height < panel.front * 0.72:
        _banner_label(canvas, scene)
        return
    field = panel.paper or (label_color(scene) if panel.pack else paper_color(scene))
    canvas.fill_panel(field)
    glow = colors.soft if panel.pack else colors.main
    if not label_lines(scene):
        _sunset(canvas, field, glow, colors.accent)
        return
    x, lower = panel.at(0, 1)
    radius = min(panel.front * 0.62, panel.height * 0.42)
    for share, strength in ((1.0, 0.40), (0.80, 0.70), (0.60, 1.0)):
        canvas.fill_path(ellipse(x, lower, radius * share), mix(field, glow, strength))
    canvas.fill_path(ellipse(x, lower, radius * 0.38), colors.accent)
    ink = label_ink(field, colors.main)
    canvas.band(0.055, 0.012, ink, 0.9)
    canvas.band(0.080, 0.005, ink, 0.9)
    foot = 1 - radius / panel.height - 0.045
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.46, 0.46), (0.135, foot * 0.78 if small else foot))
    under = panel.box((-0.44, 0.44), (foot * 0.82, foot))
    set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _sunset(canvas: LabelCanvas, field: str, glow: str, accent: str) -> None:
    """Draw the design of a pack without a name: a whole sun behind horizontal bands."""
    if contrast(field, glow) < _SHOWS:
        glow, accent = darken(accent, 0.1), lighten(field, 0.55)
    panel = canvas.panel
    x, y = panel.at(0, 0.47)
    radius = min(panel.front * 0.36, panel.height * 0.30)
    canvas.fill_path(ellipse(x, y, radius * 1.22), mix(field, glow, 0.30))
    canvas.fill_path(ellipse(x, y, radius), mix(field, glow, 0.92))
    canvas.fill_path(ellipse(x, y, radius * 0.46), accent)
    for i in range(5):
        top, thick = y + radius * (0.10 + 0.24 * i), radius * (0.045 + 0.030 * i)
        canvas.fill_path(rect(x - radius * 1.3, top, radius * 2.6, thick), field)
    for share, thick in ((0.055, 0.012), (0.080, 0.005), (0.915, 0.005), (0.933, 0.012)):
        canvas.band(share, thick, mix(field, glow, 0.92))


def _banner_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw a low label: coloured bands at top and bottom, the name between them."""
    panel, colors = canvas.panel, scene.palette
    paper = panel.paper or paper_color(scene)
    canvas.fill_panel(paper)
    canvas.band(0.0, 0.10, label_color(scene))
    canvas.band(0.10, 0.03, colors.accent)
    canvas.band(0.90, 0.10, label_color(scene))
    canvas.band(0.87, 0.03, colors.accent)
    ink = label_ink(paper, colors.main)
    if label_lines(scene):
        small = len(label_lines(scene)) > 1
        name = panel.box((-0.46, 0.46), (0.22, 0.60 if small else 0.78))
        under = panel.box((-0.44, 0.44), (0.65, 0.80))
        set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))
        return
    x, y = panel.at(0, 0.5)
    r = panel.height * 0.22
    canvas.fill_path(ellipse(x, y, r), colors.main)
    canvas.fill_path(ellipse(x, y, r * 0.68), mix(colors.main, paper, 0.55))
    canvas.fill_path(ellipse(x, y, r * 0.36), colors.accent)


def _dark_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw a dark label with a pale plate for the name."""
    panel, colors = canvas.panel, scene.palette
    stock = panel.paper or darken(colors.main, 0.25)
    canvas.fill_panel(stock)
    paper = paper_color(scene)
    plate = panel.box((-0.52, 0.52), (0.24, 0.76))
    canvas.fill_path(rounded(*plate, r=3), paper)
    canvas.stroke_path(rounded(*plate.grown(-2.6), r=1.6), colors.soft, 0.8)
    for i, share in enumerate((0.84, 0.875, 0.91)):
        canvas.band(share, 0.012, mix(colors.soft, stock, i * 0.3))
    for i, share in enumerate((0.15, 0.115, 0.08)):
        canvas.band(share, 0.012, mix(colors.soft, stock, i * 0.3))
    ink = label_ink(paper, colors.main)
    if not label_lines(scene):
        _mark(canvas, panel.at(0, 0.5), min(plate.w, plate.h) * 0.22, colors.main)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.44, 0.44), (0.30, 0.56 if small else 0.70))
    under = panel.box((-0.42, 0.42), (0.60, 0.71))
    set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _bold_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw a dark label with slanted bars in the palette and a large name."""
    panel, colors = canvas.panel, scene.palette
    stock = panel.paper or mix(darken(colors.main, 0.72), "#0b0a12", 0.25)
    canvas.fill_panel(stock)
    half, h, top = panel.half, panel.height, panel.top
    for i, color in enumerate((colors.main, colors.soft, colors.accent)):
        for base, way in ((0.80 + i * 0.062, -1), (0.20 - i * 0.062, -1)):
            y = top + h * base
            bar = [(-half, y + way * -h * 0.09), (half, y + way * h * 0.09)]
            thick = h * 0.040
            shape = [*bar, (half, bar[1][1] + thick), (-half, bar[0][1] + thick)]
            color = color if contrast(color, stock) > 1.4 else lighten(color, 0.25)  # noqa: PLR2004, PLW2901 - a bar must show
            canvas.fill_path(polygon(shape), color)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.46, 0.46), (0.32, 0.60 if small else 0.68))
    under = panel.box((-0.44, 0.44), (0.63, 0.70))
    ink = label_ink(stock, colors.main) if panel.paper else "#ffffff"
    words = LabelText(name=name, small=under, ink=ink, small_ink=ink)
    set_label_text(canvas, scene, words)
    if not label_lines(scene):
        x, y = panel.at(0, 0.5)
        bolt = [(2, -17), (-10, 3), (-1, 3), (-3, 17), (10, -4), (1, -4)]
        k = h / 90
        canvas.fill_path(polygon([(x + px * k, y + py * k) for px, py in bolt]), "#ffffff")


def _luxury_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw fine paper with a double hairline and a small gold mark above the name."""
    panel, colors = canvas.panel, scene.palette
    paper = panel.paper or "#faf6ee"
    canvas.fill_panel(paper)
    ink = label_ink(paper, colors.main)
    gilt = GOLD if luminance(paper) < _DARK else "#a37a34"
    w, h = panel.front * 0.94, panel.height * 0.88
    frame = Box(-w / 2, panel.top + (panel.height - h) / 2, w, h)
    canvas.stroke_path(rect(*frame), gilt, 0.75)
    canvas.stroke_path(rect(*frame.grown(-1.9)), gilt, 0.3)
    lines = label_lines(scene)
    squat = frame.h < frame.w * 0.62
    if not lines:
        _mark(canvas, (frame.cx, frame.cy), frame.h * 0.17, gilt)
        return
    if not squat:
        _mark(canvas, (frame.cx, frame.y + frame.h * 0.20), frame.h * 0.075, gilt)
    small = len(lines) > 1
    top, foot = (0.20, 0.80) if squat else (0.32, 0.78)
    foot = foot - 0.20 if small else foot
    name = Box(frame.x + w * 0.09, frame.y + frame.h * top, w * 0.82, frame.h * (foot - top))
    under = Box(name.x, frame.y + frame.h * (foot + 0.05), name.w, frame.h * 0.15)
    set_label_text(
        canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink, lines=2)
    )
    if not small and not squat:
        y = frame.y + frame.h * 0.86
        canvas.stroke_path(polygon([(-w * 0.12, y), (w * 0.12, y)], close=False), gilt, 0.5)


def _mark(canvas: LabelCanvas, at: tuple[float, float], r: float, color: str) -> None:
    """Draw a small sun with rays."""
    x, y = at
    canvas.stroke_path(ellipse(x, y, r * 0.42), color, r * 0.09)
    for i in range(12):
        a = math.tau * i / 12
        ray = [
            (x + math.cos(a) * r * 0.62, y + math.sin(a) * r * 0.62),
            (x + math.cos(a) * r, y + math.sin(a) * r),
        ]
        canvas.stroke_path(polygon(ray, close=False), color, r * 0.08)


def _badge_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw kraft paper with a scalloped seal behind the name."""
    panel, colors = canvas.panel, scene.palette
    stock = panel.paper or mix(colors.soft, "#d8bd94", 0.55)
    canvas.fill_panel(stock)
    paper = "#fdf8ec"
    x, y = panel.at(0, 0.47)
    r = min(panel.front * 0.50, panel.height * 0.40)
    teeth = [
        (
            x + math.cos(math.tau * i / 72) * r * (1.0 if i % 2 else 0.955),
            y + math.sin(math.tau * i / 72) * r * (1.0 if i % 2 else 0.955),
        )
        for i in range(72)
    ]
    canvas.fill_path(polygon(teeth), paper)
    ink = label_ink(paper, colors.main)
    canvas.stroke_path(ellipse(x, y, r * 0.86), colors.main, r * 0.018)
    canvas.band(0.93, 0.07, colors.main)
    canvas.band(0.905, 0.012, colors.accent)
    if not label_lines(scene):
        _mark(canvas, (x, y), r * 0.50, ink)
    small = len(label_lines(scene)) > 1
    name = Box(x - r * 0.68, y - r * (0.50 if small else 0.42), r * 1.36, r * 0.84)
    under = Box(x - r * 0.52, y + r * 0.40, r * 1.04, r * 0.26)
    set_label_text(canvas, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _grotesk_label(canvas: LabelCanvas, scene: Scene) -> None:
    """Draw white paper with two large dots and the name set left."""
    panel, colors = canvas.panel, scene.palette
    paper = panel.paper or "#f7f7f5"
    canvas.fill_panel(paper)
    x, y = panel.at(0.22, 0.27)
    r = min(panel.front * 0.20, panel.height * 0.15)
    canvas.fill_path(ellipse(x, y, r), colors.main)
    canvas.fill_path(ellipse(x - r * 1.15, y, r), colors.accent, 0.85)
    ink = label_ink(paper, colors.main)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.44, 0.44), (0.48, 0.74 if small else 0.86))
    under = panel.box((-0.44, 0.44), (0.78, 0.90))
    set_label_text(
        canvas,
        scene,
        LabelText(name=name, small=under, ink=ink, small_ink=ink, across=TextAlign.START),
    )


def _clean_label(canvas: LabelCanvas, scene: Scene) -> None:
    deep = 0.07
    (_dark_label if luminance(scene.palette.main) < deep else _sunrise_label)(canvas, scene)


_DESIGNS: dict[Style, Callable[[LabelCanvas, Scene], None]] = {
    Style.CLEAN: _clean_label,
    Style.CRAFT: _clean_label,
    Style.BOLD: _bold_label,
    Style.SCRIPT: _badge_label,
    Style.TECH: _grotesk_label,
}
_IN_OTHER_TAKES = (_grotesk_label, _badge_label, _sunrise_label)
"""Designs that suit any product, for takes after the first."""
