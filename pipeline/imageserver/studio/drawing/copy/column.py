"""Copy set in a column: headline, sub lines, then a row of buttons and prices."""

from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.imageserver.painting.painter import UnpaintableError
from pipeline.imageserver.studio.drawing.copy.font_choice import display_face, price_face, text_face
from pipeline.imageserver.studio.scene.scene import Role, Scene
from pipeline.imageserver.studio.vector.shapes import rounded
from pipeline.lettering.box import Box, around
from pipeline.lettering.fitting import TextAlign, TextSetting, fit
from pipeline.lettering.path import Path
from pipeline.lettering.scripts import is_rtl
from pipeline.lettering.shaping import line

MIN_SIZE = 0.0125
"""The smallest legible type size, in units of the column; smaller copy is refused."""
_MAX_HEADLINE = 140
_LEAD = 0.09
"""Extra space below a headline, in sizes of its type."""
_ROW = (Role.CTA, Role.PRICE)
_BODY = 90
"""Longer lines, in characters, are body text."""


class CopyKind(StrEnum):
    """The kinds of copy outside the product."""

    HEADLINE = "headline"
    SUB = "sub"
    CTA = "cta"
    PRICE = "price"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyPiece:
    """Placed copy: its box, its outline, the plate under it, its type size."""

    kind: CopyKind
    text: str
    box: Box
    path: Path
    size: float
    plate: Path | None = None

    def moved(self, dx: float, dy: float) -> "CopyPiece":
        """Return the piece moved."""
        plate = self.plate.moved(dx, dy) if self.plate else None
        return replace(self, box=self.box.moved(dx, dy), path=self.path.moved(dx, dy), plate=plate)


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyColumn:
    """The area and the limits in which copy is set."""

    zone: Box
    unit: float
    """The square root of the picture's area, by which type is measured."""
    across: TextAlign
    down: TextAlign
    largest: float
    """The largest headline, in pixels."""
    small: float = 0.042
    """The largest sub line, in units."""
    row_beside: bool = False
    """True if buttons and prices stand beside the lines, in a column of their own."""


def leading_edge(scene: Scene) -> TextAlign:
    """Return the side at which lines begin: the right one for right-to-left scripts."""
    texts = scene.texts(Role.HEADLINE, Role.SUB)
    return TextAlign.END if texts and is_rtl(texts[0]) else TextAlign.START


def column(scene: Scene, where: CopyColumn, *, prices: bool = True) -> list[CopyPiece]:
    """Set the scene's copy in a column. Raises UnpaintableError if it does not fit."""
    heads, subs = _heads_and_subs(scene)
    beside = where.row_beside and where.across is not TextAlign.END
    if beside and (heads or subs) and scene.texts(Role.CTA, Role.PRICE):
        one = column(scene, replace(where, row_beside=False), prices=prices)
        two = _two_columns(scene, where, prices=prices)
        return two if two[0].size > one[0].size else one
    row = _row(scene, where, prices=prices)
    zone, unit = where.zone, where.unit
    gap = unit * 0.034
    row_h = row[0].box.h + gap * 1.25 if row else 0.0
    weight = sum(_weight(s) for s in subs)
    each = (1.62 if where.across is TextAlign.MIDDLE else 2.4) * where.small
    sub_h = min(unit * each * weight, zone.h * (0.42 if heads else 0.9)) if subs else 0.0
    head_h = zone.h - row_h - (sub_h + gap + where.largest * _LEAD if subs else 0)
    found: list[CopyPiece] = []
    y = zone.y
    if heads:
        found.append(_headline(scene, heads[0], where, Box(zone.x, y, zone.w, head_h)))
        y = found[-1].box.bottom + gap + found[-1].size * _LEAD * bool(subs)
    for sub in subs:
        high = sub_h * _weight(sub) / weight
        found.append(_sub(sub, where, Box(zone.x, y, zone.w, max(high - gap * 0.5, 1))))
        y = found[-1].box.bottom + gap * (0.8 if sub is not subs[-1] else 1.0)
    if row:
        top = y + gap * (0.45 if found else 0)
        found += [piece.moved(0, top - row[0].box.y) for piece in row]
    return _aligned(found, where)


def _two_columns(scene: Scene, where: CopyColumn, *, prices: bool) -> list[CopyPiece]:
    """Set the lines in one column, and prices over buttons in another beside it."""
    zone, gap = where.zone, where.unit * 0.034
    share = 0.30
    right = Box(zone.x + zone.w * (1 - share), zone.y, zone.w * share, zone.h)
    beside = replace(where, zone=right, across=TextAlign.MIDDLE)
    groups = [_row(scene, beside, prices=prices, ctas=False)]
    groups.append(_row(scene, beside, prices=False))
    stacked: list[CopyPiece] = []
    y = zone.y
    for group in groups:
        stacked += [piece.moved(0, y - group[0].box.y) for piece in group]
        y = around([p.box for p in stacked]).bottom + gap if stacked else y
    if not stacked:
        return column(scene, replace(where, row_beside=False), prices=False)
    bare = replace(scene, copy=tuple(c for c in scene.copy if c.role not in _ROW))
    left = replace(where, zone=Box(zone.x, zone.y, zone.w * (1 - share) - gap, zone.h))
    lines = column(bare, replace(left, row_beside=False))
    taken = around([p.box for p in lines])
    dy = taken.cy - around([p.box for p in stacked]).cy
    # the second column stands close to the first
    dx = min(0.0, taken.right + gap * 2 - min(p.box.x for p in stacked))
    return lines + [piece.moved(dx, dy) for piece in stacked]


