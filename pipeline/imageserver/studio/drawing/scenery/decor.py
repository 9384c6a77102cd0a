"""Sharp graphics on the wall: a poster's disc, arch, rays or panel, and neon tubes."""

import math
from enum import StrEnum

from pipeline.imageserver.studio.colors import (
    contrast,
    darken,
    from_hls,
    hls,
    lighten,
    luminance,
    mix,
)
from pipeline.imageserver.studio.drawing.composition import Composition
from pipeline.imageserver.studio.drawing.scenery.backdrop import (
    CYAN,
    MAGENTA,
    area_above_horizon,
    is_dark,
    neon_reach,
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
"""Products all in the brand's colour, which would not show on a shape of that colour."""


class Decor(StrEnum):
    """A poster's graphic."""

    DISC = "disc"
    ARCH = "arch"
    RAYS = "rays"
    PANEL = "panel"


def decor(scene: Scene, *, beside: bool) -> Decor:
    """Return the graphic that suits the style; the seed chooses among those that do."""
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
    """Return whether rays stand on the wall."""
    if scene.layout is not Layout.POSTER or scene.light is Light.NEON:
        return False
    if scene.family is Family.WORDS:
        return scene.style in (Style.BOLD, Style.SCRIPT)
    return scene.family is not Family.BOARD and decor(scene, beside=beside) is Decor.RAYS


def rays(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw a sunburst over the whole wall, with the soft things."""
    far = composition.width + composition.height
    dim = is_dark(scene) or scene.family is Family.WORDS
    color = lighten(scene.backdrop, 0.12 if dim else 0.42)
    burst = Path()
    for i in range(18):
        a0, a1 = math.tau * i / 18, math.tau * (i + 0.5) / 18
        burst.extend(
            polygon(
                [
                    (composition.cx, composition.mid),
                    (composition.cx + math.cos(a0) * far, composition.mid + math.sin(a0) * far),
                    (composition.cx + math.cos(a1) * far, composition.mid + math.sin(a1) * far),
                ]
            )
        )
    fade: list[Stop] = [(color, 0.85, 0), (color, 0.45, 0.5), (color, 0, 1)]
    middle = (composition.cx, composition.mid)
    svg.draw(burst, svg.rad(fade, middle, composition.unit * 0.85, user=True))


def tone(scene: Scene) -> str:
    """Return the graphic's colour: one of the palette that contrasts with the backdrop."""
    background, colors = scene.backdrop, scene.palette
    apart = 1.22
    options = [colors.main, mix(colors.main, colors.soft, 0.5), colors.accent, colors.soft]
    if scene.family in _PRINTED:
        hue, light, rich = hls(colors.main)
        pale = luminance(colors.main) > _MIDDLE
        behind = from_hls(hue, light * 0.80, rich) if pale else mix(colors.main, colors.soft, 0.58)
        options[:2] = [behind, colors.main]
    if is_dark(scene):
        options = [mix(colors.main, background, 0.30), lighten(background, 0.22), colors.accent]
    return next((c for c in options if contrast(c, background) > apart), darken(background, 0.18))


def draw_decor(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the poster's graphic behind the product, down to the horizon."""
    if scene.light is Light.NEON:
        _tubes(svg, composition)
        return
    if scene.layout is not Layout.POSTER or scene.family is Family.BOARD:
        return
    with svg.group(clip_path=svg.clip(rect(*area_above_horizon(composition)))):
        if scene.family is Family.WORDS:
            _words_background(svg, scene, composition)
            return
        match decor(scene, beside=composition.beside):
            case Decor.DISC:
                _disc(svg, scene, composition)
            case Decor.ARCH:
                _arch(svg, scene, composition)
            case Decor.RAYS:
                _disc(svg, scene, composition)
            case Decor.PANEL:
                _panel(svg, scene, composition)


def _words_background(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the background of a poster of words: large pale shapes and a hairline frame."""
    background, unit = scene.backdrop, composition.unit
    near = lighten(background, 0.09)
    if not sunburst(scene, beside=composition.beside):
        svg.draw(ellipse(composition.width * 0.97, composition.height * 1.02, unit * 0.42), near)
        svg.draw(
            ellipse(composition.width * 0.97, composition.height * 1.02, unit * 0.27),
            lighten(background, 0.16),
        )
        svg.draw(ellipse(0, 0, unit * 0.20), darken(background, 0.10))
    frame = composition.frame.grown(-unit * 0.030)
    line = (
        lighten(background, 0.55) if luminance(background) < _MIDDLE else darken(background, 0.55)
    )
    svg.stroke(rect(*frame), line, unit * 0.0022, 0.7)


def _room_for_shape(composition: Composition) -> float:
    """Return the distance from the product's middle to the copy."""
    copy = composition.copy_box
    if copy is None:
        return composition.unit
    if composition.beside:
        return copy.x - composition.cx if copy.x > composition.cx else composition.cx - copy.right
    return composition.mid - copy.bottom


def _min_radius(composition: Composition) -> float:
    """Return the least radius of a shape, at which it shows at both sides of the product."""
    return min(composition.product_box.w * 0.58, _room_for_shape(composition) * 0.87)


def _fill(svg: Svg, scene: Scene) -> str:
    color = tone(scene)
    if is_dark(scene):
        return svg.lin([lighten(color, 0.14), darken(color, 0.25)], (0, 0, 0.5, 1))
    return svg.lin([lighten(color, 0.22), color], (0, 0, 0.5, 1))


def _disc(svg: Svg, scene: Scene, composition: Composition) -> None:
    radius_wanted = max(composition.reach * 1.22, composition.product_box.w * 0.80)
    radius = min(radius_wanted, max(_room_for_shape(composition) * 0.82, _min_radius(composition)))
    y = composition.mid - composition.reach * 0.10
    svg.draw(ellipse(composition.cx, y, radius), _fill(svg, scene))
    ring = lighten(tone(scene), 0.35) if luminance(scene.backdrop) < 0.5 else tone(scene)  # noqa: PLR2004 - light or dark ground
    svg.stroke(ellipse(composition.cx, y, radius * 1.055), ring, composition.unit * 0.0028, 0.75)


def _arch(svg: Svg, scene: Scene, composition: Composition) -> None:
    half = min(
        max(composition.product_box.w * 0.78, composition.reach * 0.72),
        max(_room_for_shape(composition) * 0.77, _min_radius(composition)),
    )
    if not composition.beside:
        half = min(
            max(composition.product_box.w * 0.80, composition.reach * 0.80),
            composition.width * 0.42,
        )
    top = max(composition.product_box.y - half * 0.42, composition.unit * 0.05)
    copy = composition.copy_box
    if copy is not None and not composition.beside:
        top = max(top, copy.bottom + composition.unit * 0.022 + half * 0.10)
    for grow, fill in ((1.10, None), (1.0, _fill(svg, scene))):
        r = half * grow
        y = top + half
        shape = Path().move(composition.cx - r, composition.horizon + 4).line(composition.cx - r, y)
        k = r * 0.5523
        shape.cubic(composition.cx - r, y - k, composition.cx - k, y - r, composition.cx, y - r)
        shape.cubic(composition.cx + k, y - r, composition.cx + r, y - k, composition.cx + r, y)
        shape.line(composition.cx + r, composition.horizon + 4)
        if fill is None:
            svg.stroke(shape, tone(scene), composition.unit * 0.0028, 0.8)
        else:
            svg.draw(shape.close(), fill)


def _panel(svg: Svg, scene: Scene, composition: Composition) -> None:
    """Draw the product's side of the wall in another tone, from edge to edge."""
    copy = composition.copy_box or composition.product_box
    if copy.x < composition.cx:
        x = (copy.right + composition.product_box.x) / 2
        area = Box(x, 0, composition.width - x, composition.height)
    else:
        area = Box(0, 0, (copy.x + composition.product_box.right) / 2, composition.height)
    svg.draw(rect(*area), _fill(svg, scene))


def _tubes(svg: Svg, composition: Composition) -> None:
    """Draw two neon tubes, one on either side."""
    top = composition.mid - composition.reach * 0.85
    copy = composition.copy_box
    if copy is not None and not composition.beside:
        top = max(top, copy.bottom + composition.unit * 0.04)
    bottom = min(
        composition.mid + composition.reach * 0.72, composition.horizon - composition.unit * 0.01
    )
    for side, color in ((-1, MAGENTA), (1, CYAN)):
        x = composition.cx + side * neon_reach(composition)
        tube = polygon([(x, top), (x, bottom)], close=False)
        if (
            copy is not None
            and composition.beside
            and copy.x - composition.unit * 0.03 < x < copy.right
        ):
            continue
        for width, alpha in ((0.046, 0.10), (0.028, 0.18), (0.012, 0.85)):
            svg.stroke(tube, color, composition.unit * width, alpha)
        svg.stroke(tube, "#ffffff", composition.unit * 0.0045, 0.95)
