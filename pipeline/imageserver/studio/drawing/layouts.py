"""The layouts: copy is placed first, the product in the remaining space."""

from dataclasses import replace

from pipeline.imageserver.studio.drawing.composition import (
    FOOT,
    SAFE_BOTTOM,
    SAFE_SIDE,
    SAFE_TOP,
    STORY,
    WIDE,
    Composition,
    ProductArea,
    placed,
    spread,
    total_height,
    unit_of,
)
from pipeline.imageserver.studio.drawing.copy.column import (
    CopyColumn,
    CopyPiece,
    card_width,
    column,
    leading_edge,
    price_card,
)
from pipeline.imageserver.studio.scene.product_shapes import extent
from pipeline.imageserver.studio.scene.scene import Family, Layout, Role, Scene, Surface
from pipeline.lettering.box import Box, around
from pipeline.lettering.fitting import TextAlign

OVERLAY = (Role.HEADLINE, Role.SUB, Role.CTA)
"""Copy that lies over the picture, not on the product."""
_SQUARISH = 0.9
_UPRIGHT = 0.7
_BANNER = 2.2
"""Width over height from which a picture is a banner."""
_SLIM = 1.9
_LONG = 260
_LIFT = 0.13
"""How far copy may be raised to clear the horizon, in heights of the picture."""


def copy_beside(scene: Scene) -> bool:
    """Return whether copy goes beside the product: on wide pictures, and beside slim products."""
    left, right = extent(scene)
    slim = total_height(scene) > _SLIM * (left + right)
    return scene.aspect >= WIDE or (scene.aspect >= _UPRIGHT and slim)


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


def compose_over(scene: Scene, size: tuple[int, int], where: tuple[Box, TextAlign]) -> Composition:
    """Return a composition without a product: the copy over a picture, in its calmest area."""
    frame = Box(0, 0, *size)
    (zone, across), unit = where, unit_of(frame)
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


