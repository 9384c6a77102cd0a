"""Where things stand: the copy set first, the product in the room that it leaves."""

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
from pipeline.imageserver.studio.scene.product_shapes import extent, pedestal, product
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
"""Table before the product, in product units."""
_STORY = 0.6
_LONG = 260
_LIFT = 0.13
"""How far copy may be raised to stand clear above the horizon, in heights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Composition:
    """A picture's places, in pixels, except `free`, which is in product units."""

    width: int
    height: int
    cx: float
    """The product's axis."""
    floor: float
    """Where the product, or its pedestal, meets the table."""
    base: float
    """The product's foot."""
    scale: float
    """Pixels in a product unit."""
    horizon: float
    goods: Box
    """The product itself, all of its line-up."""
    copy: tuple[CopyPiece, ...]
    """All copy that is not on the product."""
    beside: bool
    """Whether copy stands beside the product rather than above it."""
    free: tuple[float, float]
    """Half widths left and right of the axis that props may use."""

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
        """The root of the area: what type and margins are measured by."""
        return math.sqrt(self.width * self.height)

    @property
    def mid(self) -> float:
        """The product's middle, from top to bottom."""
        return self.goods.cy

    @property
    def reach(self) -> float:
        """Half the product's height."""
        return self.goods.h / 2

    @property
    def copy_box(self) -> Box | None:
        """The box of all copy."""
        return around([p.box for p in self.copy]) if self.copy else None


def copy_beside(scene: Scene) -> bool:
    """Copy stands beside the product when wide, and on uprights when the product is slim."""
    left, right = extent(scene)
    slim = _height(scene) > _SLIM * (left + right)
    return scene.aspect >= _WIDE or (scene.aspect >= _UPRIGHT and slim)


def _has_overlay(scene: Scene) -> bool:
    return bool(scene.texts(*OVERLAY))


def staged(scene: Scene, width: int, height: int) -> Composition:
    """Plan a picture of these pixels."""
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
    """The room that a product gets, and the copy that was set first."""

    zone: Box
    copy: tuple[CopyPiece, ...] = ()
    limit: tuple[float, float] | None = None
    """From where to where props may lie, across; the whole width if not given."""
    beside: bool = False


def _height(scene: Scene) -> float:
    return product(scene).height + pedestal(scene)


def laid_over(scene: Scene, size: tuple[int, int], where: tuple[Box, TextAlign]) -> Composition:
    """A stage without a product: the copy over a picture that is kept, where it is calmest."""
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
        goods=Box(frame.cx, frame.h, 0, 0),
        copy=tuple(copy),
        beside=across is not TextAlign.MIDDLE,
        free=(0, 0),
    )


def _unit(frame: Box) -> float:
    return math.sqrt(frame.w * frame.h)


def _spread(scene: Scene, *, has_copy: bool) -> float:
    """Room for props at either side, in product units."""
    if scene.transparent:
        return 10
    lying = [p for p in scene.props if p is not Prop.PEDESTAL]
    if not lying:
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
        goods=Box(frame.cx, frame.h * 0.5, 0, 0),
        copy=tuple(copy),
        beside=wide,
        free=(0, 0),
    )


def _alone(scene: Scene, frame: Box) -> Composition:
    """The product in the middle, with its price card if it has one."""
    zone = Box(frame.w * 0.07, frame.h * 0.065, frame.w * 0.86, frame.h * 0.865)
    if scene.transparent:
        zone = frame.grown(-frame.w * 0.06, -frame.h * 0.06)
    if not scene.texts(Role.PRICE) or scene.family is Family.BOARD:
        return _placed(scene, frame, ProductArea(zone=zone))
    return _placed(scene, frame, _with_cards(scene, frame, zone))


def _with_cards(scene: Scene, frame: Box, zone: Box) -> ProductArea:
    """Room for the product at the left of its price cards, the group centred in the zone."""
    unit, prices = _unit(frame), scene.texts(Role.PRICE)
    gap = unit * 0.028
    high = min(unit * 0.125, zone.h * 0.3)
    wide = max(card_width(p, high) for p in prices)
    shrink = min(1.0, zone.w * 0.38 / wide)
    wide, high = wide * shrink, high * shrink
    left, right = extent(scene)
    scale = min(zone.h / (_height(scene) + FOOT), (zone.w - wide - gap) / (left + right + 12))
    goods_w = (left + right + 12) * scale
    x = zone.cx - (goods_w + gap + wide) / 2
    pitch = high + gap * 0.5
    floor = zone.bottom - FOOT * scale
    y = max(zone.y, floor + FOOT * scale * 0.4 - pitch * len(prices))
    cards = tuple(
        price_card(p, Box(x + goods_w + gap, y + i * pitch, wide, high))
        for i, p in enumerate(prices)
    )
    return ProductArea(
        zone=Box(x, zone.y, goods_w, zone.h), copy=cards, limit=(0.0, x + goods_w + gap * 0.6)
    )


