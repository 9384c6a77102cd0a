"""Front-of-pack art: drawn flat, then every path is bent round the product."""

import math
from dataclasses import dataclass

from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import mix
from pipeline.engine.studio.contrast import ink_on, luminance
from pipeline.engine.studio.drawing.marks import FRUIT, leaf_path, slice_parts
from pipeline.engine.studio.drawing.voice import display_face, text_face
from pipeline.engine.studio.lettering.fitting import Setting, fit
from pipeline.engine.studio.scene.nouns import Prop, Role, Scene, Style
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Bend, Path
from pipeline.engine.studio.vector.shapes import ellipse, polygon, rect
from pipeline.engine.studio.vector.svg import Svg

_PALE = 0.55


def _flat(x: float, y: float) -> tuple[float, float]:
    return (x, y)


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """The face that a label covers: `half` wide either side, of which `front` shows straight on."""

    top: float
    height: float
    front: float
    half: float
    bend: Bend = _flat
    paper: str = ""
    """The ground; empty for the usual paper."""
    plain: bool = False
    """Print on the bare product: no paper and no art."""


def label_lines(scene: Scene) -> list[str]:
    """What the label says: its own copy, or the product's name."""
    lines = scene.texts(Role.LABEL)
    if not lines and scene.name:
        lines = [scene.name if scene.style is Style.LUX else scene.name.upper()]
    return lines[:2]


def draw_label(svg: Svg, scene: Scene, panel: Panel) -> None:
    """Paint paper, art and copy of a label; copy stays within the front."""
    main = scene.palette.main
    paper = panel.paper or ("#fbf7ef" if luminance(main) < _PALE else "#ffffff")
    ink = ink_on([luminance(paper)], main)[0]
    lines = label_lines(scene)
    if not panel.plain:
        _put(svg, panel, rect(-panel.half, panel.top, 2 * panel.half, panel.height), paper)
        if scene.style is Style.LUX:
            _frame(svg, panel, ink)
        else:
            _waves(svg, scene, panel)
            _ornament(svg, scene, panel)
            if not lines:
                _emblem(svg, scene, panel)
    if lines:
        _copy(svg, scene, panel, ink)


def _put(svg: Svg, panel: Panel, path: Path, fill: str, *, alpha: float = 1.0) -> None:
    bent = path.refined(6).bent(panel.bend)
    svg.draw(bent, fill, **({"fill_opacity": alpha} if alpha < 1 else {}))


def _frame(svg: Svg, panel: Panel, ink: str) -> None:
    for inset, width in ((0.10, 0.9), (0.135, 0.4)):
        w, h = panel.front * (1 - inset), panel.height * (1 - inset * 1.3)
        frame = rect(-w / 2, panel.top + (panel.height - h) / 2, w, h)
        svg.stroke(frame.refined(6).bent(panel.bend), ink, width, 0.85)


def _waves(svg: Svg, scene: Scene, panel: Panel) -> None:
    colors = scene.palette
    bottom, h, half = panel.top + panel.height, panel.height, panel.half
    for i, (color, share) in enumerate(
        ((colors.main, 0.24), (colors.soft, 0.165), (colors.accent, 0.085))
    ):
        crest = [
            (-half + half * k / 20, bottom - h * share + h * 0.025 * math.sin(k * 0.471 + i * 1.3))
            for k in range(41)
        ]
        _put(svg, panel, polygon([*crest, (half, bottom), (-half, bottom)]), color)


def _ornament(svg: Svg, scene: Scene, panel: Panel) -> None:
    top, h, front = panel.top, panel.height, panel.front
    fruit = [p for p in scene.props if p in FRUIT]
    if fruit:
        for i, (u, v, r) in enumerate(
            ((-0.62, 0.16, 0.15), (0.66, 0.80, 0.17), (0.60, 0.12, 0.09), (-0.62, 0.82, 0.12))
        ):
            for path, color in slice_parts(r * h, fruit[i % len(fruit)], float(i)):
                _put(svg, panel, path.moved(u * front, top + v * h), color)
    elif Prop.MINT in scene.props:
        rng = stream(scene.seed, "label leaves")
        for _ in range(8):
            leaf = leaf_path(h * 0.17).turned(
                rng.uniform(0, 6.28),
                rng.uniform(-0.7, 0.7) * front,
                top + h * rng.choice((0.09, 0.14, 0.80)),
            )
            _put(
                svg, panel, leaf, mix(scene.palette.accent, scene.palette.main, rng.random() * 0.7)
            )
    else:
        _put(svg, panel, ellipse(front * 0.30, top + h * 0.14, h * 0.075), scene.palette.main)
        dot = ellipse(front * 0.17, top + h * 0.14, h * 0.05)
        _put(svg, panel, dot, scene.palette.accent, alpha=0.85)


def _emblem(svg: Svg, scene: Scene, panel: Panel) -> None:
    y, h = panel.top + panel.height * 0.42, panel.height
    fruit = next((p for p in scene.props if p in FRUIT), None)
    if fruit:
        parts = slice_parts(h * 0.25, fruit, 0.3)
    else:
        parts = [
            (ellipse(0, 0, h * 0.24), scene.palette.main),
            (ellipse(0, 0, h * 0.17), scene.palette.soft),
        ]
    for path, color in parts:
        _put(svg, panel, path.moved(0, y), color)


def _copy(svg: Svg, scene: Scene, panel: Panel, ink: str) -> None:
    lines = label_lines(scene)
    h, front, framed = panel.height, panel.front, scene.style is Style.LUX or panel.plain
    narrow = 0.66 if framed and not panel.plain else 0.94
    upper, tall = (0.25, 0.50) if framed else (0.23, 0.46)
    tall = tall * 0.72 if len(lines) > 1 else tall
    box = Box(-front * narrow / 2, panel.top + h * upper, front * narrow, h * tall)
    head = Setting(
        face=display_face(scene.style, lines[0]), max_lines=3, tracking=0.03 if framed else 0.01
    )
    _put(svg, panel, fit(lines[0], box, head).path, ink)
    if len(lines) > 1:
        lower = Box(-front * 0.42, panel.top + h * (upper + tall + 0.05), front * 0.84, h * 0.10)
        small = Setting(face=text_face(lines[1]), max_lines=2)
        _put(svg, panel, fit(lines[1], lower, small).path, ink)
