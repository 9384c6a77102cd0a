"""The composition of a picture: copy is placed first, the product in the remaining space."""

import math
from dataclasses import dataclass, replace

from pipeline.imageserver.studio.drawing.copy.column import (
    CopyColumn,
    CopyPiece,
    card_width,
    column,
    leading_edge,
    price_card,
)
from pipeline.imageserver.studio.scene.product_shapes import extent, pedestal, product_shape
from pipeline.imageserver.studio.scene.scene import Family, Layout, Prop, Role, Scene, Surface
from pipeline.lettering.box import Box, around
from pipeline.lettering.fitting import TextAlign

OVERLAY = (Role.HEADLINE, Role.SUB, Role.CTA)
"""Copy that lies over the picture, not on the product."""
_WIDE = 1.25
_SQUARISH = 0.9
_UPRIGHT = 0.7
_SLIM = 1.9
_TALL = 150
FOOT = 26
"""Depth of the table in front of the product, in product units."""
_STORY = 0.6
_LONG = 260
_LIFT = 0.13
"""How far copy may be raised to clear the horizon, in heights of the picture."""


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


def copy_beside(scene: Scene) -> bool:
    """Return whether copy goes beside the product: on wide pictures, and beside slim products."""
    left, right = extent(scene)
    slim = _height(scene) > _SLIM * (left + right)
    return scene.aspect >= _WIDE or (scene.aspect >= _UPRIGHT and slim)


def _has_overlay(scene: Scene) -> bool:
    return bool(scene.texts(*OVERLAY))


def compose(scene: Scene, width: int, height: int) -> Composition:
    """Compose a picture of this size."""
    frame = Box(0, 0, width, height)
    if scene.family is Family.WORDS:
        return _words_only(scene, frame)
    if not _has_overlay(scene) or scene.family is Family.BOARD:
        return _alone(scene, frame)
    if copy_beside(scene):
        return _side_by_side(scene, frame)
    return _stacked(scene, frame)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductArea:
    """The area for a product, and the copy that is placed already."""

    zone: Box
    copy: tuple[CopyPiece, ...] = ()
    limit: tuple[float, float] | None = None
    """Left and right limit of the props; None for the whole width."""
    beside: bool = False


def _height(scene: Scene) -> float:
    return product_shape(scene).height + pedestal(scene)


def compose_over(scene: Scene, size: tuple[int, int], where: tuple[Box, TextAlign]) -> Composition:
    """Return a composition without a product: the copy over a picture, in its calmest area."""
    frame = Box(0, 0, *size)
    (zone, across), unit = where, _unit(frame)
    across = leading_edge(scene) if across is TextAlign.START else across
    column_here = CopyColumn(
        zone=zone, unit=unit, across=across, down=TextAlign.MIDDLE, largest=frame.h * 0.20
    )
    copy = column(scene, column_here) if scene.copy else []
    return Composition(
        width=size[0],
        height=size[1],
        cx=frame.cx,
        floor=frame.h,
        base=frame.h,
        scale=unit / 300,
        horizon=frame.h,
        product_box=Box(frame.cx, frame.h, 0, 0),
        copy=tuple(copy),
        beside=across is not TextAlign.MIDDLE,
        free=(0, 0),
    )


def _unit(frame: Box) -> float:
    return math.sqrt(frame.w * frame.h)


def _spread(scene: Scene, *, has_copy: bool) -> float:
    """Return the space for props at either side, in product units."""
    if scene.transparent:
        return 10
    loose_props = [p for p in scene.props if p is not Prop.PEDESTAL]
    if not loose_props:
        return 18
    wanted = 46 if has_copy else 104
    return min(wanted, 28 if scene.aspect < _STORY + 0.1 else 74 if has_copy else 104)


def _words_only(scene: Scene, frame: Box) -> Composition:
    unit = _unit(frame)
    margin = unit * 0.075
    zone = frame.grown(-max(margin, frame.w * 0.07), -max(margin, frame.h * 0.09))
    wide = scene.aspect >= _WIDE
    where = CopyColumn(
        zone=zone,
        unit=unit,
        across=leading_edge(scene) if wide else TextAlign.MIDDLE,
        down=TextAlign.MIDDLE,
        largest=frame.h * (0.40 if wide else 0.36),
        small=0.055,
    )
    copy = column(scene, where)
    return Composition(
        width=int(frame.w),
        height=int(frame.h),
        cx=frame.cx,
        floor=frame.h * 0.86,
        base=frame.h * 0.86,
        scale=unit / 300,
        horizon=frame.h * 1.2,
        product_box=Box(frame.cx, frame.h * 0.5, 0, 0),
        copy=tuple(copy),
        beside=wide,
        free=(0, 0),
    )