def _side_by_side(scene: Scene, frame: Box) -> Composition:
    """Product at one side, copy at the other, both on one optical centre line."""
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
    goods_w = min(max(wanted, w * (0.24 if long else 0.30)), w * most)
    rtl = leading_edge(scene) is TextAlign.END
    at_right = scene.seed % 2 == 1 and not rtl
    gap = unit * 0.045
    copy_w = min(w - goods_w - margin - gap - w * 0.035, unit * 1.05)
    spare = w - goods_w - copy_w - margin - gap - w * 0.035
    pad = w * 0.035 + spare * 0.4
    if at_right:
        zone = Box(w - goods_w - pad, top, goods_w, bottom - top)
        copy = Box(margin + spare * 0.3, h * 0.10, copy_w, h * 0.80)
    else:
        zone = Box(pad, top, goods_w, bottom - top)
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
    ground = ProductArea(zone=zone, copy=tuple(pieces), limit=limit, beside=True)
    stage = _placed(scene, frame, ground)
    seamless = scene.surface is Surface.MATTE and scene.layout is Layout.PHOTO
    return stage if seamless else replace(stage, copy=_off_the_horizon(stage))


def _off_the_horizon(stage: Composition) -> tuple[CopyPiece, ...]:
    """The copy, a little higher or lower where a line of it would stand on the horizon."""
    near, copy = stage.height * 0.028, stage.copy
    whole = around([p.box for p in copy])
    lift = whole.bottom - (stage.horizon - near)
    if 0 < lift < stage.height * _LIFT and whole.y - lift > stage.height * 0.075:
        return tuple(p.moved(0, -lift) for p in copy)
    edges = [edge for p in copy for edge in (p.box.bottom, p.box.y)]
    if all(abs(edge - stage.horizon) > near for edge in edges):
        return copy
    margin = stage.height * 0.05
    for step in (-1, 1, -2, 2):
        dy = step * near
        clear = all(abs(edge + dy - stage.horizon) > near for edge in edges)
        if clear and whole.y + dy > margin and whole.bottom + dy < stage.height - margin:
            return tuple(p.moved(0, dy) for p in copy)
    return copy


def _stacked(scene: Scene, frame: Box) -> Composition:
    """Copy above, the product in all the room below it."""
    where = _column_above(scene, frame)
    prices = scene.texts(Role.PRICE)
    plain = column(scene, where, prices=False)
    zone = _below(scene, frame, plain)
    left, right = extent(scene)
    goods_w = (left + right) * zone.h / (_height(scene) + FOOT)
    if not prices:
        return _placed(scene, frame, ProductArea(zone=zone, copy=tuple(plain)))
    if len(prices) == 1 and goods_w < zone.w * 0.72:
        ground = _with_cards(scene, frame, zone)
        return _placed(scene, frame, replace(ground, copy=(*plain, *ground.copy)))
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
    """What copy at the top leaves to the product."""
    bottom = frame.h * (0.94 if scene.transparent else 0.915)
    top = around([p.box for p in copy]).bottom + _unit(frame) * 0.05
    return Box(frame.w * 0.05, top, frame.w * 0.90, bottom - top)


def _placed(scene: Scene, frame: Box, ground: ProductArea) -> Composition:
    """Stand the product in its zone, as large as it may be."""
    zone, tall = ground.zone, _height(scene)
    left, right = extent(scene)
    spread = _spread(scene, has_copy=bool(ground.copy))
    foot = 8.0 if scene.transparent else FOOT
    by_height = zone.h / (tall + foot)
    spread = min(spread, 12) if ground.copy else spread
    roomy = zone.w / (left + right + 2 * spread)
    snug = zone.w / (left + right + 24)
    scale = min(by_height, max(roomy, 0.90 * min(by_height, snug)))
    slack = zone.h - (tall + foot) * scale
    drop = 0.5 if scene.transparent else 0.30 if ground.copy else 0.42
    floor = zone.bottom - foot * scale - slack * drop
    base = floor - pedestal(scene) * scale
    cx = zone.cx + (left - right) / 2 * scale
    rise = 0.20 if scene.layout is Layout.POSTER else 0.30
    start, end = ground.limit or (0.0, frame.w)
    high = product(scene).height * scale
    return Composition(
        width=int(frame.w),
        height=int(frame.h),
        cx=cx,
        floor=floor,
        base=base,
        scale=scale,
        horizon=floor - rise * scale * 100 * min(1, tall / _TALL),
        goods=Box(cx - left * scale, base - high, (left + right) * scale, high),
        copy=ground.copy,
        beside=ground.beside,
        free=((cx - start) / scale, (end - cx) / scale),
    )
