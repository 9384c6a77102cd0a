"""What hangs on a poster's wall: disc, arch, rays, two-tone split; neon tubes. All sharp."""

import math
from enum import StrEnum

from pipeline.imageserver.studio.colors import contrast, darken, hls, lighten, luminance, mix, wheel
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.scenery.backdrop import (
    CYAN,
    MAGENTA,
    is_dark,
    neon_reach,
    sky,
)
from pipeline.imageserver.studio.scene.scene import Family, Layout, Light, Scene, Style
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box
from pipeline.lettering.path import Path

_MIDDLE = 0.30
_PRINTED = frozenset(
    (Family.CAN, Family.POUCH, Family.BOX, Family.TUBE, Family.CUP, Family.PUMP, Family.HEADPHONES)
)
"""Products all over in the brand's colour: a shape of that same colour would swallow them."""


class Decor(StrEnum):
    """A poster's graphic."""

    DISC = "disc"
    ARCH = "arch"
    RAYS = "rays"
    PANEL = "panel"


def decor(scene: Scene, *, beside: bool) -> Decor:
    """The graphic that suits the style; the seed chooses among those that do."""
    table: dict[Style, tuple[Decor, ...]] = {
        Style.LUX: (Decor.ARCH, Decor.PANEL),
        Style.BOLD: (Decor.RAYS, Decor.DISC),
        Style.TECH: (Decor.DISC, Decor.PANEL),
        Style.CRAFT: (Decor.ARCH, Decor.DISC, Decor.PANEL),
        Style.SCRIPT: (Decor.RAYS, Decor.ARCH),
        Style.CLEAN: (Decor.DISC, Decor.ARCH, Decor.DISC, Decor.PANEL),
    }
    fitting = table[scene.style]
    chosen = fitting[(scene.seed >> 4) % len(fitting)]
    return Decor.ARCH if chosen is Decor.PANEL and not beside else chosen


def sunburst(scene: Scene, *, beside: bool) -> bool:
    """Whether rays stand on the wall."""
    if scene.layout is not Layout.POSTER or scene.light is Light.NEON:
        return False
    if scene.family is Family.WORDS:
        return scene.style in (Style.BOLD, Style.SCRIPT)
    return scene.family is not Family.BOARD and decor(scene, beside=beside) is Decor.RAYS


def rays(svg: Svg, scene: Scene, stage: Composition) -> None:
    """A sunburst over the whole wall: light, so it is painted with what is soft."""
    far = stage.width + stage.height
    dim = is_dark(scene) or scene.family is Family.WORDS
    color = lighten(scene.backdrop, 0.12 if dim else 0.42)
    burst = Path()
    for i in range(18):
        a0, a1 = math.tau * i / 18, math.tau * (i + 0.5) / 18
        burst.extend(
            polygon(
                [
                    (stage.cx, stage.mid),
                    (stage.cx + math.cos(a0) * far, stage.mid + math.sin(a0) * far),
                    (stage.cx + math.cos(a1) * far, stage.mid + math.sin(a1) * far),
                ]
            )
        )
    fade: list[Stop] = [(color, 0.85, 0), (color, 0.45, 0.5), (color, 0, 1)]
    middle = (stage.cx, stage.mid)
    svg.draw(burst, svg.rad(fade, middle, stage.unit * 0.85, user=True))


def tone(scene: Scene) -> str:
    """The graphic's colour: the brand's, far enough from the backdrop to show."""
    ground, colors = scene.backdrop, scene.palette
    apart = 1.22
    options = [colors.main, mix(colors.main, colors.soft, 0.5), colors.accent, colors.soft]
    if scene.family in _PRINTED:
        hue, light, rich = hls(colors.main)
        pale = luminance(colors.main) > _MIDDLE
        behind = wheel(hue, light * 0.80, rich) if pale else mix(colors.main, colors.soft, 0.58)
        options[:2] = [behind, colors.main]
    if is_dark(scene):
        options = [mix(colors.main, ground, 0.30), lighten(ground, 0.22), colors.accent]
    return next((c for c in options if contrast(c, ground) > apart), darken(ground, 0.18))


def draw_decor(svg: Svg, scene: Scene, stage: Composition) -> None:
    """Draw the poster's graphic behind the product, down to the horizon."""
    if scene.light is Light.NEON:
        _tubes(svg, stage)
        return
    if scene.layout is not Layout.POSTER or scene.family is Family.BOARD:
        return
    with svg.group(clip_path=svg.clip(rect(*sky(stage)))):
        if scene.family is Family.WORDS:
            _stage_of_words(svg, scene, stage)
            return
        match decor(scene, beside=stage.beside):
            case Decor.DISC:
                _disc(svg, scene, stage)
            case Decor.ARCH:
                _arch(svg, scene, stage)
            case Decor.RAYS:
                _disc(svg, scene, stage)
            case Decor.PANEL:
                _panel(svg, scene, stage)