def _alone(scene: Scene, frame: Box) -> Composition:
    """Compose the product in the middle, with its price cards beside it."""
    zone = Box(frame.w * 0.07, frame.h * 0.065, frame.w * 0.86, frame.h * 0.865)
    if scene.transparent:
        zone = frame.grown(-frame.w * 0.06, -frame.h * 0.06)
    if not scene.texts(Role.PRICE) or scene.family is Family.BOARD:
        return _placed(scene, frame, ProductArea(zone=zone))
    return _placed(scene, frame, _with_cards(scene, frame, zone))


def _with_cards(scene: Scene, frame: Box, zone: Box) -> ProductArea:
    """Return the area left of the price cards; product and cards are centred in the zone."""
    unit, prices = _unit(frame), scene.texts(Role.PRICE)
    gap = unit * 0.028
    high = min(unit * 0.125, zone.h * 0.3)
    wide = max(card_width(p, high) for p in prices)
    shrink = min(1.0, zone.w * 0.38 / wide)
    wide, high = wide * shrink, high * shrink
    left, right = extent(scene)
    scale = min(zone.h / (_height(scene) + FOOT), (zone.w - wide - gap) / (left + right + 12))
    product_w = (left + right + 12) * scale
    x = zone.cx - (product_w + gap + wide) / 2
    pitch = high + gap * 0.5
    floor = zone.bottom - FOOT * scale
    y = max(zone.y, floor + FOOT * scale * 0.4 - pitch * len(prices))
    cards = tuple(
        price_card(p, Box(x + product_w + gap, y + i * pitch, wide, high))
        for i, p in enumerate(prices)
    )
    return ProductArea(
        zone=Box(x, zone.y, product_w, zone.h), copy=cards, limit=(0.0, x + product_w + gap * 0.6)
    )


def _side_by_side(scene: Scene, frame: Box) -> Composition:
    """Compose the product at one side and the copy at the other."""
    unit, w, h = _unit(frame), frame.w, frame.h
    left, right = extent(scene)
    tall = _height(scene)
    margin = min(max(unit * 0.065, w * 0.05), w * 0.08)
    spread = _spread(scene, has_copy=True)
    top, bottom = h * 0.075, h * (0.94 if scene.transparent else 0.92)
    by_height = (bottom - top) / (tall + FOOT)
    wanted = (left + right + 2 * spread) * by_height
    long = sum(map(len, scene.texts(*OVERLAY))) > _LONG
    most = 0.34 if long else 0.46 if scene.aspect >= _WIDE else 0.40
    product_w = min(max(wanted, w * (0.24 if long else 0.30)), w * most)
    rtl = leading_edge(scene) is TextAlign.END
    at_right = scene.seed % 2 == 1 and not rtl
    gap = unit * 0.045
    copy_w = min(w - product_w - margin - gap - w * 0.035, unit * 1.05)
    spare = w - product_w - copy_w - margin - gap - w * 0.035
    pad = w * 0.035 + spare * 0.4
    if at_right:
        zone = Box(w - product_w - pad, top, product_w, bottom - top)
        copy = Box(margin + spare * 0.3, h * 0.10, copy_w, h * 0.80)
    else:
        zone = Box(pad, top, product_w, bottom - top)
        copy = Box(w - margin - copy_w - spare * 0.3, h * 0.10, copy_w, h * 0.80)
    where = CopyColumn(
        zone=copy,
        unit=unit,
        across=leading_edge(scene),
        down=TextAlign.MIDDLE,
        largest=h * (0.34 if scene.aspect >= _WIDE else 0.18),
    )
    pieces = column(scene, where)
    taken = around([p.box for p in pieces])
    limit = (0.0, taken.x - gap * 0.4) if not at_right else (taken.right + gap * 0.4, w)
    area = ProductArea(zone=zone, copy=tuple(pieces), limit=limit, beside=True)
    composition = _placed(scene, frame, area)
    seamless = scene.surface is Surface.MATTE and scene.layout is Layout.PHOTO
    return composition if seamless else replace(composition, copy=_clear_of_horizon(composition))


