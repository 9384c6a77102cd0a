"""Copy over the picture: headline, sub line, button and price, stacked in the copy's zone."""

from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.engine.studio.drawing.stage import Stage
from pipeline.engine.studio.drawing.voice import display_face, price_face, text_face
from pipeline.engine.studio.lettering.fitting import Align, Setting, fit
from pipeline.engine.studio.lettering.scripts import is_rtl
from pipeline.engine.studio.lettering.shaping import line
from pipeline.engine.studio.scene.nouns import Role, Scene
from pipeline.engine.studio.vector.box import Box
from pipeline.engine.studio.vector.path import Path
from pipeline.engine.studio.vector.shapes import rounded


class Kind(StrEnum):
    """What a piece of copy is."""

    HEADLINE = "headline"
    SUB = "sub"
    CTA = "cta"
    PRICE = "price"
    MENU = "menu"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Copy in place: its box, its outline, the plate it lies on."""

    kind: Kind
    text: str
    box: Box
    path: Path
    plate: Path | None = None

    def moved(self, dy: float) -> "Piece":
        """The same lower down."""
        plate = self.plate.moved(0, dy) if self.plate else None
        return replace(self, box=self.box.moved(0, dy), path=self.path.moved(0, dy), plate=plate)


def pieces(scene: Scene, stage: Stage) -> list[Piece]:
    """All copy of the scene that is not on the product."""
    found = _stack(scene, stage) if stage.copy else []
    if stage.card:
        found += [_price(text, stage.card) for text in scene.texts(Role.PRICE)[:1]]
    return found


def _stack(scene: Scene, stage: Stage) -> list[Piece]:
    zone, side, wide = stage.copy, stage.side, stage.beside
    if zone is None:
        return []
    head, sub, cta = (" ".join(scene.texts(r)) for r in (Role.HEADLINE, Role.SUB, Role.CTA))
    start = Align.END if is_rtl(head or sub) else Align.START
    align = start if wide else Align.MIDDLE
    prices = scene.texts(Role.PRICE) if stage.card is None else []
    gap = side * 0.044
    row_h = max(side * 0.080 if cta else 0, side * (0.20 if wide else 0.19) if prices else 0)
    sub_h = side * (0.13 if wide else 0.10) if sub else 0
    head_h = zone.h - (sub_h + gap if sub else 0) - (row_h + gap * 1.4 if row_h else 0)
    found: list[Piece] = []
    cursor = zone.y
    if head:
        setting = Setting(
            face=display_face(scene.style, head),
            across=align,
            down=Align.START,
            max_size=stage.height * (0.23 if wide else 0.17),
            max_lines=4,
            gain=1.22,
        )
        block = fit(head, Box(zone.x, cursor, zone.w, head_h), setting)
        found.append(Piece(kind=Kind.HEADLINE, text=head, box=block.box, path=block.path))
        cursor += block.box.h + gap
    if sub:
        setting = Setting(
            face=text_face(sub), across=align, down=Align.START, max_size=side * 0.044, max_lines=3
        )
        block = fit(sub, Box(zone.x, cursor, zone.w, sub_h), setting)
        found.append(Piece(kind=Kind.SUB, text=sub, box=block.box, path=block.path))
        cursor += block.box.h + gap
    if row_h:
        row = Box(zone.x, cursor + gap * 0.4, zone.w, row_h)
        found += _row((cta, prices), row, align, side)
        cursor = row.bottom
    else:
        cursor -= gap
    return [piece.moved(max(0, (zone.bottom - cursor) / 2)) for piece in found]


def _row(what: tuple[str, list[str]], row: Box, align: Align, side: float) -> list[Piece]:
    """The button and the prices, side by side."""
    cta, prices = what
    parts: list[tuple[Kind, str, float, float]] = []
    if cta:
        size = side * 0.038
        wide = line(cta, text_face(cta)).advance * size + size * 1.9
        parts.append((Kind.CTA, cta, wide, size * 2.15))
    parts += [(Kind.PRICE, p, row.h * 1.5, row.h) for p in prices[:2]]
    gap = 0.03 * side
    total = sum(p[2] for p in parts) + gap * (len(parts) - 1)
    shrink = min(1, row.w / total)
    x = row.x + (row.w - total * shrink) * align.share()
    found: list[Piece] = []
    for kind, text, wide, high in parts:
        area = Box(x, row.y + (row.h - high * shrink) / 2, wide * shrink, high * shrink)
        found.append(_button(text, area) if kind is Kind.CTA else _price(text, area))
        x += (wide + gap) * shrink
    return found


def _button(text: str, area: Box) -> Piece:
    inner = Box(area.x + area.h * 0.4, area.y + area.h * 0.28, area.w - area.h * 0.8, area.h * 0.44)
    path = fit(text, inner, Setting(face=text_face(text), max_lines=1)).path
    return Piece(kind=Kind.CTA, text=text, box=area, path=path, plate=rounded(*area, r=area.h / 2))


def _price(text: str, area: Box) -> Piece:
    inner = area.grown(-area.w * 0.15, -area.h * 0.24)
    path = fit(text, inner, Setting(face=price_face(text), max_lines=1)).path
    return Piece(kind=Kind.PRICE, text=text, box=area, path=path)
