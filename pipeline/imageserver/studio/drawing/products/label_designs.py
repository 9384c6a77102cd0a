"""The label designs, one family for each style; words never meet ornaments."""

import math
from collections.abc import Callable

from pipeline.imageserver.studio.colors import contrast, darken, lighten, luminance, mix
from pipeline.imageserver.studio.drawing.materials import FRUIT, GOLD, leaf_path, slice_parts
from pipeline.imageserver.studio.drawing.products.labels import (
    LabelCanvas,
    LabelPanel,
    LabelText,
    field_for,
    ink_for,
    label_lines,
    paper_for,
    set_words,
)
from pipeline.imageserver.studio.scene.scene import Prop, Scene, Style
from pipeline.imageserver.studio.seeded_random import stream
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign
from pipeline.lettering.path import Path

_DARK = 0.10
_SHOWS = 1.3
"""The least contrast at which art is seen on its ground."""


def draw_label(svg: Svg, scene: Scene, panel: LabelPanel) -> LabelCanvas:
    """Paint a label's paper and art; the words wait in the press until the light is drawn."""
    press = LabelCanvas(svg, panel)
    _design(press, scene)
    return press


def _design(press: LabelCanvas, scene: Scene) -> None:
    if press.panel.plain:
        _plain(press, scene)
        return
    fruit = [p for p in scene.props if p in FRUIT]
    if scene.style is Style.LUX:
        _lux(press, scene)
    elif fruit:
        _orchard(press, scene, fruit)
    elif Prop.MINT in scene.props:
        _garden(press, scene)
    else:
        _BY_STYLE[scene.style](press, scene)


def _plain(press: LabelCanvas, scene: Scene) -> None:
    panel = press.panel
    ground = panel.paper or "#ffffff"
    ink = ink_for(ground, scene.palette.main)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.47, 0.47), (0.16, 0.66 if small else 0.80))
    under = panel.box((-0.42, 0.42), (0.72, 0.88))
    set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _slices(
    press: LabelCanvas, fruit: list[Prop], places: tuple[tuple[float, float, float], ...]
) -> None:
    """Fruit slices by (share of the half, share of the height, radius as a share of the height)."""
    panel = press.panel
    for i, (u, v, r) in enumerate(places):
        x, y = u * panel.half * 0.64, panel.top + v * panel.height
        for path, color in slice_parts(r * panel.height, fruit[i % len(fruit)], i * 0.8 + 0.2):
            press.put(path.moved(x, y), color)


def _orchard(press: LabelCanvas, scene: Scene, fruit: list[Prop]) -> None:
    """A paper label whose foot is heaped with fruit."""
    panel, colors = press.panel, scene.palette
    paper = panel.paper or paper_for(scene)
    press.ground(paper)
    ink = ink_for(paper, colors.main)
    squat = panel.height < panel.front
    foot = 0.80 if squat else 0.74
    press.across(0.0, 0.055, colors.main)
    press.across(0.055, 0.018, colors.accent)
    press.put(_hill(panel, foot + 0.03, 0.05), colors.soft)
    press.put(_hill(panel, foot + 0.12, 0.04, 1.9), colors.main)
    size = 0.17 if squat else 0.125
    _slices(
        press,
        fruit,
        ((-1.18, 0.83, size), (1.2, 0.84, size), (0.48, 0.96, size), (-0.46, 0.95, size * 1.1)),
    )
    for u, turn in ((-0.86, -2.2), (0.88, -0.9)):
        x, y = u * panel.half * 0.64, panel.top + panel.height * (foot + 0.05)
        leaf = leaf_path(panel.height * 0.12).turned(turn, x, y)
        press.put(leaf, mix(colors.accent, "#2f8f4e", 0.35))
    small = len(label_lines(scene)) > 1
    if label_lines(scene):
        name = panel.box((-0.46, 0.46), (0.15, (0.52 if small else foot - 0.08)))
        under = panel.box((-0.44, 0.44), (0.55, foot - 0.05))
        set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))
    else:
        _slices(press, fruit[:1], ((0, 0.40, 0.22),))