def _stage_of_words(svg: Svg, scene: Scene, stage: Composition) -> None:
    """A ground for words alone: large quiet shapes at the corners, and a hairline frame."""
    ground, unit = scene.backdrop, stage.unit
    near = lighten(ground, 0.09)
    if not sunburst(scene, beside=stage.beside):
        svg.draw(ellipse(stage.width * 0.97, stage.height * 1.02, unit * 0.42), near)
        svg.draw(
            ellipse(stage.width * 0.97, stage.height * 1.02, unit * 0.27), lighten(ground, 0.16)
        )
        svg.draw(ellipse(0, 0, unit * 0.20), darken(ground, 0.10))
    frame = stage.frame.grown(-unit * 0.030)
    line = lighten(ground, 0.55) if luminance(ground) < _MIDDLE else darken(ground, 0.55)
    svg.stroke(rect(*frame), line, unit * 0.0022, 0.7)


def _gap(stage: Composition) -> float:
    """How far a shape round the product's middle may reach without running under the copy."""
    copy = stage.copy_box
    if copy is None:
        return stage.unit
    if stage.beside:
        return copy.x - stage.cx if copy.x > stage.cx else stage.cx - copy.right
    return stage.mid - copy.bottom


def _least(stage: Composition) -> float:
    """What a shape keeps however near the copy is: it must show at both sides of the product."""
    return min(stage.goods.w * 0.58, _gap(stage) * 0.87)


def _fill(svg: Svg, scene: Scene) -> str:
    color = tone(scene)
    if is_dark(scene):
        return svg.lin([lighten(color, 0.14), darken(color, 0.25)], (0, 0, 0.5, 1))
    return svg.lin([lighten(color, 0.22), color], (0, 0, 0.5, 1))


def _disc(svg: Svg, scene: Scene, stage: Composition) -> None:
    wanted = max(stage.reach * 1.22, stage.goods.w * 0.80)
    radius = min(wanted, max(_gap(stage) * 0.82, _least(stage)))
    y = stage.mid - stage.reach * 0.10
    svg.draw(ellipse(stage.cx, y, radius), _fill(svg, scene))
    ring = lighten(tone(scene), 0.35) if luminance(scene.backdrop) < 0.5 else tone(scene)  # noqa: PLR2004 - light or dark ground
    svg.stroke(ellipse(stage.cx, y, radius * 1.055), ring, stage.unit * 0.0028, 0.75)


def _arch(svg: Svg, scene: Scene, stage: Composition) -> None:
    half = min(
        max(stage.goods.w * 0.78, stage.reach * 0.72), max(_gap(stage) * 0.77, _least(stage))
    )
    if not stage.beside:
        half = min(max(stage.goods.w * 0.80, stage.reach * 0.80), stage.width * 0.42)
    top = max(stage.goods.y - half * 0.42, stage.unit * 0.05)
    copy = stage.copy_box
    if copy is not None and not stage.beside:
        top = max(top, copy.bottom + stage.unit * 0.022 + half * 0.10)
    for grow, fill in ((1.10, None), (1.0, _fill(svg, scene))):
        r = half * grow
        y = top + half
        shape = Path().move(stage.cx - r, stage.horizon + 4).line(stage.cx - r, y)
        k = r * 0.5523
        shape.cubic(stage.cx - r, y - k, stage.cx - k, y - r, stage.cx, y - r)
        shape.cubic(stage.cx + k, y - r, stage.cx + r, y - k, stage.cx + r, y)
        shape.line(stage.cx + r, stage.horizon + 4)
        if fill is None:
            svg.stroke(shape, tone(scene), stage.unit * 0.0028, 0.8)
        else:
            svg.draw(shape.close(), fill)


def _panel(svg: Svg, scene: Scene, stage: Composition) -> None:
    """The product's side of the wall in another tone, from edge to edge."""
    copy = stage.copy_box or stage.goods
    if copy.x < stage.cx:
        x = (copy.right + stage.goods.x) / 2
        area = Box(x, 0, stage.width - x, stage.height)
    else:
        area = Box(0, 0, (copy.x + stage.goods.right) / 2, stage.height)
    svg.draw(rect(*area), _fill(svg, scene))


def _tubes(svg: Svg, stage: Composition) -> None:
    """Two neon tubes, one on either side."""
    top = stage.mid - stage.reach * 0.85
    copy = stage.copy_box
    if copy is not None and not stage.beside:
        top = max(top, copy.bottom + stage.unit * 0.04)
    bottom = min(stage.mid + stage.reach * 0.72, stage.horizon - stage.unit * 0.01)
    for side, color in ((-1, MAGENTA), (1, CYAN)):
        x = stage.cx + side * neon_reach(stage)
        tube = polygon([(x, top), (x, bottom)], close=False)
        if copy is not None and stage.beside and copy.x - stage.unit * 0.03 < x < copy.right:
            continue
        for width, alpha in ((0.046, 0.10), (0.028, 0.18), (0.012, 0.85)):
            svg.stroke(tube, color, stage.unit * width, alpha)
        svg.stroke(tube, "#ffffff", stage.unit * 0.0045, 0.95)
