"""The composition of a picture: copy is placed first, the product in the remaining space."""

import math
from dataclasses import dataclass

from pipeline.imageserver.studio.drawing.copy.column import (
    CopyPiece,
)
from pipeline.imageserver.studio.scene.product_shapes import (
    extent,
    line_up_height,
    pedestal,
    product_shape,
)
from pipeline.imageserver.studio.scene.scene import (
    Camera,
    Family,
    Layout,
    Prop,
    Role,
    Scene,
)
from pipeline.lettering.box import Box, around

WIDE = 1.25
_TALL = 150
FOOT = 26
"""Depth of the table in front of the product, in product units."""
STORY = 0.6
SAFE_TOP, SAFE_BOTTOM, SAFE_SIDE = 0.145, 0.645, 0.065
"""Where the copy of a story may lie, in shares of the picture: what apps lay over it is outside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Composition:
    """Where everything in a picture is, in pixels; `free` is in product units."""

    width: int
    height: int
    cx: float
    """The product's axis."""
    floor: float
    """The height at which the product, or its pedestal, meets the table."""
    base: float
    """The product's foot."""
    scale: float
    """Pixels in a product unit."""
    horizon: float
    product_box: Box
    """The box of all products."""
    copy: tuple[CopyPiece, ...]
    """All copy that is not on the product."""
    beside: bool
    """True if the copy is beside the product, not above it."""
    free: tuple[float, float]
    """How far left and right of the axis props may lie."""

    @property
    def frame(self) -> Box:
        """The whole picture."""
        return Box(0, 0, self.width, self.height)

    @property
    def side(self) -> int:
        """The shorter side."""
        return min(self.width, self.height)

    @property
    def unit(self) -> float:
        """The square root of the area, by which type and margins are measured."""
        return math.sqrt(self.width * self.height)

    @property
    def mid(self) -> float:
        """The product's middle, from top to bottom."""
        return self.product_box.cy

    @property
    def reach(self) -> float:
        """Half the product's height."""
        return self.product_box.h / 2

    @property
    def copy_box(self) -> Box | None:
        """The box of all copy."""
        return around([p.box for p in self.copy]) if self.copy else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductArea:
    """The area for a product, and the copy that is placed already."""

    zone: Box
    copy: tuple[CopyPiece, ...] = ()
    limit: tuple[float, float] | None = None
    """Left and right limit of the props; None for the whole width."""
    beside: bool = False


def total_height(scene: Scene) -> float:
    """Return the height of products and pedestal together, in product units."""
    return line_up_height(scene) + pedestal(scene)


def unit_of(frame: Box) -> float:
    """Return the square root of a frame's area, by which type and margins are measured."""
    return math.sqrt(frame.w * frame.h)


def spread(scene: Scene, *, has_copy: bool) -> float:
    """Return the space for props at either side, in product units."""
    if scene.transparent:
        return 10
    loose_props = [p for p in scene.props if p is not Prop.PEDESTAL]
    if not loose_props:
        return 18
    wanted = 46 if has_copy else 104
    return min(wanted, 28 if scene.aspect < STORY + 0.1 else 74 if has_copy else 104)


def placed(scene: Scene, frame: Box, area: ProductArea) -> Composition:
    """Compose the product in its area, as large as the camera shows it."""
    zone, tall = area.zone, total_height(scene)
    left, right = extent(scene)
    room = spread(scene, has_copy=bool(area.copy))
    foot = 8.0 if scene.transparent else FOOT
    by_height = zone.h / (tall + foot)
    room = min(room, 12) if area.copy else room
    roomy = zone.w / (left + right + 2 * room)
    snug = zone.w / (left + right + 24)
    scale = min(by_height, max(roomy, 0.90 * min(by_height, snug))) * distance(scene)
    slack = zone.h - (tall + foot) * scale
    drop = 0.5 if scene.transparent else 0.30 if area.copy else 0.42
    floor = zone.bottom - foot * scale - slack * drop
    if scene.camera is Camera.CLOSE_UP:
        scale, floor = _close_up(scene, frame, area, scale)
    elif scene.camera is Camera.LOW_ANGLE:
        floor = zone.bottom - max(2.0, foot * 0.25) * scale
    elif scene.camera is Camera.OVERHEAD:
        floor = zone.cy + tall * scale / 2
    base = floor - pedestal(scene) * scale
    wander = _wander(scene, zone, (left + right) * scale, has_copy=bool(area.copy))
    cx = zone.cx + (left - right) / 2 * scale + wander
    if area.beside and scene.camera is Camera.CLOSE_UP:  # what is too wide leaves the picture
        over = max(0.0, (left + right) * scale - zone.w) / 2
        cx += over if zone.cx > frame.cx else -over
    start, end = area.limit or (0.0, frame.w)
    high = line_up_height(scene) * scale
    box = Box(cx - left * scale, base - high, (left + right) * scale, high)
    return Composition(
        width=int(frame.w),
        height=int(frame.h),
        cx=cx,
        floor=floor,
        base=base,
        scale=scale,
        horizon=_horizon(scene, frame, floor, scale),
        product_box=_inside(box, frame),
        copy=area.copy,
        beside=area.beside,
        free=((cx - start) / scale, (end - cx) / scale),
    )


