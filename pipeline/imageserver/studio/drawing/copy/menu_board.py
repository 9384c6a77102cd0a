"""A menu board: headline, sub lines, then menu lines with prices at the right."""

from dataclasses import dataclass

from pipeline.imageserver.painting.painter import UnpaintableError
from pipeline.imageserver.studio.colors import NEAR_BLACK, darken, lighten, mix
from pipeline.imageserver.studio.drawing.copy.font_choice import display_face, price_face, text_face
from pipeline.imageserver.studio.scene.product_shapes import product_shape
from pipeline.imageserver.studio.scene.scene import Role, Scene
from pipeline.imageserver.studio.vector.shapes import ellipse, polygon, rect, rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around
from pipeline.lettering.fitting import TextAlign, TextSetting, fit
from pipeline.lettering.path import Path

CHALK = "#f6f1e4"
_SLATE = ("#363b3e", "#25292c")
_GUTTER = 9.0
_MIN_SIZE = 3.0
"""The smallest legible type on the board, in product units."""


@dataclass(frozen=True, slots=True)
class MenuRow:
    """One line of the menu."""

    text: str
    price: str


def rows(scene: Scene) -> list[MenuRow]:
    """Return the lines of the menu; a price belongs to the text before it."""
    found: list[MenuRow] = []
    for copy in scene.copy:
        if copy.role is Role.PRICE and found and not found[-1].price:
            found[-1] = MenuRow(found[-1].text, copy.text)
        elif copy.role in (Role.MENU, Role.LABEL):
            found.append(MenuRow(copy.text, ""))
        elif copy.role is Role.PRICE:
            found.append(MenuRow("", copy.text))
    return found


def board(svg: Svg, scene: Scene) -> Path:
    """Draw the framed board, foot at the origin, with all the scene's copy on it."""
    shape = product_shape(scene)
    h, half = shape.height, shape.left
    wood = mix("#8a5a34", darken(scene.palette.main, 0.3), 0.18)
    for x in (-half * 0.72, half * 0.72 - 9):
        svg.draw(rect(x, -14, 9, 14), darken(wood, 0.45))
    frame = rounded(-half, -h, 2 * half, h - 8, r=3)
    svg.draw(frame, svg.lin([lighten(wood, 0.28), wood, darken(wood, 0.32)], (0, 0, 1, 1)))
    svg.stroke(
        rounded(-half + 0.5, -h + 0.5, 2 * half - 1, h - 9, r=3), lighten(wood, 0.5), 0.6, 0.6
    )
    slate = Box(-half + 8, -h + 8, 2 * half - 16, h - 24)
    svg.draw(rect(*slate), svg.lin(list(_SLATE), (0, 0, 1, 1)))
    smear = svg.rad([("#ffffff", 0.07), ("#ffffff", 0)])
    svg.draw(ellipse(slate.cx - 20, slate.y + slate.h * 0.35, slate.w * 0.5, slate.h * 0.22), smear)
    svg.draw(
        rect(slate.x, slate.y, slate.w, 4),
        svg.lin([(NEAR_BLACK, 0.5), (NEAR_BLACK, 0)], (0, 0, 0, 1)),
    )
    svg.stroke(rect(*slate), "#0b0c0d", 0.7, 0.8)
    _write(svg, scene, slate.grown(-9, -9))
    return frame


def _write(svg: Svg, scene: Scene, area: Box) -> None:
    heads, found = scene.texts(Role.HEADLINE), rows(scene)
    accent = lighten(scene.palette.soft, 0.25)
    ctas = scene.texts(Role.CTA)
    bottom = area.bottom - (17 if ctas else 0)
    title = _title(scene, area, heads, accent)
    taken = around([path.box() for path, _ in title]) if title else Box(area.x, area.y, 0, 0)
    # words alone stand a little above the middle; a menu begins below its title
    dy = 0.0 if found else max(0.0, (bottom - area.y - taken.h) * 0.42)
    for path, ink in title:
        svg.draw(path.moved(0, dy), ink)
    if found:
        y = taken.bottom + 7
        _menu(svg, found, Box(area.x, y, area.w, bottom - y), accent)
    for cta in ctas[:1]:
        plate = Box(area.cx - area.w * 0.3, area.bottom - 14, area.w * 0.6, 14)
        svg.stroke(rounded(*plate, r=7), accent, 0.9)
        block = fit(cta, plate.grown(-5, -3.6), TextSetting(face=text_face(cta), max_lines=1))
        svg.draw(block.path, accent)