def _words_only(scene: Scene, frame: Box) -> Composition:
    unit = unit_of(frame)
    margin = unit * 0.075
    zone = frame.grown(-max(margin, frame.w * 0.07), -max(margin, frame.h * 0.09))
    wide = scene.aspect >= WIDE
    where = CopyColumn(
        zone=zone,
        unit=unit,
        across=leading_edge(scene) if wide else TextAlign.MIDDLE,
        down=TextAlign.MIDDLE,
        largest=frame.h * (0.40 if wide else 0.36),
        small=0.055,
        row_beside=scene.aspect >= _BANNER,
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
    captions: tuple[CopyPiece, ...] = ()
    if scene.texts(Role.CAPTION) and scene.family is not Family.BOARD:
        zone, captions = _with_captions(scene, frame, zone)
    if not scene.texts(Role.PRICE) or scene.family is Family.BOARD:
        return placed(scene, frame, ProductArea(zone=zone, copy=captions))
    area = _with_cards(scene, frame, zone)
    return placed(scene, frame, replace(area, copy=(*captions, *area.copy)))


def _with_captions(scene: Scene, frame: Box, zone: Box) -> tuple[Box, tuple[CopyPiece, ...]]:
    """Return the captions under the product, or above it in a story, and the area that is left."""
    unit = unit_of(frame)
    story = scene.aspect < STORY
    high = unit * 0.07 * len(scene.texts(Role.CAPTION)) + unit * 0.02
    top = frame.h * SAFE_TOP if story else frame.h * 0.955 - high
    where = CopyColumn(
        zone=Box(frame.w * 0.08, top, frame.w * 0.84, high),
        unit=unit,
        across=TextAlign.MIDDLE,
        down=TextAlign.START if story else TextAlign.END,
        largest=high,
        small=0.060,
    )
    pieces = tuple(column(scene, where, prices=False))
    taken = around([p.box for p in pieces])
    if story:
        below = taken.bottom + unit * 0.05
        return Box(zone.x, below, zone.w, zone.bottom - below), pieces
    return Box(zone.x, zone.y, zone.w, taken.y - unit * 0.03 - zone.y), pieces


def _with_cards(scene: Scene, frame: Box, zone: Box) -> ProductArea:
    """Return the area left of the price cards; product and cards are centred in the zone."""
    unit, prices = unit_of(frame), scene.texts(Role.PRICE)
    if scene.aspect < STORY:
        side = frame.w * SAFE_SIDE
        zone = Box(side, zone.y, frame.w - 2 * side, zone.h)
    gap = unit * 0.028
    high = min(unit * 0.125, zone.h * 0.3)
    wide = max(card_width(p, high) for p in prices)
    shrink = min(1.0, zone.w * 0.36 / wide)
    wide, high = wide * shrink, high * shrink
    left, right = extent(scene)
    scale = min(zone.h / (total_height(scene) + FOOT), (zone.w - wide - gap) / (left + right + 12))
    product_w = (left + right + 12) * scale
    x = zone.cx - product_w / 2
    if zone.right - x - product_w - gap < wide:  # no room for a card beside a centred product
        x = zone.cx - (product_w + gap + wide) / 2
    pitch = high + gap * 0.5
    floor = zone.bottom - FOOT * scale
    y = max(zone.y, floor + FOOT * scale * 0.4 - pitch * len(prices))
    if scene.aspect < STORY:
        y = max(zone.y, min(y, frame.h * SAFE_BOTTOM - pitch * len(prices)))
    cards = tuple(
        price_card(p, Box(x + product_w + gap, y + i * pitch, wide, high))
        for i, p in enumerate(prices)
    )
    return ProductArea(
        zone=Box(x, zone.y, product_w, zone.h), copy=cards, limit=(0.0, x + product_w + gap * 0.6)
    )


def _side_by_side(scene: Scene, frame: Box) -> Composition:
    """Compose the product at one side and the copy at the other."""
    unit, w, h = unit_of(frame), frame.w, frame.h
    left, right = extent(scene)
    tall = total_height(scene)
    margin = min(max(unit * 0.065, w * 0.05), w * 0.08)
    room = spread(scene, has_copy=True)
    top, bottom = h * 0.075, h * (0.94 if scene.transparent else 0.92)
    by_height = (bottom - top) / (tall + FOOT)
    wanted = (left + right + 2 * room) * by_height
    long = sum(map(len, scene.texts(*OVERLAY))) > _LONG
    most = 0.34 if long else 0.46 if scene.aspect >= WIDE else 0.40
    product_w = min(max(wanted, w * (0.24 if long else 0.30)), w * most)
    rtl = leading_edge(scene) is TextAlign.END
    at_right = (scene.seed // 7 + scene.take) % 2 == 1 and not rtl
    gap = unit * 0.045
    banner = scene.aspect >= _BANNER
    copy_w = min(w - product_w - margin - gap - w * 0.035, unit * (1.3 if banner else 1.05))
    spare = w - product_w - copy_w - margin - gap - w * 0.035
    pad = w * 0.035 + spare * 0.4
    if at_right:
        zone = Box(w - product_w - pad, top, product_w, bottom - top)
        copy = Box(margin + spare * (0.5 if banner else 0.3), h * 0.10, copy_w, h * 0.80)
    else:
        zone = Box(pad, top, product_w, bottom - top)
        copy = Box(w - margin - copy_w - spare * 0.3, h * 0.10, copy_w, h * 0.80)
    where = CopyColumn(
        zone=copy,
        unit=unit,
        across=leading_edge(scene),
        down=TextAlign.MIDDLE,
        largest=h * (0.42 if banner else 0.34 if scene.aspect >= WIDE else 0.18),
        small=0.052 if banner else 0.042,
        row_beside=banner,
    )
    pieces = column(scene, where)
    taken = around([p.box for p in pieces])
    limit = (0.0, taken.x - gap * 0.4) if not at_right else (taken.right + gap * 0.4, w)
    area = ProductArea(zone=zone, copy=tuple(pieces), limit=limit, beside=True)
    composition = placed(scene, frame, area)
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
    product_w = (left + right) * zone.h / (total_height(scene) + FOOT)
    if not prices:
        return placed(scene, frame, ProductArea(zone=zone, copy=tuple(plain)))
    if len(prices) == 1 and product_w < zone.w * 0.72:
        area = _with_cards(scene, frame, zone)
        return placed(scene, frame, replace(area, copy=(*plain, *area.copy)))
    copy = column(scene, where)
    return placed(scene, frame, ProductArea(zone=_below(scene, frame, copy), copy=tuple(copy)))


def _column_above(scene: Scene, frame: Box) -> CopyColumn:
    unit, w, h = unit_of(frame), frame.w, frame.h
    margin = max(w * 0.075, unit * 0.05)
    story = scene.aspect < STORY
    share = 0.34 if scene.aspect < _SQUARISH else 0.30
    share += 0.05 * len(scene.texts(Role.CTA)[:1]) + 0.04 * len(scene.texts(Role.SUB)[:2])
    if sum(map(len, scene.texts(*OVERLAY))) > _LONG:
        share = 0.55
    zone = Box(margin, h * 0.06, w - 2 * margin, h * min(share, 0.58))
    if story:
        side = max(margin, w * SAFE_SIDE)
        high = min(share, SAFE_BOTTOM - SAFE_TOP)
        zone = Box(side, h * SAFE_TOP, w - 2 * side, h * high)
    return CopyColumn(
        zone=zone,
        unit=unit,
        across=TextAlign.MIDDLE,
        down=TextAlign.START,
        largest=h * (0.125 if story else 0.17),
    )


def _below(scene: Scene, frame: Box, copy: list[CopyPiece]) -> Box:
    """Return the area below the copy."""
    bottom = frame.h * (0.94 if scene.transparent else 0.915)
    top = around([p.box for p in copy]).bottom + unit_of(frame) * 0.05
    return Box(frame.w * 0.05, top, frame.w * 0.90, bottom - top)