def _heads_and_subs(scene: Scene) -> tuple[list[str], list[str]]:
    """Return the headline, if it is short enough, and the sub lines."""
    heads = scene.texts(Role.HEADLINE)
    first = heads[:1] if heads and len(heads[0]) <= _MAX_HEADLINE else []
    return first, heads[len(first) :] + scene.texts(Role.SUB) + scene.texts(Role.CAPTION)


def _weight(text: str) -> float:
    """Return the share of the height that a sub line needs."""
    return 1.0 + len(text) / _BODY * 0.8


def _aligned(found: list[CopyPiece], where: CopyColumn) -> list[CopyPiece]:
    if not found:
        return []
    taken = around([p.box for p in found])
    dy = where.zone.y - taken.y + max(0, where.zone.h - taken.h) * where.down.share()
    return [piece.moved(0, dy) for piece in found]


def _legible(piece: CopyPiece, unit: float) -> CopyPiece:
    if piece.size < MIN_SIZE * unit:
        raise UnpaintableError(
            f"the copy does not fit: {piece.text[:24]!r} would be too small to read",
            hint="keep quoted text short: several short strings work better than one paragraph",
        )
    return piece


def _headline(scene: Scene, text: str, where: CopyColumn, box: Box) -> CopyPiece:
    face = display_face(scene.style, text)
    setting = TextSetting(
        face=face,
        across=where.across,
        down=TextAlign.START,
        max_size=where.largest,
        max_lines=5,
        gain=1.16,
        tracking=0.012 if face.capitals else 0.0,
    )
    block = fit(text, box, setting)
    piece = CopyPiece(
        kind=CopyKind.HEADLINE, text=text, box=block.box, path=block.path, size=block.size
    )
    return _legible(piece, where.unit)


def _sub(text: str, where: CopyColumn, box: Box) -> CopyPiece:
    long = len(text) > _BODY
    setting = TextSetting(
        face=text_face(text, long=long),
        across=where.across,
        down=TextAlign.START,
        max_size=where.unit * (0.030 if long else where.small),
        max_lines=60 if long else 3,
        gain=1.05,
    )
    block = fit(text, box, setting)
    piece = CopyPiece(kind=CopyKind.SUB, text=text, box=block.box, path=block.path, size=block.size)
    return _legible(piece, where.unit)


def _row(scene: Scene, where: CopyColumn, *, prices: bool, ctas: bool = True) -> list[CopyPiece]:
    """Return buttons and prices side by side, at the top of the zone."""
    zone, unit = where.zone, where.unit
    parts: list[tuple[CopyKind, str, float, float]] = []
    for cta in scene.texts(Role.CTA) if ctas else ():
        size = min(unit * 0.033, zone.h * 0.16)
        wide = line(cta, text_face(cta)).advance * size + size * 2.3
        parts.append((CopyKind.CTA, cta, wide, size * 2.3))
    for price in scene.texts(Role.PRICE) if prices else ():
        high = min(unit * 0.145, zone.h * 0.34)
        parts.append((CopyKind.PRICE, price, card_width(price, high), high))
    if not parts:
        return []
    gap = 0.030 * unit
    total = sum(p[2] for p in parts) + gap * (len(parts) - 1)
    shrink = min(1.0, zone.w / total)
    x = zone.x + (zone.w - total * shrink) * where.across.share()
    row_h = max(p[3] for p in parts) * shrink
    found: list[CopyPiece] = []
    for kind, text, wide, high in parts:
        area = Box(x, zone.y + (row_h - high * shrink) / 2, wide * shrink, high * shrink)
        found.append(_button(text, area) if kind is CopyKind.CTA else price_card(text, area))
        x += (wide + gap) * shrink
    found.sort(key=lambda piece: -piece.box.h)
    return [_legible(piece, unit) for piece in found]


def _button(text: str, area: Box) -> CopyPiece:
    inner = Box(
        area.x + area.h * 0.45, area.y + area.h * 0.27, area.w - area.h * 0.9, area.h * 0.46
    )
    block = fit(text, inner, TextSetting(face=text_face(text), max_lines=1))
    return CopyPiece(
        kind=CopyKind.CTA,
        text=text,
        box=area,
        path=block.path,
        size=block.size,
        plate=rounded(*area, r=area.h / 2),
    )


def card_width(text: str, high: float) -> float:
    """Return the width that a price card of this height needs."""
    face = price_face(text)
    return max(high * 1.25, line(text, face).advance * high * 0.50 + high * 0.62)


def price_card(text: str, area: Box) -> CopyPiece:
    """Return a price on a card, which is drawn smaller than its box and tilted within it."""
    inner = area.grown(-area.h * 0.28, -area.h * 0.27)
    block = fit(text, inner, TextSetting(face=price_face(text), max_lines=1))
    return CopyPiece(kind=CopyKind.PRICE, text=text, box=area, path=block.path, size=block.size)
