"""One line of text as an outline, shaped by HarfBuzz."""

import functools
from dataclasses import dataclass

import uharfbuzz as hb

from pipeline.lettering.path import Path
from pipeline.lettering.scripts import runs
from pipeline.lettering.typefaces import Typeface, face, face_for, outline


@dataclass(frozen=True, slots=True)
class ShapedLine:
    """A line at 1 em, its baseline at y = 0; the path is shared and must not be changed."""

    path: Path
    advance: float


def split_by_typeface(text: str, preferred: Typeface) -> list[tuple[Typeface, str]]:
    """Return the text split by typeface; a space stays with what precedes it."""
    out: list[tuple[Typeface, str]] = []
    for char in text:
        name = out[-1][0] if out and char.isspace() else face_for(char, preferred)
        if out and out[-1][0] == name:
            out[-1] = (name, out[-1][1] + char)
        else:
            out.append((name, char))
    return out


@functools.lru_cache(2048)
def line(text: str, name: Typeface, tracking: float = 0.0) -> ShapedLine:
    """Shape one line; `tracking` in em is added after every glyph of left-to-right text."""
    path, x = Path(), 0.0
    for run, rtl in runs(text):
        parts = split_by_typeface(run, name)
        for font_name, part in reversed(parts) if rtl else parts:
            x = _shape(part, font_name, (path, x, 0.0 if rtl else tracking), rtl=rtl)
    return ShapedLine(path, x)


def _shape(text: str, name: Typeface, onto: tuple[Path, float, float], *, rtl: bool) -> float:
    path, x, tracking = onto
    found = face(name)
    if found is None:
        return x
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if rtl else "ltr"
    hb.shape(found.font, buffer, {"kern": True, "liga": not tracking})
    em = found.upem
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        drawn = outline(name, glyph.codepoint)
        dx, dy = x + place.x_offset / em, -place.y_offset / em
        path.extend(drawn.moved(dx, dy, 1 / em, -1 / em))
        x += place.x_advance / em + tracking
    return x