def _clear_of_horizon(composition: Composition) -> tuple[CopyPiece, ...]:
    """Return the copy, moved up or down if a line of it would lie on the horizon."""
    near, copy = composition.height * 0.028, composition.copy
    whole = around([p.box for p in copy])
    lift = whole.bottom - (composition.horizon - near)
    if 0 < lift < composition.height * _LIFT and whole.y - lift > composition.height * 0.075:
        return tuple(p.moved(0, -lift) for p in copy)
    edges = [edge for p in copy for edge in (p.box.bottom, p.box.y)]
    if all(abs(edge - composition.horizon) > near for edge in edges):
        return copy
    margin = composition.height * 0.05
    for step in (-1, 1, -2, 2):
        dy = step * near
        clear = all(abs(edge + dy - composition.horizon) > near for edge in edges)
        if clear and whole.y + dy > margin and whole.bottom + dy < composition.height - margin:
            return tuple(p.moved(0, dy) for p in copy)
    return copy


def _stacked(scene: Scene, frame: Box) -> Composition:
    """Compose the copy above and the product below it."""
    where = _column_above(scene, frame)
    prices = scene.texts(Role.PRICE)
    plain = column(scene, where, prices=False)
    zone = _below(scene, frame, plain)
    left, right = extent(scene)
    product_w = (left + right) * zone.h / (_height(scene) + FOOT)
    if not prices:
        return _placed(scene, frame, ProductArea(zone=zone, copy=tuple(plain)))
    if len(prices) == 1 and product_w < zone.w * 0.72:
        area = _with_cards(scene, frame, zone)
        return _placed(scene, frame, replace(area, copy=(*plain, *area.copy)))
    copy = column(scene, where)
    return _placed(scene, frame, ProductArea(zone=_below(scene, frame, copy), copy=tuple(copy)))


def _column_above(scene: Scene, frame: Box) -> CopyColumn:
    unit, w, h = _unit(frame), frame.w, frame.h
    margin = max(w * 0.075, unit * 0.05)
    story = scene.aspect < _STORY
    share = 0.34 if scene.aspect < _SQUARISH else 0.30
    share += 0.05 * len(scene.texts(Role.CTA)[:1]) + 0.04 * len(scene.texts(Role.SUB)[:2])
    if sum(map(len, scene.texts(*OVERLAY))) > _LONG:
        share = 0.55
    return CopyColumn(
        zone=Box(margin, h * (0.075 if story else 0.06), w - 2 * margin, h * min(share, 0.58)),
        unit=unit,
        across=TextAlign.MIDDLE,
        down=TextAlign.START,
        largest=h * (0.135 if story else 0.17),
    )


def _below(scene: Scene, frame: Box, copy: list[CopyPiece]) -> Box:
    """Return the area below the copy."""
    bottom = frame.h * (0.94 if scene.transparent else 0.915)
    top = around([p.box for p in copy]).bottom + _unit(frame) * 0.05
    return Box(frame.w * 0.05, top, frame.w * 0.90, bottom - top)


def _placed(scene: Scene, frame: Box, area: ProductArea) -> Composition:
    """Compose the product in its area, as large as possible."""
    zone, tall = area.zone, _height(scene)
    left, right = extent(scene)
    spread = _spread(scene, has_copy=bool(area.copy))
    foot = 8.0 if scene.transparent else FOOT
    by_height = zone.h / (tall + foot)
    spread = min(spread, 12) if area.copy else spread
    roomy = zone.w / (left + right + 2 * spread)
    snug = zone.w / (left + right + 24)
    scale = min(by_height, max(roomy, 0.90 * min(by_height, snug)))
    slack = zone.h - (tall + foot) * scale
    drop = 0.5 if scene.transparent else 0.30 if area.copy else 0.42
    floor = zone.bottom - foot * scale - slack * drop
    base = floor - pedestal(scene) * scale
    cx = zone.cx + (left - right) / 2 * scale
    rise = 0.20 if scene.layout is Layout.POSTER else 0.30
    start, end = area.limit or (0.0, frame.w)
    high = product_shape(scene).height * scale
    return Composition(
        width=int(frame.w),
        height=int(frame.h),
        cx=cx,
        floor=floor,
        base=base,
        scale=scale,
        horizon=floor - rise * scale * 100 * min(1, tall / _TALL),
        product_box=Box(cx - left * scale, base - high, (left + right) * scale, high),
        copy=area.copy,
        beside=area.beside,
        free=((cx - start) / scale, (end - cx) / scale),
    )