def distance(scene: Scene) -> float:
    """Return the camera's distance as a scale: each of four neighbouring takes has its own."""
    if scene.family is Family.BOARD:
        return 1.0
    return (1.0, 0.90, 0.95, 0.85)[scene.take % 4] * scene.nearness


def _wander(scene: Scene, zone: Box, wide: float, *, has_copy: bool) -> float:
    """Return how far the product stands from the middle of its area, in pixels."""
    if scene.take == 0 or has_copy or scene.count > 1:
        return 0.0
    spare = max(0.0, zone.w - wide) / 2
    return spare * (0.0, -0.16, 0.14, -0.06)[scene.take % 4]


def _horizon(scene: Scene, frame: Box, floor: float, scale: float) -> float:
    """Return the height of the horizon: none is seen from above, a low one from below."""
    tall = total_height(scene)
    rise = 0.20 if scene.layout is Layout.POSTER else 0.30
    rise *= (1.0, 1.25, 0.85, 1.1)[scene.take % 4]
    match scene.camera:
        case Camera.OVERHEAD:
            return 0.0
        case Camera.LOW_ANGLE:
            return floor - 0.05 * scale * 100
        case Camera.CLOSE_UP:
            return min(frame.h * 0.80, floor - 0.34 * scale * 100)
        case Camera.EYE_LEVEL:
            return floor - rise * scale * 100 * min(1, tall / _TALL)


def _inside(box: Box, frame: Box) -> Box:
    """Return the part of a box inside the picture."""
    x, y = max(box.x, frame.x), max(box.y, frame.y)
    return Box(x, y, min(box.right, frame.right) - x, min(box.bottom, frame.bottom) - y)


def _close_up(scene: Scene, frame: Box, area: ProductArea, scale: float) -> tuple[float, float]:
    """Return the scale and the floor at which the product fills its area and is cut by the frame.

    A label stays whole: only what is above or below it is cut off.
    """
    tall, label = total_height(scene), product_shape(scene).label
    labelled = bool(scene.texts(Role.LABEL) or scene.name)
    low = (label.low - 5) / tall if labelled and label else 0.04 if labelled else 0.22
    high = (tall - label.high - 5) / tall if labelled and label else 0.04 if labelled else 0.12
    cut_low = min(0.26, max(0.0, low))
    cut_high = 0.0 if area.copy and not area.beside else min(0.24, max(0.0, high))
    left, right = extent(scene)
    if any(p.box.y >= area.zone.bottom for p in area.copy):  # a caption stands under it
        high = area.zone.bottom / (tall * (1 - min(0.24, max(0.0, high))) + FOOT * 0.4)
        high *= distance(scene)
        scale = min(high, frame.w * 0.97 * distance(scene) / (left + right))
        return scale, area.zone.bottom - FOOT * 0.4 * scale
    top = 0.0 if cut_high else area.zone.y
    room = area.zone.w if area.beside or area.limit else frame.w
    words = labelled or scene.family is Family.NOUN
    room *= distance(scene) * (1.22 if area.beside and not words else 1.0)
    wanted = (frame.h - top) / (tall * (1 - cut_low - cut_high)) * distance(scene)
    scale = min(
        max(scale, wanted),
        max(scale, room * (0.97 if area.copy or words else 1.12) / (left + right)),
    )
    spare = frame.h - top - tall * scale
    if spare > 0:  # its width is what fills the picture
        return scale, top + tall * scale + spare * 0.42
    return scale, top + tall * (1 - cut_high) * scale