def _title(scene: Scene, area: Box, heads: list[str], accent: str) -> list[tuple[Path, str]]:
    """Return headline, flourish and sub lines from the top of the board, each with its ink."""
    found, subs = rows(scene), heads[1:] + scene.texts(Role.SUB)
    done: list[tuple[Path, str]] = []
    y = area.y
    for head in heads[:1]:
        face = display_face(scene.style, head)
        share = 0.24 if found else 0.46 if subs else 0.7
        setting = TextSetting(
            face=face, down=TextAlign.START, max_size=60, gain=1.12, tracking=0.02
        )
        block = fit(head, Box(area.x, y, area.w, area.h * share), setting)
        done += [(block.path, accent), (_flourish(area.cx, block.box.bottom + 7), accent)]
        y = block.box.bottom + 15
    for sub in subs:
        tall = (0.16 if found else 0.34) * area.h / max(1, len(subs) * 0.7)
        size = 15 if found else 19
        setting = TextSetting(face=text_face(sub), down=TextAlign.START, max_size=size, max_lines=3)
        block = fit(sub, Box(area.x, y, area.w, tall), setting)
        _legible(block.size)
        done.append((block.path, CHALK))
        y = block.box.bottom + 6
    return done


def _flourish(x: float, y: float) -> Path:
    """Return a horizontal rule with a lozenge in its middle."""
    path = polygon([(x - 2, y), (x, y - 2), (x + 2, y), (x, y + 2)])
    for side in (-1, 1):
        path.extend(rect(x + (4 if side > 0 else -30), y - 0.35, 26, 0.7))
    return path


def _legible(size: float) -> None:
    if size < _MIN_SIZE:
        raise UnpaintableError(
            "so much copy on one board would be too small to read",
            hint="quote fewer or shorter texts: up to about forty short lines fit",
        )


def _menu(svg: Svg, found: list[MenuRow], area: Box, accent: str) -> None:
    ways = [_columns(found, area, columns) for columns in range(1, 5)]
    size, per, wide, pitch = max(ways, key=lambda way: (round(way[0] / way[1] ** 0.05, 3), way[1]))
    gutter = _GUTTER
    _legible(size)
    top = area.y + (area.h - pitch * per) * 0.35
    for i, row in enumerate(found):
        x = area.x + (i // per) * (wide + gutter)
        y = top + (i % per) * pitch
        _line(svg, row, Box(x, y, wide, pitch), (size, accent))


def _columns(found: list[MenuRow], area: Box, columns: int) -> tuple[float, int, float, float]:
    """Return type size, rows in a column, its width, and the distance of its rows."""
    per = -(-len(found) // columns)
    wide = (area.w - _GUTTER * (columns - 1)) / columns
    pitch = min(area.h / per, 24)
    return _common_size(found, wide, pitch * 0.56), per, wide, pitch


def _common_size(found: list[MenuRow], wide: float, largest: float) -> float:
    """Return the largest type size at which all lines fit."""
    sizes = [largest]
    for row in found:
        if row.text:
            room = wide * (0.72 if row.price else 1.0)
            one = TextSetting(face=text_face(row.text), max_lines=2, max_size=largest)
            sizes.append(fit(row.text, Box(0, 0, room, largest * 1.9), one).size)
    return min(sizes)


def _line(svg: Svg, row: MenuRow, box: Box, look: tuple[float, str]) -> None:
    size, accent = look
    room = box.w * (0.72 if row.price else 1.0)
    across = TextAlign.START if row.price else TextAlign.MIDDLE
    end = box.x
    if row.text:
        setting = TextSetting(face=text_face(row.text), across=across, max_size=size, max_lines=2)
        block = fit(row.text, Box(box.x, box.y, room, box.h * 0.92), setting)
        svg.draw(block.path, CHALK)
        end = block.box.right
    if row.price:
        setting = TextSetting(
            face=price_face(row.price), across=TextAlign.END, max_size=size * 1.05
        )
        block = fit(row.price, Box(box.right - box.w * 0.26, box.y, box.w * 0.26, box.h), setting)
        svg.draw(block.path, accent)
        y = block.box.bottom - 0.6
        dots = Path()
        x = end + 4
        while x < block.box.x - 3:
            dots.extend(ellipse(x, y, 0.45))
            x += 3.0
        svg.draw(dots, CHALK, fill_opacity=0.55)