def _hill(panel: LabelPanel, crest: float, swell: float, phase: float = 0.0) -> Path:
    """A wavy ground from the crest (a share of the height) to the bottom."""
    half, bottom = panel.half, panel.top + panel.height
    y = panel.top + panel.height * crest
    points = [
        (-half + half * k / 18, y + panel.height * swell * math.sin(k * 0.42 + phase))
        for k in range(37)
    ]
    return polygon([*points, (half, bottom), (-half, bottom)])


def _garden(press: LabelCanvas, scene: Scene) -> None:
    """A pale label framed by leaves at its top and foot."""
    panel, colors = press.panel, scene.palette
    paper = panel.paper or paper_for(scene)
    press.ground(paper)
    press.put(_hill(panel, 0.86, 0.02), colors.main)
    press.put(_hill(panel, 0.93, 0.02, 2.0), colors.accent)
    rng, green = stream(scene.seed, "label leaves"), mix(colors.main, "#3f8f57", 0.5)
    for edge, low, high in ((0.10, 0.4, 2.7), (0.84, -2.7, -0.4)):
        for i in range(9):
            x = panel.half * (i / 4 - 1) * 0.9
            y = panel.top + panel.height * (edge + rng.uniform(-0.03, 0.03))
            length, angle = panel.height * rng.uniform(0.12, 0.16), rng.uniform(low, high)
            color = mix(darken(green, 0.22), lighten(green, 0.30), rng.random())
            press.put(leaf_path(length).turned(angle, x, y), color)
            vein = polygon([(0.0, 0.0), (length * 0.9, 0.0)], close=False).turned(angle, x, y)
            press.rule(vein, lighten(color, 0.4), length * 0.03, 0.7)
    ink = ink_for(paper, colors.main)
    if label_lines(scene):
        small = len(label_lines(scene)) > 1
        name = panel.box((-0.45, 0.45), (0.29, 0.56 if small else 0.70))
        under = panel.box((-0.42, 0.42), (0.60, 0.70))
        set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))
    else:
        upright = -1.57
        for turn in (-1.1, -2.04, upright):
            leaf = leaf_path(panel.height * 0.30).turned(turn, *panel.at(0, 0.66))
            press.put(leaf, lighten(green, 0.25) if turn == upright else green)


def _sunrise(press: LabelCanvas, scene: Scene) -> None:
    """A sun that rises from the foot: on the brand's colour for packs, on paper for labels."""
    panel, colors = press.panel, scene.palette
    if panel.height < panel.front * 0.72:
        _banner(press, scene)
        return
    field = panel.paper or (field_for(scene) if panel.pack else paper_for(scene))
    press.ground(field)
    glow = colors.soft if panel.pack else colors.main
    if not label_lines(scene):
        _sunset(press, field, glow, colors.accent)
        return
    x, lower = panel.at(0, 1)
    radius = min(panel.front * 0.62, panel.height * 0.42)
    for share, strength in ((1.0, 0.40), (0.80, 0.70), (0.60, 1.0)):
        press.put(ellipse(x, lower, radius * share), mix(field, glow, strength))
    press.put(ellipse(x, lower, radius * 0.38), colors.accent)
    ink = ink_for(field, colors.main)
    press.across(0.055, 0.012, ink, 0.9)
    press.across(0.080, 0.005, ink, 0.9)
    foot = 1 - radius / panel.height - 0.045
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.46, 0.46), (0.135, foot * 0.78 if small else foot))
    under = panel.box((-0.44, 0.44), (foot * 0.82, foot))
    set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _sunset(press: LabelCanvas, field: str, glow: str, accent: str) -> None:
    """What a pack without a name wears: the whole sun, sinking into bands of its ground."""
    if contrast(field, glow) < _SHOWS:
        glow, accent = darken(accent, 0.1), lighten(field, 0.55)
    panel = press.panel
    x, y = panel.at(0, 0.47)
    radius = min(panel.front * 0.36, panel.height * 0.30)
    press.put(ellipse(x, y, radius * 1.22), mix(field, glow, 0.30))
    press.put(ellipse(x, y, radius), mix(field, glow, 0.92))
    press.put(ellipse(x, y, radius * 0.46), accent)
    for i in range(5):
        top, thick = y + radius * (0.10 + 0.24 * i), radius * (0.045 + 0.030 * i)
        press.put(rect(x - radius * 1.3, top, radius * 2.6, thick), field)
    for share, thick in ((0.055, 0.012), (0.080, 0.005), (0.915, 0.005), (0.933, 0.012)):
        press.across(share, thick, mix(field, glow, 0.92))


