"""One line of text as an outline, shaped by HarfBuzz."""

import functools
import unicodedata
from dataclasses import dataclass

import uharfbuzz as hb

from pipeline.lettering.bidi import visual_runs
from pipeline.lettering.box import Box
from pipeline.lettering.fonts import FontFile, LetteringError, clusters, has_glyphs, named_letters
from pipeline.lettering.path import Path
from pipeline.lettering.typefaces import FontName, Typeface, face_for, face_named, outline


@dataclass(frozen=True, slots=True)
class ShapedLine:
    """A line at 1 em, its baseline at y = 0; the path is shared and must not be changed."""

    path: Path
    advance: float
    ink: Box


@functools.lru_cache(2048)
def line(text: str, name: Typeface, tracking: float = 0.0) -> ShapedLine:
    """Shape one line; `tracking` in em is added after every glyph of left-to-right text."""
    path, x = Path(), 0.0
    for run, rtl in visual_runs(text):
        parts = _by_script(split_by_typeface(run, name))
        for font_name, part in reversed(parts) if rtl else parts:
            x = _shape(part, font_name, (path, x, 0.0 if rtl else tracking), rtl=rtl)
    return ShapedLine(path, x, path.box())


@functools.lru_cache(2048)
def line_in(
    text: str, fonts: tuple[FontFile, ...], *, rtl: bool, tracking: float = 0.0, language: str = ""
) -> ShapedLine:
    """Shape one line in the first font that has each letter.

    `rtl` is the direction of the paragraph. `language` is a BCP 47 tag such as `tr`, which some
    fonts have letter forms for. Raises `LetteringError` if no font has a letter.
    """
    path, x = Path(), 0.0
    for run, is_rtl in visual_runs(text, rtl=rtl):
        parts = _by_script(_split_by_font(run, fonts))
        for font, part in reversed(parts) if is_rtl else parts:
            onto = (path, x, 0.0 if is_rtl else tracking)
            x = _shape(part, font, onto, rtl=is_rtl, language=language)
    return ShapedLine(path, x, path.box())


def split_by_typeface(text: str, preferred: Typeface) -> list[tuple[FontName, str]]:
    """Return the text split by typeface; a space stays with what precedes it."""
    out: list[tuple[FontName, str]] = []
    for char in text:
        _add_part(out, char, out[-1][0] if out and char.isspace() else face_for(char, preferred))
    return out


def _split_by_font(text: str, fonts: tuple[FontFile, ...]) -> list[tuple[FontName, str]]:
    out: list[tuple[FontName, str]] = []
    for cluster in clusters(text):
        if out and cluster.isspace():
            _add_part(out, cluster, out[-1][0])
            continue
        font = next((one for one in fonts if has_glyphs(one, cluster)), None)
        if font is None:
            raise LetteringError(f"no font has {named_letters([cluster])}")
        _add_part(out, cluster, font)
    return out


def _add_part(out: list[tuple[FontName, str]], text: str, name: FontName) -> None:
    if out and out[-1][0] == name:
        out[-1] = (name, out[-1][1] + text)
    else:
        out.append((name, text))


def _by_script(parts: list[tuple[FontName, str]]) -> list[tuple[FontName, str]]:
    """Return the parts split by script: HarfBuzz shapes a text by the rules of one script.

    A font with several scripts would set a Devanagari word after a Latin one as loose letters.
    """
    out: list[tuple[FontName, str]] = []
    for name, text in parts:
        start, script = 0, ""
        for at, char in enumerate(text):
            found = _script_of(char)
            if found and script and found != script:
                out.append((name, text[start:at]))
                start = at
            script = found or script
        out.append((name, text[start:]))
    return out


@functools.lru_cache(8192)
def _script_of(char: str) -> str:
    """Return the script of a letter; empty for marks, digits, spaces and signs."""
    if not unicodedata.category(char).startswith("L"):
        return ""
    buffer = hb.Buffer()
    buffer.add_str(char)
    buffer.guess_segment_properties()
    script = buffer.script or ""
    return "Jpan" if script in ("Hira", "Kana", "Hani") else script


def _shape(
    text: str,
    name: FontName,
    onto: tuple[Path, float, float],
    *,
    rtl: bool,
    language: str = "",
) -> float:
    path, x, tracking = onto
    found = face_named(name)
    if found is None:
        return x
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if rtl else "ltr"
    if language:
        buffer.language = language
    hb.shape(found.font, buffer, {"kern": True, "liga": not tracking})
    em = found.upem
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        drawn = outline(name, glyph.codepoint)
        dx, dy = x + place.x_offset / em, -place.y_offset / em
        path.extend(drawn.moved(dx, dy, 1 / em, -1 / em))
        x += place.x_advance / em + tracking
    return x