def _banner(press: LabelCanvas, scene: Scene) -> None:
    """A low label: bands of the palette above and below, the name between them."""
    panel, colors = press.panel, scene.palette
    paper = panel.paper or paper_for(scene)
    press.ground(paper)
    press.across(0.0, 0.10, field_for(scene))
    press.across(0.10, 0.03, colors.accent)
    press.across(0.90, 0.10, field_for(scene))
    press.across(0.87, 0.03, colors.accent)
    ink = ink_for(paper, colors.main)
    if label_lines(scene):
        small = len(label_lines(scene)) > 1
        name = panel.box((-0.46, 0.46), (0.22, 0.60 if small else 0.78))
        under = panel.box((-0.44, 0.44), (0.65, 0.80))
        set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))
        return
    x, y = panel.at(0, 0.5)
    r = panel.height * 0.22
    press.put(ellipse(x, y, r), colors.main)
    press.put(ellipse(x, y, r * 0.68), mix(colors.main, paper, 0.55))
    press.put(ellipse(x, y, r * 0.36), colors.accent)


def _roast(press: LabelCanvas, scene: Scene) -> None:
    """Dark stock with a pale plate for the name: for coffee and other deep colours."""
    panel, colors = press.panel, scene.palette
    stock = darken(colors.main, 0.25)
    press.ground(stock)
    paper = paper_for(scene)
    plate = panel.box((-0.52, 0.52), (0.24, 0.76))
    press.put(rounded(*plate, r=3), paper)
    press.rule(rounded(*plate.grown(-2.6), r=1.6), colors.soft, 0.8)
    for i, share in enumerate((0.84, 0.875, 0.91)):
        press.across(share, 0.012, mix(colors.soft, stock, i * 0.3))
    for i, share in enumerate((0.15, 0.115, 0.08)):
        press.across(share, 0.012, mix(colors.soft, stock, i * 0.3))
    ink = ink_for(paper, colors.main)
    if not label_lines(scene):
        _mark(press, panel.at(0, 0.5), min(plate.w, plate.h) * 0.22, colors.main)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.44, 0.44), (0.30, 0.56 if small else 0.70))
    under = panel.box((-0.42, 0.42), (0.60, 0.71))
    set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _bold(press: LabelCanvas, scene: Scene) -> None:
    """Deep stock, slanted bars in the palette, the name as large as it goes."""
    panel, colors = press.panel, scene.palette
    stock = mix(darken(colors.main, 0.72), "#0b0a12", 0.25)
    press.ground(stock)
    half, h, top = panel.half, panel.height, panel.top
    for i, color in enumerate((colors.main, colors.soft, colors.accent)):
        for base, way in ((0.80 + i * 0.062, -1), (0.20 - i * 0.062, -1)):
            y = top + h * base
            bar = [(-half, y + way * -h * 0.09), (half, y + way * h * 0.09)]
            thick = h * 0.040
            shape = [*bar, (half, bar[1][1] + thick), (-half, bar[0][1] + thick)]
            color = color if contrast(color, stock) > 1.4 else lighten(color, 0.25)  # noqa: PLR2004, PLW2901 - a bar must show
            press.put(polygon(shape), color)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.46, 0.46), (0.32, 0.60 if small else 0.68))
    under = panel.box((-0.44, 0.44), (0.63, 0.70))
    words = LabelText(name=name, small=under, ink="#ffffff", small_ink="#ffffff")
    set_words(press, scene, words)
    if not label_lines(scene):
        x, y = panel.at(0, 0.5)
        bolt = [(2, -17), (-10, 3), (-1, 3), (-3, 17), (10, -4), (1, -4)]
        k = h / 90
        press.put(polygon([(x + px * k, y + py * k) for px, py in bolt]), "#ffffff")


def _lux(press: LabelCanvas, scene: Scene) -> None:
    """Fine paper, a double hairline, a small gilt mark above the name."""
    panel, colors = press.panel, scene.palette
    paper = panel.paper or "#faf6ee"
    press.ground(paper)
    ink = ink_for(paper, colors.main)
    gilt = GOLD if luminance(paper) < _DARK else "#a37a34"
    w, h = panel.front * 0.94, panel.height * 0.88
    frame = Box(-w / 2, panel.top + (panel.height - h) / 2, w, h)
    press.rule(rect(*frame), gilt, 0.75)
    press.rule(rect(*frame.grown(-1.9)), gilt, 0.3)
    lines = label_lines(scene)
    squat = frame.h < frame.w * 0.62
    if not lines:
        _mark(press, (frame.cx, frame.cy), frame.h * 0.17, gilt)
        return
    if not squat:
        _mark(press, (frame.cx, frame.y + frame.h * 0.20), frame.h * 0.075, gilt)
    small = len(lines) > 1
    top, foot = (0.20, 0.80) if squat else (0.32, 0.78)
    foot = foot - 0.20 if small else foot
    name = Box(frame.x + w * 0.09, frame.y + frame.h * top, w * 0.82, frame.h * (foot - top))
    under = Box(name.x, frame.y + frame.h * (foot + 0.05), name.w, frame.h * 0.15)
    set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink, lines=2))
    if not small and not squat:
        y = frame.y + frame.h * 0.86
        press.rule(polygon([(-w * 0.12, y), (w * 0.12, y)], close=False), gilt, 0.5)


def _mark(press: LabelCanvas, at: tuple[float, float], r: float, color: str) -> None:
    """A small sun of eight rays."""
    x, y = at
    press.rule(ellipse(x, y, r * 0.42), color, r * 0.09)
    for i in range(12):
        a = math.tau * i / 12
        ray = [
            (x + math.cos(a) * r * 0.62, y + math.sin(a) * r * 0.62),
            (x + math.cos(a) * r, y + math.sin(a) * r),
        ]
        press.rule(polygon(ray, close=False), color, r * 0.08)


def _badge(press: LabelCanvas, scene: Scene) -> None:
    """Kraft stock with a scalloped seal behind the name."""
    panel, colors = press.panel, scene.palette
    stock = panel.paper or mix(colors.soft, "#d8bd94", 0.55)
    press.ground(stock)
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
    press.put(polygon(teeth), paper)
    ink = ink_for(paper, colors.main)
    press.rule(ellipse(x, y, r * 0.86), colors.main, r * 0.018)
    press.across(0.93, 0.07, colors.main)
    press.across(0.905, 0.012, colors.accent)
    if not label_lines(scene):
        _mark(press, (x, y), r * 0.50, ink)
    small = len(label_lines(scene)) > 1
    name = Box(x - r * 0.68, y - r * (0.50 if small else 0.42), r * 1.36, r * 0.84)
    under = Box(x - r * 0.52, y + r * 0.40, r * 1.04, r * 0.26)
    set_words(press, scene, LabelText(name=name, small=under, ink=ink, small_ink=ink))


def _grotesk(press: LabelCanvas, scene: Scene) -> None:
    """White stock, one large dot, the name set left."""
    panel, colors = press.panel, scene.palette
    paper = panel.paper or "#f7f7f5"
    press.ground(paper)
    x, y = panel.at(0.22, 0.27)
    r = min(panel.front * 0.20, panel.height * 0.15)
    press.put(ellipse(x, y, r), colors.main)
    press.put(ellipse(x - r * 1.15, y, r), colors.accent, 0.85)
    ink = ink_for(paper, colors.main)
    small = len(label_lines(scene)) > 1
    name = panel.box((-0.44, 0.44), (0.48, 0.74 if small else 0.86))
    under = panel.box((-0.44, 0.44), (0.78, 0.90))
    set_words(
        press,
        scene,
        LabelText(name=name, small=under, ink=ink, small_ink=ink, across=TextAlign.START),
    )


def _clean(press: LabelCanvas, scene: Scene) -> None:
    deep = 0.07
    (_roast if luminance(scene.palette.main) < deep else _sunrise)(press, scene)


_BY_STYLE: dict[Style, Callable[[LabelCanvas, Scene], None]] = {
    Style.CLEAN: _clean,
    Style.CRAFT: _clean,
    Style.BOLD: _bold,
    Style.SCRIPT: _badge,
    Style.TECH: _grotesk,
}
